"""Slight random variations of a network that stay inside a budget (BigNAS, section 4.4)."""

from __future__ import annotations

from collections.abc import Callable, Container
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from escalade.core.numbers.budget import Budget
from escalade.core.space.path import IntArray
from escalade.search.coarse.gene_roles import GeneRoles

Floats = npt.NDArray[np.float64]
Cost = Callable[[IntArray], npt.NDArray[Any]]

# A variation makes one to so many moves before it is put back inside the budget.
MOST_MOVES = 6
MAX_STEPS = 64
DRAFT = 256
MAX_DRAFTS = 20


@dataclass(frozen=True, slots=True, eq=False)
class Moves:
    """What one move may change: all layers of a stage together, or one layer alone.

    `changes` (moves, genes) are 0 and 1; `chances` (moves,) give resolution, depth, width and
    kernel an equal share, and within each every move.
    """

    changes: IntArray
    chances: Floats
    most: IntArray

    @classmethod
    def of(cls, genes: GeneRoles) -> Self:
        changes, chances = [], []
        roles = [r for r in dict.fromkeys(genes.roles) if len(genes.columns(r))]
        for role in roles:
            groups = [genes.columns(role, place) for place in genes.places_of(role)]
            alone = [column[None] for group in groups if len(group) > 1 for column in group]
            moved = np.zeros((len(groups) + len(alone), len(genes.roles)), dtype=np.int64)
            for row, columns in enumerate([*groups, *alone]):
                moved[row, columns] = 1
            changes.append(moved)
            chances.append(np.full(len(moved), 1 / (len(roles) * len(moved))))
        return cls(np.concatenate(changes), np.concatenate(chances), genes.num_choices - 1)

    def apply(self, rows: IntArray, signs: IntArray, rng: np.random.Generator) -> IntArray:
        """A random move of every row, one choice up or down as its sign says (0: none)."""
        picked = rng.choice(len(self.changes), size=len(rows), p=self.chances)
        return np.clip(rows + signs[:, None] * self.changes[picked], 0, self.most)


def vary(
    row: IntArray,
    *,
    moves: Moves,
    repair: Callable[[IntArray], IntArray],
    cost: Cost,
    budget: Budget,
    num: int,
    known: Container[bytes],
    rng: np.random.Generator,
) -> IntArray:
    """Distinct networks around one, all inside the budget: (num, genes), or fewer.

    A few random moves, then more of them downwards while a network is above the budget and upwards
    while it is below. Like the network given, they have the genes of layers that do not run.

    Args:
        row: the network, with the genes of layers that do not run.
        moves: of its space.
        repair: to the legal form.
        cost: of legal genomes, in the budget's kind.
        budget: both bounds hold.
        num: wanted; fewer where the neighbourhood has no more.
        known: legal genomes (as bytes) not to give.
        rng: of this budget.
    """
    found: dict[bytes, IntArray] = {}
    for _ in range(MAX_DRAFTS):
        rows = np.repeat(row[None], DRAFT, axis=0)
        wanted = rng.integers(1, MOST_MOVES + 1, DRAFT)
        for made in range(MOST_MOVES):
            signs = np.where(made < wanted, rng.choice((-1, 1), DRAFT), 0)
            rows = moves.apply(rows, signs, rng)
        inside = _into(rows, moves=moves, repair=repair, cost=cost, budget=budget, rng=rng)
        for varied, genome in zip(inside, repair(inside), strict=True):
            if genome.tobytes() not in known:
                found.setdefault(genome.tobytes(), varied)
        if len(found) >= num:
            break
    kept = list(found.values())[:num]
    return np.stack(kept) if kept else np.empty((0, len(row)), dtype=np.int64)


def _into(
    rows: IntArray,
    *,
    moves: Moves,
    repair: Callable[[IntArray], IntArray],
    cost: Cost,
    budget: Budget,
    rng: np.random.Generator,
) -> IntArray:
    """The rows, moved until they are inside the budget, less those that do not get there."""
    costs = cost(repair(rows))
    for _ in range(MAX_STEPS):
        signs = np.where(costs > budget.high, -1, np.where(costs < budget.low, 1, 0))
        outside = np.flatnonzero(signs)
        if not len(outside):
            break
        rows[outside] = moves.apply(rows[outside], signs[outside], rng)
        costs[outside] = cost(repair(rows[outside]))
    inside: IntArray = rows[(costs >= budget.low) & (costs <= budget.high)]
    return inside
