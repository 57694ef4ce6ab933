"""Ask and tell around a generator: a search reads top-down and yields what it wants scored."""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import TypeVar

import numpy as np

from escalade.artefacts.children import Children
from escalade.artefacts.searched import Searched
from escalade.core.space.path import Population
from escalade.search.operators.gene_operators import Scores
from escalade.search.protocol import Searcher

T = TypeVar("T")
# A part of a search: yields populations, is sent their scores, returns what it found.
Steps = Generator[Population, Scores, T]


class Dialogue:
    """A searcher made of steps. The steps must be deterministic in what they are told.

    Args:
        steps: the search; it starts with the first `ask`.
        num_genes: of the space, for the empty population that says the search is done.
    """

    def __init__(self, steps: Steps[Searched], *, num_genes: int) -> None:
        self._steps = steps
        self._none = Population(
            np.empty((0, num_genes), dtype=np.int64), np.empty((0, 3), dtype=np.int64)
        )
        self._pending: Population | None = None
        self._result: Searched | None = None

    def ask(self) -> Population:
        """Paths to score next; the same ones until they are told; empty when the search is done.

        Raises:
            ValueError: if no network of the space meets the budgets, with the feasible range.
        """
        if self._pending is None:
            self._advance(None)
        assert self._pending is not None
        return self._pending

    def tell(self, scores: Scores) -> None:
        """Accuracies (0..1) of the paths asked last, in their order.

        Raises:
            ValueError: if nothing was asked, or scores are missing or outside 0..1.
        """
        if not self._pending:
            raise ValueError("tell: nothing was asked; call ask() first")
        told = np.asarray(scores, dtype=np.float64)
        if told.shape != (len(self._pending),):
            raise ValueError(f"tell: {told.shape} scores for {len(self._pending)} paths asked")
        if not ((told >= 0) & (told <= 1)).all():
            raise ValueError("tell: scores must be accuracies between 0 and 1")
        self._advance(told)

    def result(self) -> Searched:
        """What was found.

        Raises:
            ValueError: before the search is done.
        """
        if self._result is None:
            raise ValueError("result: the search is not done; ask and tell until ask() is empty")
        return self._result

    @property
    def children(self) -> Children | None:
        """How the children of a front's generations were made; None of other searches."""
        return None

    def _advance(self, scores: Scores | None) -> None:
        try:
            self._pending = next(self._steps) if scores is None else self._steps.send(scores)
        except StopIteration as done:
            self._result, self._pending = done.value, self._none


def answer(steps: Steps[T], *, score: Callable[[Population], Scores]) -> T:
    try:
        population = next(steps)
        while True:
            population = steps.send(score(population))
    except StopIteration as done:
        found: T = done.value
        return found


def drive(searcher: Searcher, *, score: Callable[[Population], Scores]) -> Searched:
    while len(population := searcher.ask()):
        searcher.tell(score(population))
    return searcher.result()
