"""The distillation step: one network learns from another's predictions (BigNAS, Table 3, A)."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from escalade.train.step import Batch, TrainingObjective, add_gradients


class DistilStep:
    """Trains a student on a fixed teacher's soft labels alone, at temperature 1.

    Both see the same crops, each resized to its own resolution; mixup blends them for both alike.
    Labels are not looked at, so label smoothing rests.

    Args:
        teacher: is put into evaluation mode; its weights and statistics stay as they are.
    """

    def __init__(
        self,
        student: nn.Module,
        *,
        resolution: int,
        teacher: nn.Module,
        teacher_resolution: int,
        objective: TrainingObjective,
    ) -> None:
        self._student = student
        self._resolution = resolution
        self._teacher = teacher.eval()
        self._teacher_resolution = teacher_resolution
        self._objective = objective

    def __call__(self, batch: Batch) -> Tensor:
        objective = self._objective
        with torch.no_grad():
            predicted = objective.logits(
                batch, resolution=self._teacher_resolution, forward=self._teacher
            )
        logits = objective.logits(batch, resolution=self._resolution, forward=self._student)
        losses = objective.losses
        return add_gradients(losses.of_soft_labels(logits, losses.soft_labels(predicted)), batch)
