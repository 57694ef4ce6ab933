"""Independent jobs in processes of one thread each: 1.4 times one process of two threads.

Every job runs with one thread wherever it runs, so results depend neither on the number of
workers nor on which of them takes a job; but for jobs that run here, with the threads asked for.
"""

from __future__ import annotations

import math
import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any, Generic, TypeVar, cast

import torch
from torch import Tensor

from escalade.artefacts.locks import let_go, temporary_file
from escalade.train.allocator import A_WORKER, heap
from escalade.train.interrupt import Interrupted, asking
from escalade.train.runtime import limit_threads
from escalade.train.worker import Link, Worker, WorkerTask, start_worker

Job = TypeVar("Job")
Result = TypeVar("Result")
POLL_SECONDS = 0.2
STOP_SECONDS = 60.0  # that running jobs have to end a step and save, when they are asked to


class WorkerPool(Generic[Job, Result]):
    """Worker processes that start with the first jobs and keep what `work.setup` made.

    Workers are started afresh (spawn) without importing the main module, so scripts need no
    `if __name__ == "__main__"`. They die with this process, ignore Ctrl-C, and stop when asked.

    Args:
        work: what workers do; a value that pickles.
        num_workers: processes; at most 1 runs the jobs here.
        shared: tensors given to `work.setup`; all workers map one copy.
        memory: private bytes that a worker may hold between two steps or jobs; None for any.
        threads: of jobs that run here; None leaves this process its own.
    """

    def __init__(
        self,
        work: WorkerTask[Job, Result],
        *,
        num_workers: int,
        shared: Mapping[str, Tensor] | None = None,
        memory: int | None = None,
        threads: int | None = 1,
    ) -> None:
        self._memory = memory
        self._work = work
        self._num_workers = num_workers
        self._shared = dict(shared or {})
        self._threads = threads
        self._workers: list[Worker] = []
        self._file: tuple[int, Path] | None = None  # locked while it is needed
        self._state: Any = None

    def run(
        self,
        jobs: Sequence[Job],
        *,
        needs: Sequence[int | None] = (),
        on_report: Callable[[int, Any], None] | None = None,
        should_stop: Callable[[], bool] | None = None,
    ) -> Iterator[tuple[int, Result]]:
        """Yield (index of the job, result) as jobs end, in any order.

        Args:
            jobs: values that pickle.
            needs: for each job the index of an earlier one whose result must have been taken
                before it starts, or None; none at all where nothing is said.
            on_report: gets (index of the job, value) for what jobs report through their link.
            should_stop: asked while waiting and passed on to running jobs.

        Raises:
            Interrupted: `should_stop` said so; running jobs have ended or stopped.
            Exception: what a job raised, after the others have stopped.
        """
        report = on_report or (lambda index, value: None)
        stop = should_stop or (lambda: False)
        if self._num_workers <= 1:
            yield from self._run_here(jobs, report, stop)
            return
        with nullcontext() if should_stop is None else asking():
            yield from self._run_in_workers(jobs, needs or [None] * len(jobs), report, stop)

    def close(self) -> None:
        for worker in self._workers:
            worker.end()
        self._workers.clear()
        self._forget_file()

    def __enter__(self) -> WorkerPool[Job, Result]:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _run_here(
        self, jobs: Sequence[Job], report: Callable[[int, Any], None], stop: Callable[[], bool]
    ) -> Iterator[tuple[int, Result]]:
        for index, job in enumerate(jobs):
            if stop():
                raise Interrupted("stopped")
            with limit_threads(self._threads):
                if self._state is None:
                    self._state = self._work.setup(self._shared)
                link = Link(should_stop=stop, report=lambda value, i=index: report(i, value))  # type: ignore[misc]
                result = self._work.run(self._state, job, link)
            heap.stay_within()
            yield index, result

    def _run_in_workers(
        self,
        jobs: Sequence[Job],
        needs: Sequence[int | None],
        report: Callable[[int, Any], None],
        stop: Callable[[], bool],
    ) -> Iterator[tuple[int, Result]]:
        self._start(min(self._num_workers, len(jobs)))
        waiting, ended = list(range(len(jobs))), set[int | None]([None])
        busy: dict[Connection, tuple[Worker, int]] = {}
        failure: Exception | None = None
        asked = math.inf
        try:
            while (waiting or busy) and time.monotonic() - asked < STOP_SECONDS:
                taken = {worker.connection for worker, _ in busy.values()}
                for worker in self._workers:
                    free = worker.connection not in taken
                    index = next((i for i in waiting if needs[i] in ended), None)
                    if free and index is not None:
                        waiting.remove(index)
                        worker.send(("job", jobs[index]))
                        busy[worker.connection] = (worker, index)
                for ready in wait(list(busy), timeout=POLL_SECONDS):
                    connection = cast("Connection", ready)
                    worker, index = busy[connection]
                    kind, value = worker.receive()
                    if kind == "report":
                        report(index, value)
                    elif kind == "memory":
                        heap.tell(value, about=A_WORKER)
                    elif kind == "ready":
                        worker.is_ready = True
                        if all(each.is_ready for each in self._workers):
                            self._forget_file()
                    else:
                        del busy[connection]
                        if kind == "result":
                            yield index, value
                            ended.add(index)
                        else:
                            failure = _first(failure, value)
                if failure is None and stop():
                    failure = Interrupted("stopped")
                if failure is not None:
                    asked = min(asked, time.monotonic())
                    waiting.clear()
                    for worker, _ in busy.values():
                        worker.stop()
        finally:
            if busy or failure is not None:
                self.close()
        if failure is not None:
            raise failure

    def _start(self, num: int) -> None:
        while len(self._workers) < num:
            if self._file is None:
                self._file = _save(self._shared)
            self._workers.append(
                start_worker(self._work, self._file[1], num=self._num_workers, memory=self._memory)
            )

    def _forget_file(self) -> None:
        if self._file is not None:  # workers keep their mapping of it
            handle, path = self._file
            let_go(handle, path)
            self._file = None


def _save(shared: Mapping[str, Tensor]) -> tuple[int, Path]:
    # A file, because shared memory is limited to 64 MB in many containers.
    handle, path = temporary_file("escalade-", ".pt")
    with os.fdopen(handle, "wb", closefd=False) as file:
        torch.save({key: tensor.cpu() for key, tensor in shared.items()}, file)
    return handle, path


def _first(failure: Exception | None, new: Exception) -> Exception:
    """The failure to raise: the first, but an error rather than an interruption."""
    if failure is None or (isinstance(failure, Interrupted) and not isinstance(new, Interrupted)):
        return new
    return failure
