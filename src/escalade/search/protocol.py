"""What every search looks like from outside."""

from __future__ import annotations

from typing import Protocol

from escalade.artefacts.children import Children
from escalade.artefacts.searched import Searched
from escalade.core.space.path import Population
from escalade.search.operators.gene_operators import Scores


class Searcher(Protocol):
    """`ask()` gives paths to score, `tell(scores)` learns; deterministic in its seed.

    Told the same scores, a new searcher of the same seed asks the same populations: that is how
    a search resumes (docs/reference/run_folder.md).
    """

    def ask(self) -> Population:
        """Paths to score next, none of them asked before; empty when the search is done."""
        ...

    def tell(self, scores: Scores) -> None:
        """Accuracies (0..1) of the paths asked last, in their order."""
        ...

    def result(self) -> Searched:
        """What was found, once `ask()` came back empty."""
        ...

    @property
    def children(self) -> Children | None:
        """How the children of a front's generations were made; None of other searches."""
        ...
