"""Steps: what happens between a batch and its gradients.

The sandwich step is in `train/sandwich_step.py`, the strictly fair step in `train/fair_step.py`,
that of a family's members in `train/together_step.py`: each adds up the gradients of several paths
before the loop's one update.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from typing import Any, Literal, Protocol

from torch import Tensor, nn

from escalade.core.numbers.seeds import generator
from escalade.core.sampling.samplers import PathSampler
from escalade.core.space.path import Path, Population
from escalade.core.space.space import Space
from escalade.data.batching.batches import prepare
from escalade.supernet.shared_weights import SharedWeights
from escalade.train.losses import ONE_LABEL, Losses, mix

PATHS_PER_DRAW = 512


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


class SinglePathStep:
    """Trains one sampled path a step (ScaleNet, section 3.2).

    Args:
        supernet: the weights.
        space: realises what the sampler draws.
        sampler: draws paths.
        objective: loss and input statistics.
        coupled: alternate between the left and the right channels (BCNet) by the step's parity.
    """

    def __init__(
        self,
        supernet: SharedWeights,
        *,
        space: Space,
        sampler: PathSampler,
        seed: int,
        objective: TrainingObjective,
        coupled: bool = False,
    ) -> None:
        self._supernet = supernet
        self._paths = PathSequence(space, sampler=sampler, seed=seed)
        self._objective = objective
        self._coupled = coupled

    def __call__(self, batch: Batch) -> Tensor:
        running = self._paths.at(batch.step).running
        side = side_at(batch.step) if self._coupled else "left"

        def forward(images: Tensor) -> Tensor:
            logits: Tensor = self._supernet(images, running, side=side)
            return logits

        return self._objective.backward(batch, resolution=running.resolution, forward=forward)


class PathSequence:
    """The path of every step: a pure function of the seed and the step.

    Paths are drawn in blocks, because samplers are vectorised; the last block is kept.
    """

    def __init__(self, space: Space, *, sampler: PathSampler, seed: int) -> None:
        self._space = space
        self._sampler = sampler
        self._seed = seed
        self._block = -1
        self._population: Population | None = None

    def at(self, step: int) -> Path:
        """The path of a step."""
        block, index = divmod(step, PATHS_PER_DRAW)
        if self._population is None or block != self._block:
            rng = generator(self._seed, "paths", block)
            self._population = self._sampler.draw(rng, PATHS_PER_DRAW)
            self._block = block
        population = self._population
        return self._space.path(population.genomes[index], population.strategies[index])


def side_at(step: int) -> Literal["left", "right"]:
    """The side of a coupled supernet that a step trains; from the step, so it survives a resume."""
    return "left" if step % 2 == 0 else "right"
