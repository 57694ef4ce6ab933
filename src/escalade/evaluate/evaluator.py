"""Scores paths of a supernet and remembers every score."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path as File
from typing import Protocol

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
from escalade.evaluate.score import Score, stored
from escalade.evaluate.store import EvaluationStore
from escalade.evaluate.store_rows import Context, ScoreRow
from escalade.supernet.shared_weights import SharedWeights
from escalade.supernet.weights_file import digest
from escalade.train.interrupt import Interrupted
from escalade.train.pool import WorkerPool
from escalade.train.runtime import Runtime

CACHE_BYTES = 1 << 30  # of resized batches, for all workers
JOBS_PER_EXCHANGE = 4  # of a rank, between two exchanges with the others


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluationCount:
    """What an evaluator was asked and did.

    Attributes:
        num_asked: paths in all calls.
        num_measured: networks measured by this process's ranks; the rest came from the store.
        num_images: images that went through them, recalibration included.
        seconds: device-seconds of the measured ones.
    """

    num_asked: int = 0
    num_measured: int = 0
    num_images: int = 0
    seconds: float = 0.0


class Scorer(Protocol):
    """Scores paths, and counts what it took."""

    @property
    def count(self) -> EvaluationCount: ...

    def score(
        self,
        paths: Sequence[Path],
        *,
        progress: Callable[[int, int], None] | None = None,
        should_stop: Callable[[], bool] | None = None,
    ) -> list[Score]: ...


class Evaluator:
    """Accuracy of paths on the search split; the test split is never looked at.

    A path's score is the same to the bit whatever else is scored, in which order and in how many
    processes: on CPU every path runs on one thread. Paths that begin alike are measured together,
    and what they share is computed once.

    Args:
        supernet: trained, on the runtime's device.
        data: the images; `train` sets batch norm statistics, `search` is scored.
        store: holds every score; rank 0's is used.
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
        self._runtime = runtime
        self._store = store
        self._num_search = len(data.search)
        # Splits are in random order: a leading run is a fair sample.
        num = settings.num_images(len(data.train))
        recalibration = data.train.subset(torch.arange(num))
        sides = 2 if supernet.coupled else 1
        self._images_per_path = sides * (num + self._num_search)
        self.context = Context(
            supernet=digest(supernet),
            data=hashlib.sha256(f"{data.train_digest} {data.search_digest}".encode()).hexdigest(),
            settings=settings.text + (" coupled" if supernet.coupled else ""),
        )
        self.count = EvaluationCount()
        self._num_workers = 1 if runtime.on_cuda else runtime.num_workers(num_workers)
        self._open = ExitStack()
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

    def score(
        self,
        paths: Sequence[Path],
        *,
        progress: Callable[[int, int], None] | None = None,
        should_stop: Callable[[], bool] | None = None,
    ) -> list[Score]:
        """Score paths, from the store where it knows them; new scores are stored at once.

        Args:
            paths: in any order, repeats allowed.
            progress: called with (measured so far, to be measured).
            should_stop: asked often.

        Raises:
            Interrupted: `should_stop` said so; what was measured is stored.
        """
        distinct = {path.key: path for path in paths}
        is_main = self._runtime.is_main
        known = self._store.get(self.context, list(distinct)) if is_main else None
        rows: dict[str, ScoreRow] = self._runtime.broadcast(known)
        missing = [path for key, path in distinct.items() if key not in rows]
        self.count = replace(self.count, num_asked=self.count.num_asked + len(paths))
        for row in self._measure(missing, should_stop or (lambda: False)):
            rows[row.path] = row
            self.count = replace(
                self.count,
                num_measured=self.count.num_measured + 1,
                num_images=self.count.num_images + self._images_per_path,
                seconds=self.count.seconds + row.seconds,
            )
            if progress is not None:
                progress(len(rows) - (len(distinct) - len(missing)), len(missing))
        return [stored(rows[path.key]) for path in paths]

    def close(self) -> None:
        self._pool.close()
        self._open.close()

    def __enter__(self) -> Evaluator:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _measure(self, paths: list[Path], should_stop: Callable[[], bool]) -> Iterator[ScoreRow]:
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
        should_stop: Callable[[], bool],
    ) -> Iterator[ScoreRow]:
        """Measure paths, job by job, each of which names some."""
        work = [[paths[index].running for index in job] for job in jobs]
        for number, found in self._pool.run(work, should_stop=should_stop):
            for index, measured in zip(jobs[number], found, strict=True):
                yield self._row(paths[index], measured)

    def _row(self, path: Path, measured: Measured) -> ScoreRow:
        return ScoreRow.of(
            path.architecture,
            context=self.context,
            path=path.key,
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
