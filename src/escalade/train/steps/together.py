"""The step of a family whose members train together, in the supernet that they are slices of."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from escalade.core.network import cost
from escalade.train.step import Batch, TrainingObjective, add_gradients

if TYPE_CHECKING:
    from escalade.core.network.architecture import Architecture
    from escalade.core.space.path import Path


class TogetherStep:
    """Trains the same few paths in every step, one after the other on the same batch.

    The costliest, by macs, learns from the labels and teaches. The others learn from the labels and
    from its soft labels, those of its own forward pass in this very step, detached, at temperature
    1: the in-place distillation of BigNAS (section 3.1), of which `distillation` is the share.
    Gradients add up, and the loop updates once. Each path's graph is gone before the next path
    runs, so the peak of memory is the largest path's.

    The loss that is returned is the mean of all paths', which is not finite if one of them is not.

    Args:
        supernet: the weights; called with images and what a path runs.
        paths: at least one, no network twice, in any order.
        objective: loss and input statistics; labels are smoothed as it says, soft labels are not.
        distillation: the soft labels' share of the loss of all but the costliest, 0 to 1.

    Raises:
        ValueError: if there is no path, one twice, or the share is not one.
    """

    def __init__(
        self,
        supernet: Callable[..., Tensor],
        *,
        paths: Sequence[Path],
        objective: TrainingObjective,
        distillation: float,
    ) -> None:
        if not paths:
            raise ValueError("paths: there are none; give the members that are to train together")
        if len({path.key for path in paths}) < len(paths):
            raise ValueError("paths: one network is there twice; give each once")
        if not 0 <= distillation <= 1:
            raise ValueError(f"distillation: {distillation:g} is not a share of 0 to 1")
        self._supernet = supernet
        self._networks = sorted((path.running for path in paths), key=_size, reverse=True)
        self._objective = objective
        self._distillation = distillation

    def __call__(self, batch: Batch) -> Tensor:
        losses: list[Tensor] = []
        teacher: Tensor | None = None
        passes = batch.passes(len(self._networks))
        for own, running in zip(passes, self._networks, strict=True):

            def forward(images: Tensor, running: object = running) -> Tensor:
                logits: Tensor = self._supernet(images, running)
                return logits

            logits = self._objective.logits(batch, resolution=running.resolution, forward=forward)
            loss = self._loss(own, logits, teacher)
            losses.append(add_gradients(loss, own))
            if teacher is None:
                teacher = self._objective.losses.soft_labels(logits)
        return torch.stack(losses).mean()

    def _loss(self, batch: Batch, logits: Tensor, teacher: Tensor | None) -> Tensor:
        """Of the labels, of the soft labels, or of both."""
        share = self._distillation
        if teacher is None or share == 0:
            return self._objective.label_loss(batch, logits)
        soft = self._objective.losses.of_soft_labels(logits, teacher)
        if share == 1:
            return soft
        return torch.lerp(self._objective.label_loss(batch, logits), soft, share)


def _size(running: Architecture) -> tuple[int, int, str]:
    """Orders networks, whichever comes first."""
    found = cost.of(running)
    return found.macs, found.params, running.key
