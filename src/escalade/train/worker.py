"""A worker process of the pool, seen from both ends of its pipe."""

from __future__ import annotations

import multiprocessing
import os
import pickle
import signal
import sys
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path
from types import FrameType, ModuleType
from typing import Any, Protocol, TypeVar

import torch
from torch import Tensor

from escalade.train.allocator import A_WORKER, heap
from escalade.train.interrupt import Interrupted, is_asking
from escalade.train.parents import end_with_pool

Job = TypeVar("Job", contravariant=True)
Result = TypeVar("Result", covariant=True)
END_SECONDS = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """What a running job may ask and tell: whether to stop, and any value as progress."""

    should_stop: Callable[[], bool]
    report: Callable[[Any], None]


class WorkerTask(Protocol[Job, Result]):
    """What the workers of a pool do; pickled once for each of them."""

    def setup(self, shared: Mapping[str, Tensor]) -> Any:
        """Make, once a worker, what its jobs share."""
        ...

    def run(self, state: Any, job: Job, link: Link) -> Result:
        """Do one job."""
        ...


class Worker:
    """The parent's end."""

    def __init__(self, process: BaseProcess, connection: Connection, *, num: int) -> None:
        self.connection = connection
        self.is_ready = False
        self._process = process
        self._num = num
        self._is_told = False

    def send(self, message: tuple[str, Any]) -> None:
        self._is_told = False
        with suppress(BrokenPipeError):  # `receive` finds out
            self.connection.send(message)

    def receive(self) -> tuple[str, Any]:
        """A (kind, value): ready, memory, report, result or error. A dead worker is an error."""
        try:
            message: tuple[str, Any] = self.connection.recv()
        except (EOFError, OSError):  # also in the middle of a message
            self._process.join(END_SECONDS)
            code = self._process.exitcode or 0
            if code in (-signal.SIGTERM, 128 + signal.SIGTERM):
                return "error", Interrupted("a worker process was terminated")
            how = f"killed by signal {-code}" if code < 0 else f"ended with code {code}"
            return "error", RuntimeError(
                f"a worker process was {how}, perhaps for lack of memory\n"
                f"use fewer workers (now {self._num})"
            )
        return message

    def stop(self) -> None:
        """Stop the running job, once: one that asks (`train.interrupt.asking`) saves first."""
        if not self._is_told:
            self._is_told = True
            self._process.terminate()

    def end(self) -> None:
        """End the process: at once if it is idle, else by force."""
        self.connection.close()
        self._process.kill()
        self._process.join()
        self._process.close()


def start_worker(
    work: WorkerTask[Any, Any], file: Path, *, num: int, memory: int | None = None
) -> Worker:
    """Start a process for `work` with the shared tensors of `file`.

    Args:
        file: of the shared tensors.
        num: workers there are, for messages.
        memory: private bytes that it may hold between two steps or jobs; None for any.
    """
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_main, args=(work, str(file), theirs, memory), daemon=True)
    with _without_main_module(), _without_interrupts():
        process.start()
    theirs.close()
    return Worker(process, ours, num=num)


@contextmanager
def _without_main_module() -> Iterator[None]:
    """Keep spawn from importing the user's script again in the child."""
    main = sys.modules["__main__"]
    sys.modules["__main__"] = ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = main


@contextmanager
def _without_interrupts() -> Iterator[None]:
    """Start children deaf to Ctrl-C, which the terminal sends to them as well."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _main(
    work: WorkerTask[Any, Any], file: str, connection: Connection, memory: int | None
) -> None:
    """The child's end: one job after the other until the pipe closes."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    child = _Child(connection)
    signal.signal(signal.SIGTERM, child.on_terminate)
    end_with_pool()
    torch.set_num_threads(1)
    heap.watch(memory, say=lambda text: connection.send(("memory", text)), whose=A_WORKER)
    with suppress(EOFError, BrokenPipeError, ConnectionResetError):
        child.serve(work, file)


class _Child:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._is_busy = False
        self._is_stopped = False
        self._link = Link(
            should_stop=self._should_stop,
            report=lambda value: connection.send(("report", value)),
        )

    def on_terminate(self, number: int, frame: FrameType | None) -> None:
        """A job that asks is asked to stop; any other ends at once, and so does an idle worker."""
        if not self._is_busy or not is_asking():
            os._exit(128 + number)
        self._is_stopped = True

    def serve(self, work: WorkerTask[Any, Any], file: str) -> None:
        state = None
        while True:
            _, job = self._connection.recv()
            self._is_busy = True
            try:
                if state is None:
                    shared = torch.load(file, mmap=True, weights_only=True)
                    state = work.setup(shared)
                    self._connection.send(("ready", None))
                self._connection.send(("result", work.run(state, job, self._link)))
            except Exception as error:
                self._connection.send(("error", _portable(error)))
            self._is_busy = False
            heap.stay_within()
            if self._is_stopped:
                return

    def _should_stop(self) -> bool:
        return self._is_stopped


def _portable(error: Exception) -> Exception:
    """The same error, with its traceback as a note, in a form that pickles."""
    try:
        pickle.loads(pickle.dumps(error))
    except Exception:  # whatever a foreign exception class does
        error = RuntimeError(f"{type(error).__name__}: {error}")
    error.add_note(traceback.format_exc())
    return error
