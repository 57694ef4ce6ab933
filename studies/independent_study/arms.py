"""The arms: which supernets are trained, what is searched on them, and what each arm pays for."""

from __future__ import annotations

from dataclasses import dataclass

from common import lab
from common.lab import Config

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


def space_of(net: Net, config: Config) -> lab.SearchSpace:
    """All scaling stages, or the base networks alone, whose sizes cover every budget."""
    assert config.space is not None
    factors = config.ladder.factors if net.stage is None else (1.0,)
    return lab.load_space(config.space, factors=factors)


def sampler_of(net: Net, config: Config) -> lab.Hierarchical:
    """The run's sampler, or for one budget base networks around it: same window."""
    assert config.supernet.window is not None
    targets = tuple(config.budgets) if net.stage is None else (config.budgets[net.stage],)
    balance = config.supernet.balance
    window = lab.Window(targets=targets, factor=config.supernet.window, balance=balance)
    return lab.Hierarchical(space_of(net, config), window=window)


def searcher_of(
    arm: Arm, net: Net, config: Config, *, num_images: int, num_evaluations: int | None
) -> lab.Searcher:
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
        return lab.make_searcher(config, space, num_images=num_images)
    assert num_evaluations is not None
    if arm.searcher == "random":
        return lab.RandomSearch(
            space,
            budgets=budgets,
            seed=config.seed,
            num_images=num_images,
            num_evaluations=num_evaluations,
        )
    population, _ = lab.evolution_of(config, "independent")
    generations = max(1, num_evaluations // (len(budgets) * population))
    return lab.IndependentSearch(
        space,
        budgets=budgets if net.stage is None else budgets[net.stage : net.stage + 1],
        seed=config.seed,
        num_images=num_images,
        evolution=lab.Evolution(population=population, generations=generations),
    )
