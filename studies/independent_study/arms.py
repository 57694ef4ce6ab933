"""The arms: which supernets are trained, what is searched on them, and what each arm pays for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from common import lab
from common.lab import Config, search

JOINT = "joint"


@dataclass(frozen=True, kw_only=True)
class Net:
    """A supernet: for all budgets (`stage` None) or for one, with a share of the images."""

    name: str
    stage: int | None = None
    share: float = 1.0


@dataclass(frozen=True, kw_only=True)
class Arm:
    """A way to find a family: the supernets it trains and the kind of its searches on them."""

    name: str
    nets: tuple[Net, ...]
    searcher: str


def arms(num_budgets: int) -> list[Arm]:
    """The joint search first: the others are given as many evaluations as it took."""
    joint = (Net(name=JOINT),)
    stages = range(num_budgets)
    own = tuple(Net(name=f"own{j}", stage=j) for j in stages)
    short = tuple(Net(name=f"short{j}", stage=j, share=1 / num_budgets) for j in stages)
    return [
        Arm(name="joint (ScaleNet)", nets=joint, searcher="mcea"),
        Arm(name="a supernet a budget", nets=own, searcher="independent"),
        Arm(name="a short supernet a budget", nets=short, searcher="independent"),
        Arm(name="one supernet, a search a budget", nets=joint, searcher="independent"),
        Arm(name="one supernet, random search", nets=joint, searcher="random"),
    ]


def sampler_of(net: Net, config: Config) -> lab.Hierarchical:
    """The run's sampler; or of base networks around one budget, whose sizes cover all of them."""
    factors, targets = config.ladder.factors, tuple(config.budgets)
    if net.stage is not None:
        factors, targets = (1.0,), targets[net.stage : net.stage + 1]
    factor, balance = config.supernet.window, config.supernet.balance
    assert config.space is not None
    assert factor is not None
    window = lab.Window(targets=targets, factor=factor, balance=balance)
    return lab.Hierarchical(lab.load_space(config.space, factors=factors), window=window)


def searcher_of(
    arm: Arm, net: Net, config: Config, space: Any, *, num_images: int, num_evaluations: int
) -> lab.Searcher:
    """An arm's search of a supernet's space.

    All but the joint search score as many networks as that did.
    """
    if arm.searcher == "mcea":
        return lab.joint_search(config, space, num_images=num_images)
    budgets, at = config.ladder.budgets, {"seed": config.seed, "num_images": num_images}
    if arm.searcher == "random":
        return search.RandomSearch(space, budgets=budgets, num_evaluations=num_evaluations, **at)
    evolution = lab.evolved(config, num_evaluations=num_evaluations // len(budgets))
    own = budgets if net.stage is None else budgets[net.stage : net.stage + 1]
    return search.IndependentSearch(space, budgets=own, evolution=evolution, **at)
