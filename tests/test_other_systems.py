"""Systems that are not POSIX, as far as one that is can show: imports, locks, files, workers."""

from __future__ import annotations

import ast
import json
import os
import pkgutil
import subprocess
import sys
from pathlib import Path

import pytest

import escalade
import other_system
from escalade.data.listing.listing import _by_letter
from test_house import trees


@pytest.fixture(scope="module")
def told(tmp_path_factory):
    """What a process found in which all that POSIX alone has is hidden."""
    folder = tmp_path_factory.mktemp("other")
    result = subprocess.run(
        [sys.executable, other_system.__file__, folder],
        capture_output=True,
        text=True,
        env=os.environ | {"TMPDIR": str(tmp_path_factory.mktemp("temporary"))},
        timeout=300,
        check=False,
    )
    assert result.returncode == 0, result.stderr[-3000:]
    return json.loads(result.stdout.splitlines()[-1])


def test_every_module_can_be_imported(told):
    names = [each.name for each in pkgutil.walk_packages(escalade.__path__, "escalade.")]
    assert told["imported"] == [str(len(set(names) - set(other_system.NOT_IMPORTED)))]
    assert len(names) > 300


def test_a_folder_is_owned_without_locks_and_that_is_said(told):
    (line,) = told["said"]
    assert "no locks on this file system" in line
    assert told["left"] == [".escalade", "lines", "text"]
    assert told["text"] == "two\n"


def test_temporary_folders_of_the_living_are_kept_and_all_are_gone_at_last(told):
    assert told["kept"]
    assert told["gone"]


def test_what_the_system_does_not_tell_is_not_known(told):
    assert (told["peak"], told["heap"]) == (0, True)
    assert told["cores"] == os.cpu_count()
    assert told["memory"] == 1 << 62


def calls(name):
    """Calls of a name, with the module they are in."""
    for module, tree in trees().items():
        for node in ast.walk(tree):
            if isinstance(node, ast.Call):
                called = getattr(node.func, "attr", getattr(node.func, "id", ""))
                if called == name:
                    yield module, node


def mode_of(call):
    """What a file is opened for; empty where that is no text in the source."""
    given = [*call.args, *(each.value for each in call.keywords if each.arg == "mode")]
    texts = [each.value for each in given if isinstance(each, ast.Constant)]
    return next((text for text in texts if isinstance(text, str) and len(text) <= 3), "")


def test_text_is_written_with_plain_newlines_in_utf_8():
    """Elsewhere Python writes the system's own newlines, in the system's own encoding."""
    found = []
    for module, call in [*calls("open"), *calls("fdopen"), *calls("write_text")]:
        words = {each.arg for each in call.keywords}
        is_text = set(mode_of(call)) & set("wax") and "b" not in mode_of(call)
        by_path = isinstance(call.func, ast.Attribute) and call.func.attr == "write_text"
        if (is_text or by_path) and not words >= {"encoding", "newline"}:
            found.append(f"{module}:{call.lineno}")
    assert found == []


def test_text_is_read_as_utf_8():
    found = [
        f"{module}:{call.lineno}"
        for module, call in calls("read_text")
        if isinstance(call.func, ast.Attribute)
        and "encoding" not in {each.arg for each in call.keywords}
    ]
    assert found == []


def test_files_have_one_order_and_one_name_everywhere():
    """Case counts as it does on Linux, where Windows' own paths know none."""
    names = ["B/a.png", "a/B.png", "a/a.png", "a/b/c.png", "b.png"]
    paths = [Path(each) for each in names]
    assert sorted(paths, key=_by_letter) == sorted(paths) == paths


def test_workers_are_begun_afresh_everywhere():
    """Only that is the same on every system."""
    asked = [(module, call) for module, call in calls("get_context")]
    assert [(module, call.args[0].value) for module, call in asked] == [
        ("train/worker.py", "spawn")
    ]
    makers = {"Process", "ProcessPoolExecutor", "Popen"}
    found = [module for name in makers for module, _ in calls(name)]
    assert found == ["train/worker.py"]
