"""Files of a finished run as a stranger may have left them, and every verb that reads them."""

from __future__ import annotations

import contextlib
import copy
import json
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

import hypothesis.strategies as st
import mutations
import yaml
from seam import Begun, Ended, ended, limited_time

import escalade

VERBS: tuple[tuple[str, ...], ...] = (
    ("cost", "run/family/S0", "--layers"),
    ("latency", "run/family/S0", "--repeats", "1"),
    ("report", "run"),
    ("train", "run"),
    ("search", "run"),
    ("grow", "run"),
    ("grow", "run", "--to", "3M"),
    ("retrain", "run"),
    ("retrain", "run", "--member", "S0", "--data", "demo"),
    ("export", "run"),
    ("analyse", "run", "--arms", "scratch"),
    ("plan", "--config", "run/config.yaml"),
    ("run", "--config", "run/config.yaml", "--out", "run"),
    ("space", "run/space.json", "--num-paths", "20"),
    ("compare", "run/family/S0", "run/family/S1"),
    ("scale", "run/family/S0", "--by", "2"),
    ("quantise", "run"),
    ("audit", "run", "--networks", "2"),
    ("plan", "--data", "demo", "--from", "run/family/S0", "--budgets", "2M,4M"),
    ("load", "run"),
    ("load", "run/family/S0"),
)
# Names of what takes long.
WORK = ("train", "measure_many", "time_networks", "export_member", "quantise")
# What may be gone, so that a verb makes it again from what was changed.
UNMADE = ("", "", "growth.json", "family", "latency.json")
PATHS = ("../../outside", "/tmp/outside", "..", "a/b", "x" * 300, "S\0", ".report.html", "\x1b[2J")


def readers(name: str) -> list[tuple[str, ...]]:
    """Verbs that read a file."""
    of_a_member = name.startswith("family/S")
    if name == "config.yaml":
        return [words for words in VERBS if "run" in words[1:] or "run/config.yaml" in words]
    if name == "space.json":
        return [words for words in VERBS if "run" in words[1:] or "run/space.json" in words]
    return [
        words
        for words in VERBS
        if "run" in words[1:]
        or (of_a_member and any(word.startswith("run/family") for word in words))
    ]


def fields(content: Any) -> list[tuple[Any, ...]]:
    """Paths of the values in a file's content, of a list's entries that of the first alone."""
    found: dict[tuple[Any, ...], None] = {}

    def below(value: Any, path: tuple[Any, ...]) -> None:
        if path:
            found[path] = None
        if isinstance(value, dict):
            for key, each in value.items():
                below(each, (*path, key))
        elif isinstance(value, list) and value:
            below(value[0], (*path, 0))

    below(content, ())
    return list(found)


def put(content: Any, path: tuple[Any, ...], value: Any) -> None:
    """Put a value at a path of a file's content."""
    *before, last = path
    for key in before:
        content = content[key]
    content[last] = value


def remove(path: Path) -> None:
    """Take away a file or a folder."""
    shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)


def changed(draw: Callable[..., Any], content: Any) -> Any:
    """JSON with one to three of its values replaced, taken away, doubled or added to."""
    for _ in range(draw(st.integers(1, 3))):
        places = list(mutations.all_places(content))
        if not places:
            return draw(mutations.values)
        place, key = draw(st.sampled_from(places))
        kind = draw(st.sampled_from(("value", "value", "value", "path", "drop", "more", "swap")))
        if kind == "drop":
            del place[key]
        elif kind == "path":
            place[key] = draw(st.sampled_from(PATHS))
        elif kind == "more" and isinstance(place[key], dict):
            place[key][draw(mutations.texts)] = draw(mutations.values)
        elif kind == "more" and isinstance(place[key], list):
            place[key] += copy.deepcopy(place[key]) or [draw(mutations.values)]
        elif kind == "swap":
            other, at = draw(st.sampled_from(places))
            place[key] = copy.deepcopy(other[at])
        else:
            place[key] = draw(mutations.values)
    return content


def as_json(content: Any) -> str:
    """Its text, whatever Python calls keys and values."""
    return json.dumps(_plain(content))


def _plain(content: Any) -> Any:
    if isinstance(content, dict):
        return {str(key): _plain(value) for key, value in content.items()}
    if isinstance(content, list):
        return [_plain(value) for value in content]
    return content if isinstance(content, int | float | str | None) else str(content)


@dataclass
class Writes:
    """Paths that were opened to be written, renamed to, made or removed while it listened."""

    paths: list[str]
    is_on: bool = False

    def __call__(self, event: str, arguments: tuple[Any, ...]) -> None:
        if not self.is_on:
            return
        if event == "open" and isinstance(arguments[0], str | bytes | os.PathLike):
            mode, flags = arguments[1], arguments[2]
            is_read = isinstance(flags, int) and flags & 3 == os.O_RDONLY
            if not is_read or (isinstance(mode, str) and set(mode) & set("wax+")):
                self.paths.append(os.fspath(arguments[0]))
        elif event in ("os.rename", "os.link", "os.symlink"):
            self.paths.append(os.fspath(arguments[1]))
        elif event in ("os.mkdir", "os.remove", "os.rmdir"):
            self.paths.append(os.fspath(arguments[0]))


WRITES = Writes([])
sys.addaudithook(WRITES)


@contextlib.contextmanager
def only_writes_in(*folders: Path) -> Iterator[None]:
    """An error where anything is written elsewhere, links followed."""
    WRITES.paths, WRITES.is_on = [], True
    try:
        yield
    finally:
        WRITES.is_on = False
    for path in {str(each) for each in WRITES.paths if each != os.devnull}:
        real = Path(os.path.realpath(path))
        assert any(real.is_relative_to(folder.resolve()) for folder in folders), path


def command(*arguments: str) -> Ended:
    """A command in this process; where networks would be trained, timed or exported, it stops.

    `load` is Python's, and answers with its errors as a command does.
    """
    return _loaded(*arguments[1:]) if arguments[0] == "load" else ended(arguments, _brief())


def _loaded(folder: str) -> Ended:
    with _brief():
        try:
            escalade.load(folder)
        except ValueError as error:
            return Ended(2, "", f"escalade: {error}\n")
    return Ended(0, "", "")


@contextlib.contextmanager
def _brief() -> Iterator[None]:
    def begin(*_: object, **__: object) -> None:
        raise Begun

    with contextlib.ExitStack() as stack:
        for module in list(sys.modules.values()):
            name = getattr(module, "__name__", "")
            if name.startswith("escalade."):
                for attribute in WORK:
                    if callable(found := getattr(module, attribute, None)) and _is_work(found):
                        stack.enter_context(mock.patch.object(module, attribute, begin))
        stack.enter_context(limited_time())
        yield


def _is_work(found: Callable[..., Any]) -> bool:
    """Whether it is what takes long, not a stage of the same name."""
    return getattr(found, "__module__", "").split(".")[1:2] in (["train"], ["evaluate"], ["family"])


def read(run: Path, name: str) -> Any:
    """A file's content."""
    text = (run / name).read_text()
    return yaml.safe_load(text) if name.endswith(".yaml") else json.loads(text)


def copied(run: Path, to: Path) -> Path:
    """A copy that a command may change."""
    shutil.rmtree(to, ignore_errors=True)
    return Path(shutil.copytree(run, to, symlinks=True))
