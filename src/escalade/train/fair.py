"""Steps of several paths that all learn from the labels, one after the other on the same batch.

The strictly fair step, whose paths use every choice of every layer once before the update (SCARLET;
FairNAS), and the step of a family whose members train together.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import torch
from torch import Tensor

from escalade.train.steps import Batch, Objective

if TYPE_CHECKING:
    from escalade.core.path_space import Path


class PathsOfSteps(Protocol):
    """The paths of every step, a pure function of the step: `core.fair.FairPaths`, `Together`."""

    def at(self, step: int) -> Sequence[Path]:
        """The paths of a step, in the order in which they train."""
        ...


@dataclass(frozen=True, slots=True)
class Together:
    """The same paths in every step: a family's members.

    Attributes:
        paths: at least one, no network twice.

    Raises:
        ValueError: if there is none, or one twice.
    """

    paths: tuple[Path, ...]

    def __post_init__(self) -> None:
        if not self.paths:
            raise ValueError("paths: there are none; give the members that are to train together")
        if len({path.key for path in self.paths}) < len(self.paths):
            raise ValueError("paths: one network is there twice; give each once")

    def at(self, step: int) -> Sequence[Path]:
        """All paths, whatever the step."""
        return self.paths


class FairStep:
    """Trains a step's paths one after the other on the same batch.

    With `FairPaths` they use every choice of every layer exactly once. Their gradients add up and
    the loop updates once (FairNAS, algorithm 1), so that no choice is ahead of another at any time.
    What all paths share (the stem, the head) gets the sum of all gradients. Each path's graph is
    gone before the next path runs, so the peak of memory is the largest path's.

    The loss that is returned is the mean of all paths', which is not finite if one of them is not.

    Args:
        supernet: the weights; called with images and what a path runs.
        paths: of each step.
        objective: loss and input statistics.
    """

    def __init__(
        self, supernet: Callable[..., Tensor], *, paths: PathsOfSteps, objective: Objective
    ) -> None:
        self._supernet = supernet
        self._paths = paths
        self._objective = objective

    def __call__(self, batch: Batch) -> Tensor:
        losses = [self._pass(batch, path) for path in self._paths.at(batch.step)]
        return torch.stack(losses).mean()

    def _pass(self, batch: Batch, path: Path) -> Tensor:
        def forward(images: Tensor) -> Tensor:
            logits: Tensor = self._supernet(images, path.running)
            return logits

        return self._objective.backward(batch, resolution=path.running.resolution, forward=forward)
