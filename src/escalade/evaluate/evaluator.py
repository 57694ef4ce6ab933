"""Scores paths of a supernet."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path as File

import torch

from escalade.artefacts.locks import temporary_folder
from escalade.core.network.architecture import Architecture
from escalade.core.space.path import Path
from escalade.data.image_data import ImageData
from escalade.data.splits.split import Split
from escalade.evaluate.companies import companies
from escalade.evaluate.path_meter import (
    EvaluationSettings,
    Measured,
    MeasurePaths,
    share_split,
    split_weights,
)
from escalade.evaluate.rating import rating_of
from escalade.evaluate.scorer import Scorer
from escalade.evaluate.store import EvaluationStore
from escalade.evaluate.store_rows import ScoreRow
from escalade.supernet.shared_weights import SharedWeights
from escalade.supernet.weights_file import digest
from escalade.train.interrupt import Interrupted, Stop
from escalade.train.pool import WorkerPool
from escalade.train.runtime import Runtime

CACHE_BYTES = 1 << 30  # of resized batches, for all workers
JOBS_PER_EXCHANGE = 4  # of a rank, between two exchanges with the others


class Evaluator(Scorer):
    """Accuracy of paths on the search split.

    A path's score is the same to the bit whatever else is scored, in which order and in how many
    processes: on CPU every path runs on one thread. Paths that begin alike are measured together,
    and what they share is computed once.

    Args:
        supernet: trained, on the runtime's device.
        data: the images; `train` sets batch norm statistics, `search` is scored.
        runtime: device and ranks; candidates are divided among ranks.
        num_workers: processes of this rank on CPU; None is one a core. CUDA needs none.
    """

    def __init__(
        self,
        supernet: SharedWeights,
        *,
        data: ImageData,
        store: EvaluationStore,
        runtime: Runtime,
        settings: EvaluationSettings,
        num_workers: int | None = None,
    ) -> None:
        super().__init__(
            data=data,
            store=store,
            runtime=runtime,
            measured_by=digest(supernet),
            settings=settings.text + (" coupled" if supernet.coupled else ""),
        )
        self._num_search = len(data.search)
        # Splits are in random order: a leading run is a fair sample.
        num = settings.num_images(len(data.train))
        recalibration = data.train.subset(torch.arange(num))
        sides = 2 if supernet.coupled else 1
        self._images_per_path = sides * (num + self._num_search)
        self._num_workers = 1 if runtime.on_cuda else runtime.num_workers(num_workers)
        folder = (
            None if runtime.on_cuda else self._open.enter_context(temporary_folder("escalade-"))
        )
        self._pool = _pool(
            supernet,
            splits={"recalibration": recalibration, "search": data.search},
            data=data,
            settings=settings,
            runtime=runtime,
            num_workers=self._num_workers,
            folder=folder,
        )
        self._open.callback(self._pool.close)

    def _key(self, path: Path) -> str:
        return path.key

    def _measure(
        self, paths: Mapping[str, Path], should_stop: Stop
    ) -> Iterator[tuple[ScoreRow, int]]:
        rows = self._rows(list(paths.values()), should_stop)
        return ((row, self._images_per_path) for row in rows)

    def _rows(self, paths: Sequence[Path], should_stop: Stop) -> Iterator[ScoreRow]:
        """Measure and store; on several ranks in chunks, so that all of them learn all rows."""
        rank, size = self._runtime.rank, self._runtime.world_size
        jobs = companies(
            [path.running for path in paths],
            num_images=self._images_per_path,
            num_workers=size * self._num_workers,
            on_cuda=self._runtime.on_cuda,
        )
        if size == 1:
            for row in self._measure_here(paths, jobs, should_stop):
                self._store.put([row])
                yield row
            return
        for start in range(0, len(jobs), JOBS_PER_EXCHANGE * size):
            some = jobs[start : start + JOBS_PER_EXCHANGE * size]
            own = list(self._measure_here(paths, some[rank::size], lambda: False))
            rows = [row for part in self._runtime.gather(own) for row in part]
            if self._runtime.is_main:
                self._store.put(rows)
            yield from rows
            if self._runtime.any(should_stop()):
                raise Interrupted("the evaluation was stopped")

    def _measure_here(
        self,
        paths: Sequence[Path],
        jobs: Sequence[Sequence[int]],
        should_stop: Stop,
    ) -> Iterator[ScoreRow]:
        """Measure paths, job by job, each of which names some."""
        work = [[paths[index].running for index in job] for job in jobs]
        for number, found in self._pool.run(work, should_stop=should_stop):
            for index, measured in zip(jobs[number], found, strict=True):
                yield self._row(
                    paths[index],
                    num_correct=measured.num_correct,
                    num_images=self._num_search,
                    seconds=measured.seconds,
                )


def _pool(
    supernet: SharedWeights,
    *,
    splits: dict[str, Split],
    data: ImageData,
    settings: EvaluationSettings,
    runtime: Runtime,
    num_workers: int,
    folder: File | None,
) -> WorkerPool[Sequence[Architecture], list[Measured]]:
    """The pool; images travel to other processes as shared tensors and stay as they are here."""
    in_workers = num_workers > 1
    shared: dict[str, torch.Tensor] = {}
    if in_workers:
        supernet, shared = split_weights(supernet)
        for name, split in splits.items():
            shared |= share_split(split, name)
    work = MeasurePaths(
        supernet=supernet,
        splits=None if in_workers else splits,
        settings=settings,
        mean=data.mean,
        std=data.std,
        device=str(runtime.device),
        folder=folder,
        cache_bytes=_cache_bytes(runtime),
        rating=rating_of(data),
    )
    return WorkerPool(work, num_workers=num_workers, shared=shared, memory=runtime.scorer_memory)


def _cache_bytes(runtime: Runtime) -> int:
    """What resized batches may take, over all workers."""
    return CACHE_BYTES if runtime.holding is None else runtime.holding.caches
