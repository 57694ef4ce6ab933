"""Command lines that are almost right are answered, begun, or refused in a few words."""

from __future__ import annotations

import re
import shutil

import mutations
import pytest
from given import GOLDEN, lines
from hypothesis import given, settings
from seam import check_refusal, command, setting_names

LINES = lines()
FLAGS = sorted({word for words in LINES for word in words if word.startswith("--")})
NAMES = [*setting_names(), "RUN", "ARCH", "SPACE", "COMMAND", "command"]
MOST_PATHS = 200


@pytest.fixture(scope="module", autouse=True)
def inputs(tmp_path_factory):
    """A folder to work in, with the files that commands name."""
    folder = tmp_path_factory.mktemp("commands")
    for name in ("inputs", "runs"):
        shutil.copytree(GOLDEN / name, folder / name)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setenv("ESCALADE_CACHE", str(folder / "cache"))
        yield


@given(mutations.commands(LINES, [*FLAGS, *setting_names()]))
@settings(max_examples=900, derandomize=True, database=None)
def test_commands(words):
    words = _quick(words)
    ended = command(words)
    if ended.code or not ended.begun:
        assert ended.code == 0 or ended.out == ""
    if ended.code:
        parts = [part for word in words for part in (word, *re.split("[=:]", word))]
        check_refusal(ended.code, ended.err, names=[*parts, *NAMES])


def _quick(words):
    """Few paths where they are drawn, and errors as users see them."""
    words = [word for word in words if word != "--debug"]
    for i, word in enumerate(words):
        if word.isdecimal() and words[i - 1] == "--num-paths":
            words[i] = str(min(int(word), MOST_PATHS))
    return [word for word in words if not word.startswith("--num-paths=")] or ["plan"]
