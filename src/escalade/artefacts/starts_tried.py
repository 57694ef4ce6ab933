"""starts.json: a pretrained network and plain ones from scratch, before a run goes on with it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from escalade.artefacts.entrants import Entrant, Pair, difference_error, mean_difference
from escalade.core.values.codec import ABSENT


@dataclass(frozen=True, slots=True, kw_only=True)
class StartTrial:
    """Both starts at a budget, trained for the same device time.

    Attributes:
        budget: the target.
        resolution: of the pretrained network, the largest within the budget.
        rule: what scaled the plain base to the budget.
        seed, scratch: what the two reached.
    """

    budget: float
    resolution: int
    rule: str
    seed: Entrant
    scratch: Entrant


@dataclass(frozen=True, slots=True, kw_only=True)
class StartsTried:
    """A short look at both starts.

    Attributes:
        seed: the pretrained network's name.
        space: of the plain base; None where there was none to try.
        num_images: of the search split, on which all were scored.
        trials: by budget.
        switched: whether the run goes on from scratch.
        note: why there are no trials; or why it cannot go on from scratch.
    """

    FILE: ClassVar[str] = "starts.json"
    STAGE: ClassVar[str] = "train"

    seed: str
    space: str | None
    num_images: int
    trials: tuple[StartTrial, ...] = ()
    switched: bool = field(default=False, metadata=ABSENT)
    note: str = field(default="", metadata=ABSENT)

    @property
    def difference(self) -> float:
        """The mean accuracy from the network minus that from scratch, as a share."""
        return mean_difference(self._pairs, num_images=self.num_images)

    @property
    def standard_error(self) -> float:
        """Of the difference, by the number of images."""
        return difference_error(self._pairs, num_images=self.num_images)

    @property
    def scratch_is_ahead(self) -> bool:
        """Whether starting from nothing is better by more than the images' noise."""
        return bool(self.trials) and self.difference < -self.standard_error

    @property
    def _pairs(self) -> list[Pair]:
        return [(trial.seed, trial.scratch) for trial in self.trials]
