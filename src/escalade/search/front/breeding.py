"""Children of a population: crossover, and mutation by controller and by roulette wheel."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from escalade.core.space.path import IntArray
from escalade.search.front.controller import Controller, Edits
from escalade.search.front.pareto import Floats

# Share of the children made by crossover, where others are mutated and nothing else is said.
CROSSOVER = 0.5
# How children are made.
CROSSED, EDITED, SPUN = "crossover", "controller", "wheel"
WAYS = (CROSSED, EDITED, SPUN)


@dataclass(frozen=True, slots=True, kw_only=True)
class Roulette:
    """Exploration: genes drawn anew from a wheel with larger shares for rarer choices.

    Args:
        rate: chance of each gene to be drawn; one at least is.
        share: of the mutated children, where the controller makes the others.
    """

    rate: float = 0.1
    share: float = 0.5

    def __post_init__(self) -> None:
        if not (0 < self.rate <= 1 and 0 <= self.share <= 1):
            raise ValueError(
                f"exploration: rate {self.rate} and share {self.share} are shares; rate is positive"
            )


@dataclass(frozen=True, slots=True, eq=False)
class Child:
    """A genome, the row of its (first) parent, its way, and the edits if they made it."""

    genome: IntArray
    parent: int
    way: str
    edits: Edits | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Breeder:
    """Draws children of one generation (Algorithm 1).

    Args:
        genomes: the parents (n, genes).
        ranks: their Pareto ranks.
        distances: their crowding distances.
        crossover: share of the children made by crossover; the others are mutated.
        controller: of the exploitation, None if it is off.
        exploration: None if it is off. With neither all children come from crossover.
        proposed: children drafted so far, by their way.
    """

    genomes: IntArray
    ranks: IntArray
    distances: Floats
    num_choices: IntArray
    crossover: float
    controller: Controller | None
    exploration: Roulette | None
    proposed: Counter[str] = field(default_factory=Counter)

    def draft(self, num: int, *, rng: np.random.Generator) -> list[Child]:
        """Children of parents chosen by tournament, not repaired yet."""
        first, second = (self._tournament(num, rng) for _ in range(2))
        crossed = single_point(self.genomes[first], second=self.genomes[second], rng=rng)
        edited, edits = self._edit(first, rng)
        spun = self._spin(first, rng)
        children = []
        for row, draw in enumerate(rng.random(num)):
            parent = int(first[row])
            if draw < self._share_crossed:
                children.append(Child(crossed[row], parent, CROSSED))
            elif draw < self._share_crossed + self._share_edited:
                made = edits[row] if edits else None
                children.append(Child(edited[row], parent, EDITED, made))
            else:
                children.append(Child(spun[row], parent, SPUN))
        self.proposed.update(child.way for child in children)
        return children

    @property
    def _share_crossed(self) -> float:
        mutates = self.controller is not None or self.exploration is not None
        return self.crossover if mutates else 1.0

    @property
    def _share_edited(self) -> float:
        if self.controller is None:
            return 0.0
        kept = 1 - self.exploration.share if self.exploration else 1.0
        return (1 - self._share_crossed) * kept

    def _tournament(self, num: int, rng: np.random.Generator) -> IntArray:
        """Winners of `num` binary tournaments: lower rank, then larger distance."""
        a, b = rng.integers(0, len(self.genomes), (2, num))
        loses = (self.ranks[a] > self.ranks[b]) | (
            (self.ranks[a] == self.ranks[b]) & (self.distances[a] < self.distances[b])
        )
        winners: IntArray = np.where(loses, b, a)
        return winners

    def _edit(self, rows: IntArray, rng: np.random.Generator) -> tuple[IntArray, list[Edits]]:
        if self.controller is None:
            return self.genomes[rows], []
        return self.controller.propose(self.genomes[rows], rng=rng)

    def _spin(self, rows: IntArray, rng: np.random.Generator) -> IntArray:
        if self.exploration is None:
            return self.genomes[rows]
        wheel = wheel_shares(self.genomes, num_choices=self.num_choices)
        return spin(self.genomes[rows], wheel=wheel, rate=self.exploration.rate, rng=rng)


def single_point(first: IntArray, *, second: IntArray, rng: np.random.Generator) -> IntArray:
    """Single-point crossover, row by row: the head of `first`, the tail of `second`.

    The cut lies between two genes, so that both parents give at least one.
    """
    genes = first.shape[1]
    cuts = rng.integers(1, max(2, genes), len(first))
    return np.where(np.arange(genes) < cuts[:, None], first, second)


def wheel_shares(genomes: IntArray, *, num_choices: IntArray) -> Floats:
    """Each choice's share of its gene's wheel: (genes, choices), in proportion to 1 / (1 + n).

    n is how often the choice occurs in the population, so what it lacks is tried most.
    """
    choices = np.arange(int(num_choices.max()))
    counts = (genomes[:, :, None] == choices).sum(axis=0)
    shares = np.where(choices < num_choices[:, None], 1 / (1 + counts), 0.0)
    return np.asarray(shares / shares.sum(axis=1, keepdims=True))


def spin(genomes: IntArray, *, wheel: Floats, rate: float, rng: np.random.Generator) -> IntArray:
    """Change each gene with chance `rate`, one at least, to another choice drawn from the wheel.

    Genes of one choice stay.
    """
    chances = np.broadcast_to(wheel, (len(genomes), *wheel.shape)).copy()
    np.put_along_axis(chances, genomes[:, :, None], 0.0, axis=2)
    sums = chances.cumsum(axis=2)
    drawn = (sums <= rng.random(genomes.shape)[:, :, None] * sums[:, :, -1:]).sum(axis=2)
    able = sums[:, :, -1] > 0
    urge = np.where(able, rng.random(genomes.shape), 2.0)
    changes = able & ((urge < rate) | (urge == urge.min(axis=1, keepdims=True)))
    return np.where(changes, drawn, genomes)


def reward(
    children: Floats, *, parents: Floats, spans: Floats, weights: Sequence[float] | Floats
) -> Floats:
    """What the controller's children brought: (n,), the weighted improvement on their parents.

    Args:
        children: their objectives (n, m), less is better.
        parents: those of each one's parent (n, m).
        spans: range of each objective over the generation's parents (m,).
        weights: the crowding's (m,).
    """
    shares = np.asarray(weights, dtype=np.float64) / np.where(spans > 0, spans, np.inf)
    return np.asarray((parents - children) @ shares)
