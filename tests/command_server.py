"""Runs command lines in forks of a process that has everything imported and read.

A fork takes milliseconds where an import takes seconds, so that a run can be killed many times.
Requests come as JSON lines on stdin; for each, the child's process id goes to stdout, and its exit
status when it has ended.
"""

from __future__ import annotations

import functools
import gc
import importlib
import json
import os
import pkgutil
import resource
import signal
import sys
import tempfile
import traceback
from collections.abc import Callable
from pathlib import Path


def main() -> None:
    _import_everything()
    _read_what_never_changes()
    gc.freeze()  # what is here now is no garbage of a child's
    from escalade.cli import main as command_line

    sys.stdout.write("ready\n")
    sys.stdout.flush()
    while line := sys.stdin.readline():
        request = json.loads(line)
        child = os.fork()
        if child == 0:
            os.setsid()
            _redirect(request)
            _prepare(request)
            _end(command_line, request["arguments"])
        sys.stdout.write(f"{child}\n")
        sys.stdout.flush()
        _, status = os.waitpid(child, 0)
        sys.stdout.write(f"{os.waitstatus_to_exitcode(status)}\n")
        sys.stdout.flush()


def _import_everything() -> None:
    import escalade

    for module in pkgutil.walk_packages(escalade.__path__, "escalade."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)


def _read_what_never_changes() -> None:
    """The demo's images, plotly.js and the report's templates, which take a run's half."""
    from escalade.data import fashion_mnist
    from escalade.report import document

    fashion_mnist.read_idx = functools.cache(fashion_mnist.read_idx)
    for path in fashion_mnist.EMBEDDED.glob("*.xz"):
        fashion_mnist.read_idx(path)
    document._plotly()
    for name in document._environment().list_templates(extensions=["j2"]):
        document._environment().get_template(name)


def _end(command_line: Callable[[list[str]], None], arguments: list[str]) -> None:
    """Run to the end; taking a copy of an interpreter apart would take as long as an import."""
    code = 1
    try:
        command_line(arguments)
    except SystemExit as error:
        code = int(error.code or 0)
    except BaseException:
        traceback.print_exc()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def _redirect(request: dict) -> None:
    for number, name in ((1, "stdout"), (2, "stderr")):
        file = os.open(request[name], os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(file, number)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)


def _prepare(request: dict) -> None:
    """What a test wants to be different in the child."""
    os.environ.update(request["environment"])
    tempfile.tempdir = None
    os.chdir(request["folder"])
    if request["checkpoint_seconds"] is not None:
        from escalade.family.trainings.making import Workplace
        from escalade.train.loop import train

        for function in (train, Workplace.__init__):
            function.__kwdefaults__["checkpoint_seconds"] = request["checkpoint_seconds"]
    if request["brief"]:
        from escalade.evaluate.timing import part_times
        from escalade.planning import device_times

        device_times.SUPERNET_SECONDS, device_times.MEMBER_SECONDS = 0.1, 0.02
        part_times.SECONDS = 1.0
    if request["additive"]:
        from additive_device import Additive
        from escalade.evaluate.timing.part_times import TurnTimer

        device = Additive(overhead=1e-4)
        TurnTimer.__call__ = lambda _, modules: device(modules)
    if request["file_bytes"] is not None:  # the kernel refuses to write more, as on a full disk
        resource.setrlimit(resource.RLIMIT_FSIZE, (request["file_bytes"],) * 2)
    if request["moments"] is not None:
        import crash_points

        run, log, stop_at = request["moments"]
        crash_points.install(Path(run), log=Path(log), stop_at=stop_at)
    if request["stops_at"] == "":
        signal.raise_signal(signal.SIGSTOP)
    elif request["stops_at"] is not None:
        names = request["stops_at"]
        _stop_at([names] if isinstance(names, str) else names)


def _stop_at(patterns: list[str]) -> None:
    """Stop once for each, when a file that matches has been put in its place."""
    replace, waiting = os.replace, list(patterns)

    def replacing(source: Path, target: Path) -> None:
        replace(source, target)
        if waiting and Path(target).match(waiting[0]):
            waiting.pop(0)
            signal.raise_signal(signal.SIGSTOP)

    os.replace = replacing


if __name__ == "__main__":
    main()
