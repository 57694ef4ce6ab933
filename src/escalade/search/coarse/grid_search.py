"""Coarse-to-fine selection from a single-stage model, for all budgets at once (BigNAS)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from escalade.artefacts.searched import NumSelected, Searched, Selection, Skeleton
from escalade.core.numbers.budget import Budget
from escalade.core.numbers.seeds import generator
from escalade.core.numbers.shown import amount
from escalade.core.space.path import IntArray, Population
from escalade.core.space.space import Space
from escalade.search.coarse.gene_roles import GeneRoles
from escalade.search.coarse.skeletons import CoarseGrid, Floats, Skeletons, skeletons
from escalade.search.coarse.variations import Moves, vary
from escalade.search.dialogue import Steps
from escalade.search.ladder_search import LadderSearch
from escalade.search.operators.gene_operators import Scores

# The largest network is not quite the costliest: where widths differ from layer to layer, shortcuts
# need convolutions. Budgets farther out than this are refused at once.
SLACK = 1.05


@dataclass(slots=True)
class _Centre:
    """What one budget varies: its best network so far, with the genes of layers that do not run."""

    row: IntArray
    score: float
    rng: np.random.Generator
    num_variations: int = 0

    def told(self, rows: IntArray, scores: Scores) -> None:
        self.num_variations += len(rows)
        if len(rows) and scores.max() > self.score:
            self.row, self.score = rows[scores.argmax()], float(scores.max())


class CoarseToFine(LadderSearch):
    """A coarse grid first, then random variations around each budget's best skeleton.

    Sections 3.2 and 4.4. Every ask is for all budgets together: first the skeletons of the grid
    that cost what a budget allows, then in rounds the variations of each budget's best network so
    far. The most accurate network scored inside a budget wins, wherever it came from. At most
    (num_skeletons + num_variations) scores a budget are asked for.

    Deviations from the paper: docs/explanation/deviations.md.

    Args:
        space: whose choices rise (`Traits.rises`), such as per-layer choices.
        budgets: rising; each is answered on its own, both bounds counting.
        seed: of the variations; the grid is the same for all.
        num_skeletons: scored a budget at most; of more, an even choice.
        num_variations: scored a budget; fewer only if the neighbourhood has no more.
        num_rounds: in which they are scored; 1, as in the paper, varies the skeleton only.

    Raises:
        ValueError: for a budget that no network meets, with the range of the space.
    """

    def __init__(
        self,
        space: Space,
        *,
        budgets: Sequence[Budget],
        seed: int,
        num_images: int,
        num_skeletons: int = 24,
        num_variations: int = 48,
        num_rounds: int = 3,
    ) -> None:
        if min(num_skeletons, num_rounds) < 1 or num_variations < 0:
            raise ValueError(
                f"search: num_skeletons {num_skeletons} and num_rounds {num_rounds} are at least "
                f"1, num_variations {num_variations} at least 0"
            )
        super().__init__(space, budgets=budgets, seed=seed, num_images=num_images)
        self._num_skeletons = num_skeletons
        self._rounds = [len(part) for part in np.array_split(range(num_variations), num_rounds)]
        self._skeletons = skeletons(space, grid=CoarseGrid())
        self._costs = self._cost(self._skeletons.genomes)
        low, high = self._range()
        for stage, budget in enumerate(budgets):
            if budget.high < low / SLACK or budget.low > high * SLACK:
                raise ValueError(self._unmet(stage))

    @property
    def num_skeletons(self) -> int:
        """Networks of the grid, whatever they cost."""
        return len(self._skeletons)

    @property
    def num_compared(self) -> list[int]:
        """Networks of the grid that are scored for each budget."""
        return [len(rows) for rows in self._compared()]

    def _compared(self) -> list[IntArray]:
        grid, most = self._skeletons, self._num_skeletons
        return [grid.near(self._costs, budget=b, most=most) for b in self._problem.budgets]

    def _steps_of_search(self) -> Steps[Searched]:
        grid, compared = self._skeletons, self._compared()
        groups = [grid.genomes[rows] for rows in compared]
        coarse = yield from self._score(groups, phase="coarse", iteration=0)
        best = [int(rows[told.argmax()]) for rows, told in zip(compared, coarse, strict=True)]
        centres = [self._centre(stage, row, coarse[stage]) for stage, row in enumerate(best)]
        genomes, scores = np.concatenate(groups), np.concatenate(coarse)
        for iteration, num in enumerate(self._rounds, start=1):
            varied = self._vary(centres, num=num, scored=genomes)
            groups = [self._space.repair(rows) for rows in varied]
            fine = yield from self._score(groups, phase="fine", iteration=iteration)
            for centre, rows, told in zip(centres, varied, fine, strict=True):
                centre.told(rows, told)
            genomes, scores = np.concatenate([genomes, *groups]), np.concatenate([scores, *fine])
        chosen = self._choose(genomes, scores)
        found = yield from self._conclude(chosen, [self._space.base_triple] * len(chosen))
        selections = tuple(
            _selection(
                self._space, grid, row, coarse=coarse[stage],
                fine_score=found.stages[stage].accuracy,
                num_variations=centres[stage].num_variations,
            )
            for stage, row in enumerate(best)
        )  # fmt: skip
        return replace(found, selections=selections)

    def _score(
        self, groups: Sequence[IntArray], *, phase: str, iteration: int
    ) -> Steps[list[Scores]]:
        """Scores of one group of genomes a budget, asked for together."""
        genomes = np.concatenate(groups)
        base = np.repeat(self._space.base_triple[None], len(genomes), axis=0)
        scores = yield from self._notes.score(Population(genomes, base))
        ends = np.cumsum([len(group) for group in groups])[:-1]
        parts = np.split(scores, ends)
        for stage, part in enumerate(parts):
            if len(part):
                self._notes.note(part, iteration=iteration, phase=phase, stage=stage)
        return parts

    def _centre(self, stage: int, row: int, scores: Scores) -> _Centre:
        """A skeleton outside its budget is where variations start, but any of them is better."""
        inside = self._problem.budgets[stage].contains(self._costs[row])
        return _Centre(
            row=self._skeletons.rows[row],
            score=float(scores.max()) if inside else -1.0,
            rng=generator(self._seed, "search", "variations", stage),
        )

    def _vary(self, centres: Sequence[_Centre], *, num: int, scored: IntArray) -> list[IntArray]:
        """Variations of each budget's centre; none of a network already scored."""
        moves = Moves.of(GeneRoles.of(self._space.genes))
        known = {genome.tobytes() for genome in scored}
        varied = []
        for stage, centre in enumerate(centres):
            rows = vary(
                centre.row, moves=moves, repair=self._space.repair, cost=self._cost,
                budget=self._problem.budgets[stage], num=num, known=known, rng=centre.rng,
            )  # fmt: skip
            if not len(rows) and centre.score < 0:
                raise ValueError(self._unmet(stage))
            known.update(genome.tobytes() for genome in self._space.repair(rows))
            varied.append(rows)
        return varied

    def _choose(self, genomes: IntArray, scores: Scores) -> list[IntArray]:
        """The best network inside each budget."""
        costs, chosen = self._cost(genomes), []
        for budget in self._problem.budgets:
            inside = (costs >= budget.low) & (costs <= budget.high)
            chosen.append(genomes[np.where(inside, scores, -1.0).argmax()])
        return chosen

    def _cost(self, genomes: IntArray) -> Floats:
        strategies = self._space.base_triple[None]
        return self._problem.costs(genomes, strategies)[:, 0].astype(np.float64)

    def _range(self) -> tuple[float, float]:
        """Costs of the space's smallest and largest network."""
        low, high = self._cost(np.stack([self._space.smallest, self._space.largest]))
        return float(low), float(high)

    def _unmet(self, stage: int) -> str:
        budget, kind = self._problem.budgets[stage], self._problem.kind
        low, high = self._range()
        remedy = "; allow a larger tolerance" if low < budget.target < high else ""
        return (
            f"budgets[{stage}]: no network of space {self._space.name} was found within "
            f"{budget.allowed}; its smallest has {amount(low, kind)}, its largest "
            f"{amount(high, kind)}{remedy}"
        )


def _selection(
    space: Space,
    grid: Skeletons,
    row: int,
    *,
    coarse: Scores,
    fine_score: float,
    num_variations: int,
) -> Selection:
    path = space.path(grid.genomes[row])
    return Selection(
        skeleton=Skeleton(
            genome=path.genome,
            resolution=path.architecture.resolution,
            depth=float(grid.points[row, 1]),
            width=float(grid.points[row, 2]),
            kernels=tuple(stage.blocks[0].kernel for stage in path.architecture.stages),
        ),
        coarse_score=float(coarse.max()),
        fine_score=fine_score,
        evaluations=NumSelected(coarse=len(coarse), fine=num_variations),
    )
