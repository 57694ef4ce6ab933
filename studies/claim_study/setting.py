"""What one run of the claim test is: fixed by the claim, or chosen on the command line."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from common.command import flag
from common.lab import Recipe, recipe


@dataclass(frozen=True, kw_only=True)
class Setting:
    """One run; all of these change the results, so a folder holds one setting only."""

    resolution: int = flag(14, "of the hand-made base, 14 or 20")
    epochs: float = flag(4.0, "of every retraining")
    learning_rate: float = flag(0.6, "of every training; see --tune")
    supernet_epochs: float = flag(30.0, "of the supernet's training")
    supernet_steps: int | None = flag(None, "instead, for a smoke test")
    search_images: int = flag(4000, "how many of the 10,000 search images score a path")
    population: int = flag(32, "of the search (MCEA)")
    generations: int = flag(20, "of the search")
    iterations: int = flag(2, "of the search")
    balance: str = flag("both", "what the supernet's sampling is even over")
    limit: int | None = flag(None, "images of each split, for a smoke test")
    recalibration_images: ClassVar[int] = 1024

    @property
    def retraining(self) -> Recipe:
        return self._recipe(self.epochs)

    @property
    def supernet(self) -> Recipe:
        return self._recipe(self.supernet_epochs, self.supernet_steps)

    def _recipe(self, epochs: float, steps: int | None = None) -> Recipe:
        return recipe(epochs, self.learning_rate, steps=steps, limit=self.limit)
