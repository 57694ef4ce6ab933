"""A short training of a member with the rounding of its INT8 file in place."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from torch import Tensor, nn

from escalade.config.recipe import Recipe
from escalade.family.exports.rounded import with_rounding, without_rounding
from escalade.family.packaging import package
from escalade.family.trainings.alone import weights_digest
from escalade.family.trainings.equal_time import look_images
from escalade.family.trainings.jobs import TrainingJob
from escalade.family.trainings.making import Workplace
from escalade.train.prepare import objective
from escalade.train.steps.distil import DistilStep

# Weights that are nearly right, without batch norm, bear small steps alone.
RATE, MOST_GRADIENT = 0.01, 0.3


@dataclass(frozen=True, slots=True, kw_only=True)
class TuneJob(TrainingJob):
    """Learns, rounded to INT8, what the member itself predicts.

    Attributes:
        member: its package, which stays as it is.
    """

    stream = "int8"
    member: Path

    def make(self, place: Workplace, *, calibration: Sequence[Tensor]) -> nn.Module:
        """The member with the weights that bear rounding, batch norm folded, on the CPU.

        What it makes stands in its checkpoint: the same call again only reads that.

        Args:
            place: where; in fp32, and of one rank.
            calibration: batches of prepared training images, for the ranges of what layers read.

        Raises:
            Interrupted: `place.should_stop` said so; the same call goes on.
            TrainingDiverged: the loss or a weight is not finite.
        """
        runtime, data = place.runtime, place.data
        resolution = package.read(self.member).architecture.resolution
        teacher = package.load_network(self.member).eval()
        student = with_rounding(teacher, calibration)
        teacher.to(device=runtime.device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        student.to(device=runtime.device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        step = DistilStep(
            student,
            resolution=resolution,
            teacher=teacher,
            teacher_resolution=resolution,
            objective=objective(self.recipe, data, runtime=runtime),
        )
        identity = {"data": data.train_digest, "member": weights_digest(self.member)}
        self.train(step, network=student, place=place, identity=identity)
        return without_rounding(student.cpu()).eval()


def tuning_recipe(recipe: Recipe, *, num_train: int) -> Recipe:
    """How a member is tuned: shortly, in small steps.

    Args:
        recipe: of the members' training.
        num_train: images.
    """
    usual = recipe.for_images(num_train)
    images = look_images(usual.num_images(num_train), batch_size=usual.batch_size)
    return replace(
        usual,
        epochs=None,
        steps=max(1, images // usual.batch_size),
        learning_rate=usual.learning_rate * RATE,
        clip_grad_norm=min(usual.clip_grad_norm or MOST_GRADIENT, MOST_GRADIENT),
        drop_rate=0.0,
        drop_path_rate=0.0,
    )
