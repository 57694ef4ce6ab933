"""A step: what happens between a batch and its gradients.

Those of a supernet, and others that train several networks at a time, are in `train/steps/`: each
adds up the gradients of several passes before the loop's one update.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from typing import Any, Protocol

from torch import Tensor, nn

from escalade.data.batching.batches import prepare
from escalade.train.losses import ONE_LABEL, Losses, mix


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """One batch-norm group's part of a step's batch.

    Attributes:
        images: uint8, (N, channels, side, side), or (N, crops, channels, side, side) where the
            batches have several crops of each image.
        labels: int64, (N,).
        step: the optimizer step it belongs to.
        share: what to multiply the loss with before `backward`: 1 / groups of this rank.
        ratio: of mixup; 1 mixes nothing.
        on_last: called with the loss, just before `backward`, by the last backward pass of a step;
            None where others follow, or nobody wants to know.
    """

    images: Tensor
    labels: Tensor
    step: int
    share: float
    ratio: float = 1.0
    on_last: Callable[[Tensor], None] | None = None

    def passes(self, num: int) -> list[Batch]:
        """The batch for each of several backward passes, the last of which may be the step's."""
        return [replace(self, on_last=None)] * (num - 1) + [self]


class Step(Protocol):
    """Adds `share` times a batch's gradients to the weights and returns the detached loss.

    Everything random is a function of the seed and `batch.step`, so a step keeps no state that a
    checkpoint would have to hold, and all ranks draw the same paths.
    """

    def __call__(self, batch: Batch) -> Tensor: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingObjective:
    """What every step needs to get from uint8 images and logits to a loss.

    Attributes:
        mean, std: the training images' channels, in 0..1 units.
        label_smoothing: as in the recipe.
        losses: what labels, and a teacher's soft labels, say of logits.
        autocast: makes the context of a forward pass, such as `runtime.autocast`.
    """

    mean: tuple[float, ...]
    std: tuple[float, ...]
    label_smoothing: float
    autocast: Callable[[], AbstractContextManager[Any]]
    losses: Losses = ONE_LABEL

    def logits(
        self, batch: Batch, *, resolution: int, forward: Callable[[Tensor], Tensor]
    ) -> Tensor:
        """What `forward` says of the resized, normalised and mixed images: (N, classes)."""
        images = prepare(batch.images, resolution=resolution, mean=self.mean, std=self.std)
        images = mix(images, ratio=batch.ratio)
        with self.autocast():
            return forward(images)

    def label_loss(self, batch: Batch, logits: Tensor) -> Tensor:
        """The loss by the batch's labels, smoothed and mixed."""
        return self.losses.of_labels(
            logits, batch.labels, label_smoothing=self.label_smoothing, ratio=batch.ratio
        )

    def backward(
        self, batch: Batch, *, resolution: int, forward: Callable[[Tensor], Tensor]
    ) -> Tensor:
        """Run `forward` on the resized batch, backpropagate, return the detached loss."""
        logits = self.logits(batch, resolution=resolution, forward=forward)
        return add_gradients(self.label_loss(batch, logits), batch)


def add_gradients(loss: Tensor, batch: Batch) -> Tensor:
    """Backpropagate the batch's share of a loss; returns the loss, detached."""
    shared = loss * batch.share
    if batch.on_last is not None:
        batch.on_last(shared)
    shared.backward()  # type: ignore[no-untyped-call]
    return loss.detach()


class PlainStep:
    """Trains one network at one resolution."""

    def __init__(
        self, network: nn.Module, *, resolution: int, objective: TrainingObjective
    ) -> None:
        self._network = network
        self._resolution = resolution
        self._objective = objective

    def __call__(self, batch: Batch) -> Tensor:
        return self._objective.backward(batch, resolution=self._resolution, forward=self._network)
