"""Streams that are closed, full or left, and terminals that are narrow or know nothing."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest
from rich.table import Table

from escalade.cli.output import passing
from escalade.train.console import Console

COST = f"{sys.executable} -m escalade.cli cost mobilenet_v3_large --format json"


def shell(line: str) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(p for p in sys.path if p)}
    return subprocess.run(
        ["bash", "-c", line], capture_output=True, text=True, env=environment, check=False
    )


def test_a_closed_stderr_disturbs_nobody():
    result = shell(f"{COST} 2>&-")
    assert result.returncode == 0
    assert json.loads(result.stdout)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (f"{COST} >&-", "stdout is closed"),
        (f"{COST} >/dev/full", "No space left on device"),
        (f"{COST} 0>&- 1>&-", "stdout is closed"),
    ],
)
def test_an_answer_that_nobody_gets_is_one_message(line, words):
    result = shell(line)
    assert result.returncode == 1
    assert words in result.stderr
    assert len(result.stderr.splitlines()) <= 2


def test_a_reader_that_left_is_no_error_to_tell_of():
    result = shell(f"{COST} | true; exit ${{PIPESTATUS[0]}}")
    assert result.returncode in (0, 1)  # 0 where it was faster
    assert result.stderr == ""


class Gone:
    """A terminal that was closed."""

    def isatty(self):
        return True

    def write(self, text):
        raise OSError(5, "Input/output error")

    def flush(self):
        pass


def table() -> Table:
    made = Table(box=None, pad_edge=False)
    for name in ("member", "weights", "accuracy on the test images"):
        made.add_column(name, no_wrap=True)
    made.add_row("S0", "grown, finetuned", "81.25 %")
    return made


def test_a_run_goes_on_without_its_terminal(monkeypatch):
    monkeypatch.setattr(sys, "stderr", Gone())
    console = Console()
    console.say("train: 6 steps")
    console.update("step 1")
    console.show(table())
    monkeypatch.setattr(sys, "stderr", None)
    Console().say("more")


@pytest.mark.parametrize("columns", ["10", "80", "400"])
def test_a_table_is_whole_whatever_the_terminal_is(monkeypatch, capsys, columns):
    monkeypatch.setenv("COLUMNS", columns)
    Console().show(table())
    header, row = capsys.readouterr().err.splitlines()
    assert header.split("  ")[-1].strip().endswith("accuracy on the test images")
    assert row.split() == ["S0", "grown,", "finetuned", "81.25", "%"]


@pytest.mark.parametrize(("term", "live"), [("xterm", True), ("dumb", False)])
def test_a_dumb_terminal_gets_plain_lines(monkeypatch, capsys, term, live):
    monkeypatch.setenv("TERM", term)
    monkeypatch.setenv("COLUMNS", "20")
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    console = Console()
    console.update("step 1 of 600, loss 2.300")
    console.say("done")
    told = capsys.readouterr().err
    assert told == ("\r\x1b[Kstep 1 of 600, loss\r\x1b[Kdone\n" if live else "done\n")


@pytest.mark.parametrize(("term", "live"), [("xterm", True), ("dumb", False)])
def test_a_passing_line_is_gone_afterwards(monkeypatch, capsys, term, live):
    monkeypatch.setenv("TERM", term)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    with passing("plan: loading PyTorch"):
        assert capsys.readouterr().err == ("plan: loading PyTorch" if live else "")
    assert capsys.readouterr().err == ("\r\x1b[K" if live else "")
