"""Choices of a space that open in turn, the largest first (Once-for-all, section 3.3).

A supernet that begins as a trained network has that as its largest path. Opened in turn, its
smaller choices are trained only once those before them are: hidden widths first, then kernels, then
depths, the widths of stages last.
"""

from __future__ import annotations

import re

import numpy as np

from escalade.core.sampling.samplers import PathSampler
from escalade.core.space.path import IntArray, Population
from escalade.core.space.space import Space

# By what genes are named, in the order in which they open; a resolution is always open.
TURNS = ("expansion", "kernel", "depth", "width")
# Of a training: each turn but the last, which has the rest.
TURN_SHARE = 1 / 6


def turn_at(step: int, *, num_steps: int) -> int:
    """How many of `TURNS` are open at a step; one at least."""
    return min(len(TURNS), 1 + int(step / (TURN_SHARE * num_steps)))


class Opening:
    """A sampler's paths while not all choices are open: where one is not, the largest is taken.

    So that a path trains no longer than what was drawn, it has the largest resolution at which it
    costs no more macs, or the least that there is.

    Args:
        space: with a resolution to choose.
        sampler: draws as if all were open.
        num_open: of `TURNS`.
    """

    def __init__(self, space: Space, *, sampler: PathSampler, num_open: int) -> None:
        kinds = [re.sub(r"\[\d+\]", "", gene.name).split(".")[-1] for gene in space.genes]
        self._space, self._sampler = space, sampler
        self._closed = np.isin(kinds, TURNS[num_open:])
        self._is_depth = np.isin(kinds, ["depth"])
        self._resolution = kinds.index("resolution")
        self._num_sides = space.genes[self._resolution].num_choices

    def draw(self, rng: np.random.Generator, num: int) -> Population:
        """`num` independent paths."""
        drawn = self._sampler.draw(rng, num)
        if not self._closed.any():
            return drawn
        whole = self._space.largest
        at_depth = self._space.repair(np.where(self._is_depth, drawn.genomes, whole))
        silent = (at_depth != whole) & ~self._is_depth  # blocks that are not drawn are whole, too
        genomes = np.where(self._closed | silent, whole, drawn.genomes)
        most, costs = self._space.costs(drawn), self._costs_by_side(genomes, drawn.strategies)
        fitting = (costs <= most).sum(axis=0)  # costs rise with the side
        genomes[:, self._resolution] = np.maximum(fitting - 1, 0)
        return Population(self._space.repair(genomes), drawn.strategies)

    def _costs_by_side(self, genomes: IntArray, strategies: IntArray) -> IntArray:
        """Macs at every resolution: (resolutions, paths)."""
        rows = []
        for side in range(self._num_sides):
            at_side = genomes.copy()
            at_side[:, self._resolution] = side
            rows.append(self._space.costs(Population(self._space.repair(at_side), strategies)))
        return np.stack(rows)
