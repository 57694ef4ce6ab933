"""Runs every row of docs/explanation/papers.md that takes minutes, and checks what shows it.

`make papers` runs it; no other command collects it, since it takes 17 minutes on one busy core.
"""

from __future__ import annotations

import os
import re
import shlex
from pathlib import Path

import pytest
from checks import CHECKS
from seeing import Seen

from paper_rows import commands_to_run
from running import NO_EXPORTS, Commands

MAKES = re.compile(r"--out (runs/\w+)")
FIRST = "runs/smoke"  # which is exported, too


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where all rows run: later ones look at what earlier ones made.

    A folder that ESCALADE_PAPERS names stays, so that rows can be run a few at a time.
    """
    named = os.environ.get("ESCALADE_PAPERS")
    if named is None:
        return tmp_path_factory.mktemp("papers")
    Path(named).mkdir(exist_ok=True)
    return Path(named)


def words(command: str) -> list[str]:
    """Arguments of a command line; of a run without exports, which take longer than it does."""
    made, (_, *given) = MAKES.search(command), shlex.split(command)
    if given[0] != "run" or (made and made[1] == FIRST):
        return given
    flags = [part for key, value in NO_EXPORTS.items() for part in ("--set", f"{key}={value}")]
    return [*given, *flags]


def needs(command: str) -> list[str]:
    """Runs that a command looks at, and those that its check compares it with."""
    own = MAKES.search(command)
    named = set(re.findall(r"runs/\w+", command)) | ({FIRST} if "coupled" in command else set())
    named |= {"runs/fair"} if "identity=plain" in command else set()
    return sorted(named - ({own[1]} if own else set()))


def maker(folder: str) -> str:
    """The row's command that makes a run."""
    return next(each for each in commands_to_run() if f"--out {folder}" in each)


def name(command: str) -> str:
    """What a row is called on the command line: the folder that it makes, or its first words."""
    made = MAKES.search(command)
    return made[1] if made else command.removeprefix("escalade ")[:60]


@pytest.mark.slow
@pytest.mark.parametrize("command", commands_to_run(), ids=name)
def test_the_output_shows_the_row(commands: Commands, place: Path, command: str) -> None:
    for folder in needs(command):
        if not (place / folder / "report.html").exists():
            made = commands(*words(maker(folder)), folder=place)
            assert made.code == 0, made.err
    ended = commands(*words(command), folder=place)
    assert ended.code == 0, ended.err
    CHECKS[command](Seen(place, ended.out + ended.err))
