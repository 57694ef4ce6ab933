"""Command lines as processes that a test can wait for, signal and kill."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

SERVER = Path(__file__).with_name("command_server.py")
ALL_KILLS = bool(os.environ.get("ESCALADE_ALL_KILLS"))  # many more moments at which runs are killed
THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")
ONE_THREAD = dict.fromkeys(THREADS, "1") | {"OMP_WAIT_POLICY": "PASSIVE"}
# Files after which runs of every kind are killed.
EVERYWHERE = ("plan.json", "evaluations.sqlite", "growth.json")
KILLED_AT = EVERYWHERE if ALL_KILLS else ("evaluations.sqlite",)
TIMEOUT = 900.0  # seconds after which something hangs, also on a busy machine
# A run of seconds: every stage, each as small as it can be.
TINY = {
    "dataset.limit": 60,
    "dataset.search_size": 6,
    "supernet.recipe.steps": 6,
    "supernet.recipe.batch_size": 16,
    "evaluation.recalibration_images": 32,
    "search.population": 4,
    "search.strategies": 3,
    "search.num_bases": 1,
    "retrain.recipe.steps": 4,
    "retrain.recipe.batch_size": 16,
    "retrain.taper": 0,
    "workers": 1,
}
NO_EXPORTS = {"export.onnx": False, "export.torch_export": False}


def settings(**changes: object) -> list[str]:
    """`--set` flags of the tiny run; a double underscore in a name stands for a dot."""
    changed = TINY | {key.replace("__", "."): value for key, value in changes.items()}
    return [part for key, value in changed.items() for part in ("--set", f"{key}={value}")]


def tiny_run(out: Path, *more: str, exports: bool = False, **changes: object) -> list[str]:
    """The command line of a tiny run on the embedded images."""
    flags = settings(**changes) if exports else settings(**NO_EXPORTS, **changes)
    return ["run", "--preset", "smoke", *flags, *more, "--out", str(out)]


@dataclass(frozen=True)
class Result:
    """How a command ended; a negative code is the signal that killed it."""

    code: int
    out: str
    err: str


class Running:
    """One command at work, in a process group of its own."""

    def __init__(self, server: subprocess.Popen, out: Path, err: Path) -> None:
        self._server, self._out, self._err = server, out, err
        self.pid = int(server.stdout.readline())
        self._code: int | None = None

    def kill(self) -> Result:
        """Kill the process and all it started, as the kernel or a power cut would."""
        with suppress(ProcessLookupError):  # it has just ended
            os.killpg(self.pid, signal.SIGKILL)
        return self.wait()

    def signal(self, number: int) -> None:
        os.kill(self.pid, number)

    def resume(self) -> None:
        """Let a process that stopped itself go on."""
        self.signal(signal.SIGCONT)

    def wait(self) -> Result:
        """Wait for the end."""
        if self._code is None:
            self.until(lambda: self.is_over)
            self._code = int(self._server.stdout.readline())
        return Result(self._code, self._out.read_text(), self._err.read_text())

    @property
    def is_waited_for(self) -> bool:
        return self._code is not None

    @property
    def is_over(self) -> bool:
        return _state(self.pid) == "Z"

    @property
    def is_stopped(self) -> bool:
        return _state(self.pid) == "T"

    @property
    def num_children(self) -> int:
        """Processes that it started and that run."""
        parents = (_after_name(int(path.name))[1] for path in Path("/proc").glob("[0-9]*"))
        return sum(parent == str(self.pid) for parent in parents)

    def until_stopped(self) -> None:
        """Wait until the process has stopped itself."""
        if not self.until(lambda: self.is_stopped):
            raise AssertionError(f"ended and did not stop: {self.wait().err}")

    def until(self, condition: Callable[[], bool]) -> bool:
        """Wait until something has happened; False if the command ended before."""
        end = time.monotonic() + TIMEOUT
        while not condition():
            if self.is_over:
                return condition()
            if time.monotonic() > end:
                self.kill()
                raise AssertionError("the command hangs")
            time.sleep(0.002)
        return True


class Commands:
    """Starts commands in forks of one process; one at a time."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        environment = os.environ | ONE_THREAD
        environment |= {"ESCALADE_CACHE": str(folder / "cache"), "COLUMNS": "200"}
        self._server = subprocess.Popen(
            [sys.executable, str(SERVER)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=environment,
            text=True,
        )
        assert self._server.stdout.readline() == "ready\n"
        self._num = 0
        self._last: Running | None = None

    def start(
        self,
        *arguments: object,
        folder: Path | None = None,
        environment: dict[str, str] | None = None,
        checkpoint_seconds: float | None = None,
        file_bytes: int | None = None,
        brief: bool = False,
        additive: bool = False,
        stops_at: str | Sequence[str] | None = None,
        moments: Sequence[object] | None = None,
    ) -> Running:
        """Start a command line.

        Args:
            folder: where it runs.
            environment: more variables.
            checkpoint_seconds: between saves, where it is not to be the default.
            file_bytes: no file may grow beyond this.
            brief: times trainings and layers for moments, where it does not matter how well.
            additive: latencies are those of a made-up device, on every machine the same.
            stops_at: stops itself (SIGSTOP) when it has put a file of such a name in its place,
                whatever the machine's speed; at its start if it is empty. Several names are waited
                for one after the other.
            moments: arguments of `crash_points.install`: the run, a log, where to die or None.
        """
        if self._last is not None and not self._last.is_waited_for:
            self._last.kill()  # left behind by a test that failed
        self._num += 1
        out, err = (self.folder / f"{self._num}.{name}" for name in ("stdout", "stderr"))
        out.touch(), err.touch()
        request = {
            "arguments": [str(argument) for argument in arguments],
            "folder": str(folder or self.folder),
            "environment": environment or {},
            "stdout": str(out),
            "stderr": str(err),
            "checkpoint_seconds": checkpoint_seconds,
            "file_bytes": file_bytes,
            "brief": brief,
            "additive": additive,
            "stops_at": stops_at,
            "moments": None if moments is None else [*map(str, moments[:2]), moments[2]],
        }
        self._server.stdin.write(json.dumps(request) + "\n")
        self._server.stdin.flush()
        self._last = Running(self._server, out, err)
        return self._last

    def stopped(self, run: Path, name: str, *arguments: object, **options: object) -> Running:
        """A command that has just put a file in its place, or is about to start if it is there.

        Args:
            run: where it puts the file.
            name: of the file, which may be a pattern; empty for none.
            arguments, options: as for `start`.
        """
        begun = not name or any(run.glob(name))
        running = self.start(*arguments, stops_at="" if begun else name, **options)
        running.until_stopped()
        return running

    def killed_soon_after(self, run: Path, name: str, *arguments: object) -> None:
        """Kill a command some moments after a file has begun to be there."""
        running = self.start(*arguments, checkpoint_seconds=0)
        assert running.until((run / name).exists)
        time.sleep(random.Random(name).uniform(0, 0.3))
        assert running.kill().code in (-signal.SIGKILL, 0)

    def __call__(self, *arguments: object, **options: object) -> Result:
        """Run a command line to its end."""
        return self.start(*arguments, **options).wait()

    def close(self) -> None:
        if self._last is not None and not self._last.is_waited_for:
            self._last.kill()
        self._server.stdin.close()
        self._server.wait(TIMEOUT)
        self._server.stdout.close()


def _state(pid: int) -> str:
    """A letter as in ps: T is stopped, Z has ended; so has what is no more."""
    return _after_name(pid)[0]


def _after_name(pid: int) -> list[str]:
    """State, parent and more of a process, as in /proc/PID/stat after its name."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()
    except OSError:
        return ["Z", ""]


def tell(request: pytest.FixtureRequest, text: str) -> None:
    """Write a line of a test's own to the terminal, whatever is captured."""
    with request.config.pluginmanager.getplugin("capturemanager").global_and_fixture_disabled():
        sys.stdout.write(f"\n{text}\n")


def promised(run: Path) -> dict[str, bytes]:
    """The files that equal runs write byte for byte."""
    files = [run / "family" / "family.json", *sorted(run.glob("family/*/model.safetensors"))]
    return {str(file.relative_to(run)): file.read_bytes() for file in files}
