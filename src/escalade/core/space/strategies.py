"""Which strategies each scaling stage of a space has."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

import numpy as np
import numpy.typing as npt

from escalade.core.numbers.seeds import generator
from escalade.core.space.costing import Costing
from escalade.core.space.layout import Layout
from escalade.core.space.path import CHUNK, IntArray, Population, chunks
from escalade.core.space.scaling_stages import Ratios, distinct, near

# Base networks whose mean cost says how much a strategy multiplies it.
NUM_REFERENCE_GENOMES = 64


class Strategies:
    """The strategies that a layout gives, or those of its grid that a ladder asks for.

    Args:
        ratios: of all stages; strategies are indices into them.
        factors: the ladder f_j / f_0, for which those of a grid are chosen.
        kind: what the ladder counts: a strategy that doubles macs need not double activations.
    """

    def __init__(
        self,
        layout: Layout,
        *,
        stages: Sequence[Ratios],
        ratios: Ratios,
        factors: Sequence[float] | None,
        costs: Costing,
        kind: str,
    ) -> None:
        self._layout, self._stages, self._ratios = layout, stages, ratios
        self._factors, self._costs, self._kind = factors, costs, kind

    @property
    def num_stages(self) -> int:
        """The base stage included."""
        return len(self._stages)

    @cached_property
    def distinct(self) -> tuple[IntArray, ...]:
        """Of every stage, those that realise different networks: (n, 3) ratio indices each.

        Raises:
            ValueError: for a factor of the ladder that none of a grid comes near.
        """
        if self._layout.slack is not None:
            return self._near_factors(self._layout.slack)
        realised = self._layout.realised(self._ratios)
        return tuple(distinct(self._ratios.product(some), realised) for some in self._stages)

    @cached_property
    def counts(self) -> tuple[int, ...]:
        """Of every stage, how many before de-duplication."""
        if self._layout.slack is not None:
            return tuple(len(rows) for rows in self.distinct)
        return tuple(len(self._ratios.product(some)) for some in self._stages)

    @cached_property
    def drawn(self) -> IntArray:
        """Every combination of all stages' ratios that a uniform draw may give: (n, 3).

        Where strategies are made for a ladder, combinations above its last factor are left out
        (docs/explanation/deviations.md).
        """
        if self._layout.slack is None:
            return self._ratios.product()
        assert self._factors is not None
        rows, growth = self._growth
        return rows[growth <= self._factors[-1] * self._layout.slack]

    def _near_factors(self, slack: float) -> tuple[IntArray, ...]:
        """Those that multiply mean cost by about each stage's factor."""
        assert self._factors is not None
        rows, growth = self._growth
        stages = [self._ratios.base[None]]
        for factor in self._factors[1:]:
            stages.append(rows[near(growth, factor, slack)])
            if not len(stages[-1]):
                raise ValueError(
                    f"budgets: none of the strategies of the space {self._layout.name} multiplies "
                    f"{self._kind} by about {factor:.3g}, they multiply by 1 to "
                    f"{growth.max():.3g};\n"
                    "use a ladder within that, or a space of your own with a wider grid"
                )
        return tuple(stages)

    @cached_property
    def _growth(self) -> tuple[IntArray, npt.NDArray[np.float64]]:
        """All distinct strategies, and how much each multiplies the mean cost of some bases."""
        rows = distinct(self._ratios.product(), self._layout.realised(self._ratios))
        genomes = self._layout.sample_genomes(generator(0, "reference"), NUM_REFERENCE_GENOMES)
        num = len(genomes)
        base = Population(genomes, np.repeat(self._ratios.base[None], num, axis=0))
        means = np.empty(len(rows))
        for some in chunks(len(rows), size=CHUNK // num):
            few = rows[some]
            scaled = Population(np.tile(genomes, (len(few), 1)), np.repeat(few, num, axis=0))
            means[some] = self._costs(scaled, self._kind).reshape(len(few), num).mean(axis=1)
        growth: npt.NDArray[np.float64] = means / self._costs(base, self._kind).mean()
        return rows, growth
