"""Command lines that are almost right are answered, begun, or refused in a few words."""

from __future__ import annotations

import re
import shutil

import mutations
import pytest
from given import GOLDEN, lines
from hypothesis import assume, given, settings
from seam import check_refusal, command, setting_names

LINES = lines()
KNOWN = sorted({word for words in LINES for word in words if word.startswith("--")})
KNOWN += sorted(setting_names())
NAMES = [*setting_names(), "RUN", "ARCH", "SPACE", "COMMAND", "command"]
MOST_PATHS = 200


@pytest.fixture(scope="module", autouse=True)
def folder(tmp_path_factory):
    """A folder to work in, with the files that commands name."""
    made = tmp_path_factory.mktemp("commands")
    for name in ("inputs", "runs"):
        shutil.copytree(GOLDEN / name, made / name)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(made)
        patch.setenv("ESCALADE_CACHE", str(made / "cache"))
        yield made


def quick(line):
    """Few paths where paths are drawn, and errors as users see them."""
    line = [word for word in line if word != "--debug" and not word.startswith("--num-paths=")]
    for i, word in enumerate(line):
        if word.isdecimal() and line[i - 1] == "--num-paths":
            line[i] = str(min(int(word), MOST_PATHS))
    return line or ["plan"]


def check(line, ended):
    assert ended.out == ""
    words = [part for word in line for part in (word, *re.split("[=:]", word))]
    in_python = [word.lstrip("-") for word in words if word.strip("-")]
    check_refusal(ended.code, ended.err, names=[*words, *in_python, *NAMES])


@given(mutations.commands(LINES, KNOWN).map(quick))
@settings(max_examples=10, derandomize=True, database=None)
def test_a_few_in_one_process(line):
    ended = command(line)
    if ended.code:
        check(line, ended)


@pytest.mark.slow
@given(mutations.commands(LINES, KNOWN).map(quick))
@settings(max_examples=900, derandomize=True, database=None)
def test_in_one_process(line):
    ended = command(line)
    if ended.code:
        check(line, ended)


@pytest.mark.slow
@given(line=mutations.commands(LINES, KNOWN).map(quick))
@settings(max_examples=50, derandomize=True, database=None)
def test_as_real_commands(commands, folder, line):
    assume(command(line).code)
    check(line, commands(*line, folder=folder))
