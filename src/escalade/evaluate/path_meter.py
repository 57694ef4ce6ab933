"""Measuring paths: slice, recalibrate, fold, count. What the evaluator's workers do.

Paths that begin alike are measured together, and what they share is computed once.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import torch
from torch import Tensor, nn

from escalade.config.settings import EvaluationConfig
from escalade.core.network.architecture import Architecture
from escalade.data.splits.split import Split
from escalade.evaluate.batch_cache import BatchCache
from escalade.evaluate.rating import ONE, Rating
from escalade.evaluate.score import BATCH_SIZE, count_each
from escalade.supernet.frozen import Frozen, freeze
from escalade.supernet.shared_weights import SharedWeights
from escalade.train.allocator import heap
from escalade.train.interrupt import Interrupted
from escalade.train.runtime import Runtime
from escalade.train.worker import Link

SPLITS = ("recalibration", "search")


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluationSettings:
    """How paths are scored; part of every store key.

    Attributes:
        num_recalibration: training images that set the batch norm statistics.
        recalibration_batch: images whose statistics are taken together.
        precision: `fp32` or `bf16` (of the scoring; recalibration too).
    """

    num_recalibration: int = 1024
    recalibration_batch: int = 128
    precision: str = "fp32"

    def __post_init__(self) -> None:
        if not self.num_recalibration >= self.recalibration_batch >= 2:
            raise ValueError(
                f"evaluation.num_recalibration: {self.num_recalibration} images are too few "
                f"for a batch of {self.recalibration_batch}"
            )

    @classmethod
    def of(cls, config: EvaluationConfig, *, num_train: int) -> Self:
        """As settings say, with so many training images."""
        num = min(config.recalibration_images, num_train)
        return cls(
            num_recalibration=num,
            recalibration_batch=min(128, num),
            precision=config.precision or "fp32",
        )

    def num_images(self, num_train: int) -> int:
        """Images for recalibration out of so many: whole batches, or all if they make none."""
        num = min(self.num_recalibration, num_train)
        return num - num % self.recalibration_batch or num

    @property
    def text(self) -> str:
        """The settings as a store key has them."""
        return f"recalibration={self.num_recalibration}/{self.recalibration_batch} {self.precision}"


@dataclass(frozen=True, slots=True)
class Measured:
    """Images right and device-seconds of one path."""

    num_correct: float
    seconds: float


@dataclass(frozen=True, kw_only=True)
class MeasurePaths:
    """The work of a pool: jobs are paths of one resolution, each of them is `Measured`.

    Attributes:
        supernet: without its weights, which are the pool's shared tensors (`split_weights`).
        splits: the images, or None if they are among the shared tensors (`share_split`).
        folder: where resized batches are kept, for all workers; None keeps none.
        cache_bytes: what they may take.
    """

    supernet: SharedWeights
    splits: dict[str, Split] | None
    settings: EvaluationSettings
    mean: tuple[float, ...]
    std: tuple[float, ...]
    device: str
    folder: Path | None
    cache_bytes: int
    rating: Rating = ONE

    def setup(self, shared: Mapping[str, Tensor]) -> PathMeter:
        """Attach the shared weights and images, unless they are here."""
        if self.splits is not None:
            return PathMeter(self, self.splits)
        attach_weights(self.supernet, shared)
        return PathMeter(self, {name: shared_split(shared, name) for name in SPLITS})

    def run(self, state: PathMeter, job: Sequence[Architecture], link: Link) -> list[Measured]:
        return state.measure(job, link)


class PathMeter:
    """Scores paths; a score depends neither on the others nor on what was scored before."""

    def __init__(self, work: MeasurePaths, splits: Mapping[str, Split]) -> None:
        self._runtime = Runtime(
            device=work.device, precision=work.settings.precision, is_alone=True
        )
        self._supernet = work.supernet
        self._rating = work.rating
        sizes = {"recalibration": work.settings.recalibration_batch, "search": BATCH_SIZE}
        self._caches = {
            name: BatchCache(
                splits[name],
                name=name,
                batch_size=size,
                mean=work.mean,
                std=work.std,
                device=self._runtime.device,
                folder=work.folder,
                max_bytes=work.cache_bytes,
            )
            for name, size in sizes.items()
        }

    def measure(self, architectures: Sequence[Architecture], link: Link) -> list[Measured]:
        """Slice, recalibrate, fold, count; the seconds are divided evenly.

        Raises:
            Interrupted: it was told to stop.
        """
        start = self._runtime.clock()
        networks = self._finished(architectures, link)
        correct = count_each(
            networks,
            self._batches("search", architectures, link),
            autocast=self._runtime.autocast,
            rating=self._rating,
        )
        seconds = (self._runtime.clock() - start) / len(architectures)
        return [Measured(num, seconds) for num in correct]

    def _finished(self, architectures: Sequence[Architecture], link: Link) -> Frozen:
        batches = self._batches("recalibration", architectures, link)
        with self._runtime.autocast():
            return freeze(self._supernet, architectures, (images for images, _ in batches))

    def _batches(
        self, split: str, architectures: Sequence[Architecture], link: Link
    ) -> Iterator[tuple[Tensor, Tensor]]:
        (resolution,) = {architecture.resolution for architecture in architectures}
        for batch in self._caches[split].at(resolution):
            if link.should_stop():
                raise Interrupted("stopped")
            heap.stay_within()
            yield batch


def split_weights(supernet: SharedWeights) -> tuple[SharedWeights, dict[str, Tensor]]:
    """A copy of a supernet without weights, and its weights by name (not copied)."""
    weights = {name: p.detach() for name, p in supernet.named_parameters()}
    empty = {id(p): nn.Parameter(torch.empty(0)) for p in supernet.parameters()}
    return copy.deepcopy(supernet, empty), weights


def attach_weights(supernet: SharedWeights, weights: Mapping[str, Tensor]) -> None:
    """Give a supernet from `split_weights` its weights (without copying them)."""
    for name, parameter in supernet.named_parameters():
        parameter.data = weights[name]


def share_split(split: Split, name: str) -> dict[str, Tensor]:
    return {f"{name}/images": split.images, f"{name}/labels": split.labels}


def shared_split(shared: Mapping[str, Tensor], name: str) -> Split:
    return Split(shared[f"{name}/images"], shared[f"{name}/labels"])
