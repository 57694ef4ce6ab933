"""The arms: which supernets are trained, what is searched on them, and what each arm pays for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from escalade.config import Config
from escalade.core.sampling.samplers import Hierarchical, Window
from escalade.core.space.space import Space
from escalade.search import Evolution, IndependentSearch, RandomSearch, Searcher
from escalade.search.methods import METHODS, Task
from escalade.search.methods.evolutions import POPULATION
from escalade.spaces.load import load

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


def space_of(net: Net, config: Config) -> Space:
    """All scaling stages, or the base networks alone, whose sizes cover every budget."""
    assert config.space is not None
    factors = config.ladder.factors if net.stage is None else (1.0,)
    return load(config.space, factors=factors, in_channels=1, num_classes=10)


def sampler_of(net: Net, config: Config) -> Hierarchical:
    """The run's sampler, or for one budget base networks around it: same window."""
    assert config.supernet.window is not None
    targets = tuple(config.budgets) if net.stage is None else (config.budgets[net.stage],)
    window = Window(targets=targets, factor=config.supernet.window, balance=config.supernet.balance)
    return Hierarchical(space_of(net, config), window=window)


def searcher_of(
    arm: Arm, net: Net, config: Config, *, num_images: int, num_evaluations: int | None
) -> Searcher:
    """An arm's search on one of its supernets.

    Args:
        arm: whose.
        net: the supernet.
        config: budgets, sizes and seed.
        num_images: that score a path.
        num_evaluations: what the joint search took; the joint search itself needs none.
    """
    space, budgets = space_of(net, config), config.ladder.budgets
    if arm.searcher == "mcea":
        method = METHODS[arm.searcher]
        task = Task(
            space=space,
            settings=method.stated(config.search, kind=config.budget_kind, has_budgets=True),
            budgets=budgets,
            kind=config.budget_kind,
            tolerance=config.tolerance,
            seed=config.seed,
        )
        return method.searcher(task, num_images=num_images)
    assert num_evaluations is not None
    if arm.searcher == "random":
        return RandomSearch(
            space,
            budgets=budgets,
            seed=config.seed,
            num_images=num_images,
            num_evaluations=num_evaluations,
        )
    population = config.search.population or POPULATION
    generations = max(1, num_evaluations // (len(budgets) * population))
    return IndependentSearch(
        space,
        budgets=budgets if net.stage is None else budgets[net.stage : net.stage + 1],
        seed=config.seed,
        num_images=num_images,
        evolution=Evolution(population=population, generations=generations),
    )


def members_of(found: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """The architectures that an arm's searches found, smallest budget first."""
    return [stage for search in found for stage in search["stages"]]
