"""One drawn path after the other, and the side of a coupled supernet that a step trains."""

from __future__ import annotations

from typing import Literal, Protocol

from escalade.core.numbers.seeds import generator
from escalade.core.sampling.samplers import PathSampler
from escalade.core.space.path import Path, Population
from escalade.core.space.space import Space

PATHS_PER_DRAW = 512


class Paths(Protocol):
    """Paths by number: a pure function of it."""

    def at(self, step: int) -> Path: ...


class PathSequence:
    """The path of every step: a pure function of the seed and the step.

    Paths are drawn in blocks, because samplers are vectorised; the last block is kept.
    """

    def __init__(self, space: Space, *, sampler: PathSampler, seed: int) -> None:
        self._space = space
        self._sampler = sampler
        self._seed = seed
        self._block = -1
        self._population: Population | None = None

    def at(self, step: int) -> Path:
        """The path of a step."""
        block, index = divmod(step, PATHS_PER_DRAW)
        if self._population is None or block != self._block:
            rng = generator(self._seed, "paths", block)
            self._population = self._sampler.draw(rng, PATHS_PER_DRAW)
            self._block = block
        population = self._population
        return self._space.path(population.genomes[index], population.strategies[index])


def side_at(step: int) -> Literal["left", "right"]:
    """The side of a coupled supernet that a step trains; from the step, so it survives a resume."""
    return "left" if step % 2 == 0 else "right"
