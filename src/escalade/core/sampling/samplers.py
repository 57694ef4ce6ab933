"""Path samplers: which paths a supernet trains on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from escalade.core.numbers.shown import amount
from escalade.core.sampling import balance
from escalade.core.space.path import IntArray, Population
from escalade.core.space.space import Space

Mask = npt.NDArray[np.bool_]

# The rejection loop of windowed draws: paths a round, and the least share of them that must be kept
# once so many rounds have shown that hardly any is.
DRAWN_AT_ONCE = 4096
LEAST_SHARE, JUDGED_AFTER = 1e-4, 25


class PathSampler(Protocol):
    """Anything that draws populations of paths."""

    def draw(self, rng: np.random.Generator, num: int) -> Population: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """Keeps draws near the budgets: a path of stage j costs within `factor` of `targets[j]`.

    The published space is narrow enough to do without. In a space with choices of width and
    resolution most paths cost far from every budget, and training them is time that the paths the
    search may choose do not get (our addition; docs/explanation/deviations.md).

    `balance` evens out what the budgets leave uneven among the kept paths: `resolution`, `depth`,
    `both` or `none` (`core.sampling.balance`).
    """

    targets: tuple[float, ...]
    kind: str = "macs"
    factor: float = 1.5
    balance: str = "none"

    def keeps(self, space: Space, population: Population, *, low: int, high: int) -> Mask:
        """Which paths cost between the budgets of stages `low` and `high`, up to the factor."""
        costs = space.costs(population, self.kind)
        keep: Mask = (costs >= self.targets[low] / self.factor) & (
            costs <= self.targets[high] * self.factor
        )
        return keep


class Uniform:
    """Depth, width and resolution ratios each uniform over the union of all stages' values.

    The baseline of ScaleNet (section 3.2, Fig. 3): one mode. Spaces with a grid leave out
    combinations more expensive than their last stage. In a per-layer space, which has no ratios,
    every choice is uniform (BigNAS, section 3.1); a window keeps what lies between its first and
    its last target.
    """

    def __init__(self, space: Space, *, window: Window | None = None) -> None:
        self.space = space
        self.window = window

    def draw(self, rng: np.random.Generator, num: int) -> Population:
        rows, last = self.space.all_strategies, len(self.window.targets) - 1 if self.window else 0
        return _draw(self.space, rng, num, rows, self.window, low=0, high=last)

    def costs(self, rng: np.random.Generator, num: int, kind: str = "macs") -> npt.NDArray[Any]:
        """What the paths of `draw` cost, but without keeping them."""
        if self.window is not None:
            return self.space.costs(self.draw(rng, num), kind)
        return _costs(self.space, rng, num, self.space.all_strategies, kind)


class Hierarchical:
    """First the scaling stage, then a strategy of it (HSS, eqs. 1 and 2): one mode per stage.

    Args:
        weights: `equal` is 1 / (M + 1) per stage, `proportional` follows the numbers of
            strategies, or one weight per stage.
        window: keeps each stage's paths near its budget.

    Raises:
        ValueError: for weights that do not fit, or a window with more budgets than the space has
            scaling stages.
    """

    def __init__(
        self,
        space: Space,
        *,
        weights: str | Sequence[float] = "equal",
        window: Window | None = None,
    ) -> None:
        if window is not None and space.num_stages < len(window.targets):
            raise ValueError(
                f"supernet.sampler: hierarchical draws a scaling stage for each of the "
                f"{len(window.targets)} budgets, and the space {space.name} has "
                f"{space.num_stages}; use uniform"
            )
        self.space = space
        self.weights = _weights(space, weights)
        self.window = window

    def draw(self, rng: np.random.Generator, num: int) -> Population:
        stages = rng.choice(len(self.weights), size=num, p=self.weights)
        genomes = np.empty((num, self.space.num_genes), dtype=np.int64)
        strategies = np.empty((num, 3), dtype=np.int64)
        for stage in range(self.space.num_stages):
            chosen = np.flatnonzero(stages == stage)
            rows = self.space.strategies(stage)
            drawn = _draw(self.space, rng, len(chosen), rows, self.window, low=stage, high=stage)
            genomes[chosen], strategies[chosen] = drawn.genomes, drawn.strategies
        return Population(genomes, strategies)

    def costs(self, rng: np.random.Generator, num: int, kind: str = "macs") -> npt.NDArray[Any]:
        """What the paths of `draw` cost, but without keeping them."""
        space = self.space
        if self.window is not None:
            return space.costs(self.draw(rng, num), kind)
        stages = rng.choice(len(self.weights), size=num, p=self.weights)
        places = [np.flatnonzero(stages == stage) for stage in range(space.num_stages)]
        found = np.concatenate(
            [
                _costs(space, rng, len(chosen), space.strategies(stage), kind)
                for stage, chosen in enumerate(places)
            ]
        )
        costs = np.empty_like(found)
        costs[np.concatenate(places)] = found
        return costs


def _costs(
    space: Space, rng: np.random.Generator, num: int, rows: IntArray, kind: str
) -> npt.NDArray[Any]:
    """Costs of uniform genomes and strategies; meanwhile genomes take a byte or two a gene."""
    small = np.min_scalar_type(int(space.layout.num_choices.max()))
    parts = [some.astype(small) for some in space.layout.draw_genomes(rng, num)]
    strategies, found, start = _uniform(rows, rng, num), [], 0
    for part in parts or [np.empty((0, space.num_genes), dtype=small)]:
        genomes = part.T.astype(np.int64, order="C").T  # as costs read them: gene by gene
        found.append(space.costs(Population(genomes, strategies[start : start + len(part)]), kind))
        start += len(part)
    return np.concatenate(found)


def _uniform(rows: IntArray, rng: np.random.Generator, num: int) -> IntArray:
    return rows[rng.integers(0, len(rows), num)]


class NearBudgets:
    """First a budget, each as likely as any other, then a path near it.

    For spaces without scaling stages, where a uniform draw would hardly meet the least and the
    largest budget.
    """

    def __init__(self, space: Space, *, window: Window) -> None:
        self.space = space
        self.window = window

    def draw(self, rng: np.random.Generator, num: int) -> Population:
        budgets = rng.integers(0, len(self.window.targets), num)
        genomes = np.empty((num, self.space.num_genes), dtype=np.int64)
        rows = self.space.base_triple[None]
        for budget in range(len(self.window.targets)):
            chosen = np.flatnonzero(budgets == budget)
            drawn = _draw(self.space, rng, len(chosen), rows, self.window, low=budget, high=budget)
            genomes[chosen] = drawn.genomes
        return Population(genomes, np.repeat(rows, num, axis=0))


def _draw(
    space: Space,
    rng: np.random.Generator,
    num: int,
    rows: IntArray,
    window: Window | None,
    *,
    low: int,
    high: int,
) -> Population:
    """Uniform genomes and strategies; with a window, redrawn until they lie inside."""

    def once(count: int) -> Population:
        genomes = space.sample_genomes(rng, count)
        return Population(genomes, _uniform(rows, rng, count))

    if window is None:
        return once(num)
    if window.balance != "none":
        size, plain = max(balance.POOL, num), replace(window, balance="none")
        pool = _draw(space, rng, size, rows, plain, low=low, high=high)
        return balance.pick(space, rng, pool, num, over=window.balance)
    kept, rounds, missing = [once(0)], 0, num
    while missing > 0:
        drawn = once(DRAWN_AT_ONCE)
        kept.append(drawn[window.keeps(space, drawn, low=low, high=high)][:missing])
        missing -= len(kept[-1])
        rounds += 1
        if rounds >= JUDGED_AFTER and num - missing < LEAST_SHARE * rounds * DRAWN_AT_ONCE:
            raise ValueError(_hardly_any(space, drawn, window, stage=low))
    return Population.concatenate(kept)


def _hardly_any(space: Space, drawn: Population, window: Window, *, stage: int) -> str:
    costs = space.costs(drawn, window.kind)
    return (
        f"budgets: hardly any path of {space.name} costs about "
        f"{amount(window.targets[stage], window.kind)} {window.kind} at stage {stage}; "
        f"sampled ones cost {amount(float(costs.min()), window.kind)} to "
        f"{amount(float(costs.max()), window.kind)}"
    )


def _weights(space: Space, weights: str | Sequence[float]) -> npt.NDArray[np.float64]:
    if weights == "equal":
        values = np.ones(space.num_stages)
    elif weights == "proportional":
        values = np.array([len(space.strategies(j)) for j in range(space.num_stages)], dtype=float)
    elif isinstance(weights, str):
        raise ValueError(
            f"supernet.weights: {weights!r} is not known; use equal, proportional or a list"
        )
    else:
        values = np.array(weights, dtype=float)
        if len(values) != space.num_stages or (values < 0).any() or values.sum() <= 0:
            raise ValueError(
                f"supernet.weights: need {space.num_stages} weights, none negative, got {weights}"
            )
    normalised: npt.NDArray[np.float64] = values / values.sum()
    return normalised
