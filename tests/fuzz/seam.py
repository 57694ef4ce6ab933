"""Commands and settings as far as parsing and resolving; where work would begin, they stop.

What these tests know of the package stands here.
"""

from __future__ import annotations

import contextlib
import io
import re
import signal
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any
from unittest import mock

from escalade import api, cli
from escalade.api.beginning import begin
from escalade.artefacts import files
from escalade.artefacts.run_folder import RunFolder
from escalade.config import Config, resolve
from escalade.core.values.plain import one_line
from escalade.train.runtime import Runtime

MOST_SECONDS = 5.0  # of CPU: whatever is given is read faster
MOST_LINES, MOST_CHARACTERS = 3, 400  # a list of all settings has as many


class Begun(BaseException):
    """All is resolved: from here on it would be work."""


@dataclass(frozen=True)
class Ended:
    """How a command ended; `begun` says that it was right, and stopped before its work."""

    code: int
    out: str
    err: str
    begun: bool = False


def command(arguments: Sequence[str]) -> Ended:
    """A command line in this process, without its work."""
    return ended(arguments, _without_work())


def ended(arguments: Sequence[str], limits: contextlib.AbstractContextManager[None]) -> Ended:
    """How a command line ends in this process, within limits that may raise `Begun`."""
    out, err = io.StringIO(), io.StringIO()
    with limits, contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            cli.main(arguments)
        except SystemExit as end:
            return Ended(int(end.code or 0), out.getvalue(), err.getvalue())
        except Begun:
            return Ended(0, out.getvalue(), err.getvalue(), begun=True)
    raise AssertionError("a command ends the process")


def resolved(*layers: Mapping[str, Any]) -> Config:
    """What a run makes of its settings before it looks at images.

    Raises:
        ValueError: for what cannot be.
    """
    with limited_time():
        given = resolve(*layers)
        runtime = begin.make_runtime(replace(given, threads=1))
        if given.budget_kind == "latency":  # of which spaces may be chosen by measuring
            return given
        return begin.resolved(given, folder=RunFolder(Path()), runtime=runtime).config


def setting_names() -> set[str]:
    """The paths of all settings."""

    def below(values: Mapping[str, Any], path: str) -> Iterator[str]:
        for key, value in values.items():
            yield path + key
            if isinstance(value, dict):
                yield from below(value, f"{path}{key}.")

    return set(below(asdict(Config()), ""))


def check_refusal(code: int, message: str, *, names: Iterable[str]) -> None:
    """A refusal is one to three lines that name what is wrong by one of these names."""
    assert code == 2, message
    lines = message.splitlines()
    assert 1 <= len(lines) <= MOST_LINES, message
    assert max(map(len, lines)) <= MOST_CHARACTERS, message
    for noise in ("Traceback", "<class", "object at 0x"):
        assert noise not in message, message
    text = message.removeprefix("escalade: ")
    assert any(_is_named(name, text) for name in names), message


def _is_named(name: str, text: str) -> bool:
    """Whether it stands there, as it is or as Python writes it; of a long one, its beginning."""
    if repr(name)[:30] in text or one_line(name)[:30] in text:
        return True
    first = next(iter(name.splitlines()), "")[:30] or "."  # what is not given is here
    return re.search(rf"(?<!\w){re.escape(first)}", text) is not None


@contextlib.contextmanager
def limited_time() -> Iterator[None]:
    """An error where something hangs."""

    def stop(*_: object) -> None:
        raise AssertionError(f"more than {MOST_SECONDS} s of CPU")

    before = signal.signal(signal.SIGPROF, stop)
    signal.setitimer(signal.ITIMER_PROF, MOST_SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


@contextlib.contextmanager
def _without_work() -> Iterator[None]:
    """Runs stop once they are resolved, timings once there is a device, files before a write."""
    with (
        mock.patch.object(api, "run", _resolve_and_begin),
        mock.patch.object(api, "plan", _resolve_and_begin),
        mock.patch.object(Runtime, "__init__", _device(Runtime.__init__)),
        mock.patch.object(files, "write_atomically", _begin),
        limited_time(),
    ):
        yield


def _resolve_and_begin(layers: Sequence[Mapping[str, Any]], **_: object) -> None:
    resolved(*layers)
    raise Begun


def _begin(*_: object, **__: object) -> None:
    raise Begun


def _device(init: Callable[..., None]) -> Callable[..., None]:
    """Devices and threads are checked, and not used."""

    def made(self: Runtime, *, threads: int | None = None, **given: Any) -> None:
        init(self, threads=threads and min(threads, 1), **given)
        raise Begun

    return made
