"""What one run of the claim test is: fixed by the claim, or chosen on the command line."""

from __future__ import annotations

from dataclasses import dataclass

from common.setting import recipe
from escalade.config.recipe import Recipe

FACTORS = (1.0, 2.0, 4.0)
GROWN = 8.0
RULES = ("dwr", "wr", "r", "dWr", "d", "w")
# Without --all the two rules that grow one dimension to no use stop at 4 f_0.
SHORT_RULES = ("d", "w")
SEARCHED_BASE_RULES = ("dwr", "dWr")
# The searched network is never the larger, and no pair is further apart than 1 %:
# 1.0029 / 0.993 = 1.00997.
SEARCHED_WINDOW = (0.993, 1.0)
HAND_WINDOW = (1.0, 1.0029)


@dataclass(frozen=True, kw_only=True)
class Setting:
    """One run; all of these change the results, so a folder holds one setting only.

    Attributes:
        resolution: of the hand-made base, 14 or 20.
        epochs: of every retraining.
        learning_rate: of every training; `--tune` shows what other rates do to the hand-made base.
        supernet_epochs: of the supernet's training; `supernet_steps` instead for a smoke test.
        search_images: how many of the 10,000 search images score a path.
        population, generations, iterations: of the search (MCEA).
        balance: what the supernet's sampling is even over (core.balance).
        limit: images of each split, for a smoke test.
    """

    resolution: int = 14
    epochs: float = 4.0
    learning_rate: float = 0.6
    supernet_epochs: float = 30.0
    supernet_steps: int | None = None
    search_images: int = 4000
    population: int = 32
    generations: int = 20
    iterations: int = 2
    balance: str = "both"
    limit: int | None = None

    @property
    def retraining(self) -> Recipe:
        return self._recipe(epochs=self.epochs)

    @property
    def supernet(self) -> Recipe:
        if self.supernet_steps is not None:
            return self._recipe(steps=self.supernet_steps)
        return self._recipe(epochs=self.supernet_epochs)

    def _recipe(self, *, epochs: float = 0.0, steps: int | None = None) -> Recipe:
        return recipe(
            epochs=epochs, steps=steps, learning_rate=self.learning_rate, limit=self.limit
        )
