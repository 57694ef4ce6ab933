"""The plainest networks of a space at every budget, without a score."""

from __future__ import annotations

import numpy as np

from escalade.artefacts.searched import Searched
from escalade.core.numbers.seeds import generator
from escalade.core.space.path import IntArray
from escalade.search.dialogue import Steps
from escalade.search.ladder_search import LadderSearch
from escalade.search.operators.bases import draw_bases
from escalade.search.operators.starts import draw_pairs
from escalade.search.surrogate.plain_start import plain_genomes


class Plainest(LadderSearch):
    """The plain base under the first strategy that meets each budget; a random one if none does.

    It asks for no scores.
    """

    def _steps_of_search(self) -> Steps[Searched]:
        yield from ()
        rng = generator(self._seed, "search", "plainest")
        chosen = self._scaled(rng) if self._problem.scales else self._each(rng)
        return self._summed(*chosen, scores=None)

    def _scaled(self, rng: np.random.Generator) -> tuple[list[IntArray], list[IntArray]]:
        """One base, and its strategies."""
        problem, plain = self._problem, plain_genomes(self._space)
        legal = plain[problem.legal(plain)]
        base = legal[:1] if len(legal) else draw_bases(problem, num=1, rng=rng)
        stages = range(problem.num_stages)
        fits = [problem.feasible(base, stage=stage)[0].argmax() for stage in stages]
        return [base[0]] * len(fits), [problem.strategies(j)[fits[j]] for j in stages]

    def _each(self, rng: np.random.Generator) -> tuple[list[IntArray], list[IntArray]]:
        """A network of each budget."""
        problem, none = self._problem, self._space.base_triple
        plain, genomes = plain_genomes(self._space), []
        for stage in range(problem.num_stages):
            fits = plain[problem.feasible(plain, stage=stage)[:, 0]]
            if not len(fits):
                drawn = draw_pairs(problem, strategies=none[None], stage=stage, num=1, rng=rng)
                fits = drawn[:, :-3]
            genomes.append(fits[0])
        return genomes, [none] * len(genomes)
