"""What trainings have in common: a job says what is trained, a workplace on what and where."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from torch import nn

from escalade.config.recipe import Recipe
from escalade.core.numbers.seeds import torch_seed
from escalade.family.trainings.kept import is_done
from escalade.family.trainings.making import Made, Workplace
from escalade.train.loop import TrainResult, train
from escalade.train.prepare import training_batches
from escalade.train.step import Step

CHECKPOINT = "checkpoint.pt"
METRICS = "metrics.jsonl"


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingJob:
    """One training; a value that pickles. `stream` tells the seeds of its kind apart.

    Attributes:
        name: the stage in metrics and messages; also names its random streams.
        folder: holds this training's checkpoint and metrics; its own.
    """

    stream: ClassVar[str]
    name: str
    recipe: Recipe
    seed: int
    folder: Path

    def train(
        self,
        step: Step,
        *,
        network: nn.Module,
        place: Workplace,
        identity: Mapping[str, str | float],
        num_crops: int = 1,
    ) -> TrainResult:
        """Train a network by a step; after a kill the same call goes on, with the same result.

        Args:
            step: trains it.
            network: on the device; changed in place.
            identity: what tells this training from others in the same folder, beside how classes
                of unequal size are made up for.

        Raises:
            Invalid: if another training is in the folder.
            Interrupted: `place.should_stop` said so; the same call goes on.
            TrainingDiverged: the loss is not finite.
        """
        recipe, runtime, progress = self.recipe, place.runtime, place.progress
        seed = torch_seed(self.seed, self.stream, self.name, "batches")
        batches = training_batches(
            recipe, place.data, seed=seed, runtime=runtime, num_crops=num_crops
        )
        return train(
            step,
            network=network,
            batches=batches,
            recipe=recipe,
            num_steps=recipe.num_steps(batches.num_per_epoch),
            runtime=runtime,
            seed=torch_seed(self.seed, self.stream, self.name, "steps"),
            name=self.name,
            checkpoint=self.folder / CHECKPOINT,
            checkpoint_seconds=place.checkpoint_seconds,
            identity={**identity, "balance": place.data.balance},
            metrics=self.folder / METRICS,
            progress=None if progress is None else lambda value: progress(self.name, value),
            should_stop=place.should_stop,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberJob(TrainingJob, ABC):
    """A training that ends in a member's weights."""

    @property
    @abstractmethod
    def macs(self) -> int:
        """Macs that an image is trained with."""

    @property
    def needs(self) -> Path | None:
        """Of the training that it begins with the weights of, if there is one."""
        return None

    @property
    def is_done(self) -> bool:
        """Whether everything that it makes is there and whole."""
        return is_done(self.folder)

    @abstractmethod
    def make(self, place: Workplace) -> Made:
        """Train and finish the member; errors as for `train`."""
