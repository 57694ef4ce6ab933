"""Measuring paths: slice, recalibrate, fold, count. What the evaluator's workers do."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

import torch
from torch import Tensor, nn

from escalade.config.settings import EvaluationConfig
from escalade.core.network.architecture import Architecture
from escalade.data.split import Split
from escalade.evaluate.batch_cache import BatchCache
from escalade.evaluate.score import BATCH_SIZE, count_correct
from escalade.supernet.frozen import Frozen, freeze
from escalade.supernet.shared_weights import SharedWeights
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
                f"evaluation.num_recalibration: {self.num_recalibration} images make no batch of "
                f"{self.recalibration_batch}"
            )

    @classmethod
    def of(cls, config: EvaluationConfig, *, num_train: int) -> Self:
        """As settings say, with so many training images."""
        num = min(config.recalibration_images, num_train)
        return cls(
            num_recalibration=num, recalibration_batch=min(128, num), precision=config.precision
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

    num_correct: int
    seconds: float


@dataclass(frozen=True, kw_only=True)
class MeasurePaths:
    """The work of a pool: jobs are architectures, results are `Measured`.

    Attributes:
        supernet: without its weights, which are the pool's shared tensors (`split_weights`).
        splits: the images, or None if they are among the shared tensors (`share_split`).
        settings: how paths are scored.
        mean, std: of the training images.
        device: where to run.
        cache_bytes: what resized batches may take here.
    """

    supernet: SharedWeights
    splits: dict[str, Split] | None
    settings: EvaluationSettings
    mean: tuple[float, ...]
    std: tuple[float, ...]
    device: str
    cache_bytes: int

    def setup(self, shared: Mapping[str, Tensor]) -> PathMeter:
        """Attach the shared weights and images, unless they are here."""
        if self.splits is not None:
            return PathMeter(self, self.splits)
        attach_weights(self.supernet, shared)
        return PathMeter(self, {name: shared_split(shared, name) for name in SPLITS})

    def run(self, state: PathMeter, job: Architecture, link: Link) -> Measured:
        """Measure one path."""
        return state.measure(job)


class PathMeter:
    """Scores one path after the other; a score does not depend on the ones before."""

    def __init__(self, work: MeasurePaths, splits: Mapping[str, Split]) -> None:
        self._runtime = Runtime(
            device=work.device, precision=work.settings.precision, is_alone=True
        )
        self._supernet = work.supernet
        sizes = {"recalibration": work.settings.recalibration_batch, "search": BATCH_SIZE}
        self._caches = {
            name: BatchCache(
                splits[name],
                batch_size=size,
                mean=work.mean,
                std=work.std,
                device=self._runtime.device,
                max_bytes=work.cache_bytes // len(sizes),
            )
            for name, size in sizes.items()
        }

    def measure(self, architecture: Architecture) -> Measured:
        """Slice, recalibrate, fold, count."""
        start = self._runtime.clock()
        with torch.no_grad():
            network = self._finished(architecture)
        batches = self._caches["search"].at(architecture.resolution)
        num_correct = count_correct(network, batches, autocast=self._runtime.autocast)
        return Measured(num_correct, self._runtime.clock() - start)

    def _finished(self, architecture: Architecture) -> Frozen:
        batches = self._caches["recalibration"].at(architecture.resolution)
        with self._runtime.autocast():
            return freeze(self._supernet, architecture, (images for images, _ in batches))


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
    """A split as shared tensors."""
    return {f"{name}/images": split.images, f"{name}/labels": split.labels}


def shared_split(shared: Mapping[str, Tensor], name: str) -> Split:
    """A split from shared tensors."""
    return Split(shared[f"{name}/images"], shared[f"{name}/labels"])
