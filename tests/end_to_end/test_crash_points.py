"""Stopped at every write, rename and sync, and with a second process beside it."""

from __future__ import annotations

import os
import random
import signal
import time
from collections import defaultdict
from pathlib import Path

import pytest

from running import Commands, promised, tiny_run

# All positions, of which there are hundreds, in the place of a sample of them.
EVERY = "ESCALADE_EVERY_POSITION"
NUM_SAMPLED = 8
TIMES = int(os.environ.get("ESCALADE_TIMES_AT_ONCE", "2"))
SHORT = {"supernet__recipe__steps": 2, "retrain__recipe__steps": 2}


@pytest.fixture(scope="module")
def straight(escalade, tmp_path_factory) -> tuple[Path, list[str]]:
    """A run that was not stopped, and the moments that it went through."""
    folder = tmp_path_factory.mktemp("straight")
    run, log = folder / "run", folder / "log"
    result = escalade(*tiny_run(run, **SHORT), checkpoint_seconds=0, moments=[run, log, None])
    assert result.code == 0, result.err
    return run, log.read_text().splitlines()


def sampled(moments: list[str]) -> list[int]:
    """Positions: all, or one of each of some kinds, a kind being what happens to which file."""
    if EVERY in os.environ:
        return list(range(len(moments)))
    rng = random.Random(0)
    kinds = defaultdict(list)
    for position, moment in enumerate(moments):
        what, path = moment.split(maxsplit=1)
        kinds[what, Path(path).name.split("-")[-1]].append(position)
    chosen = rng.sample(sorted(kinds), NUM_SAMPLED)
    return [rng.choice(kinds[kind]) for kind in chosen]


@pytest.mark.slow
def test_every_kind_of_moment_is_counted(straight):
    kinds = {moment.split()[0] for moment in straight[1]}
    assert kinds == {
        "made", "written", "synced", "named", "appending", "deleted", "uncommitted", "committed",
    }  # fmt: skip
    assert len(straight[1]) > 200


@pytest.mark.slow
def test_stopped_at_every_write_rename_and_sync(escalade, straight, tmp_path):
    expected, moments = promised(straight[0]), straight[1]
    for position in sampled(moments):
        run = tmp_path / f"{position}" / "run"
        command, log = tiny_run(run, **SHORT), tmp_path / f"{position}.log"
        at = [run, log, position]
        result = escalade(*command, checkpoint_seconds=0, moments=at)
        assert result.code == -signal.SIGKILL, result.err
        where = f"{position}: {moments[position]}"
        assert log.read_text().splitlines() == moments[: position + 1], where
        result = escalade(*command)
        assert result.code == 0, f"{where}: {result.err}"
        assert promised(run) == expected, where
        assert [path.name for path in run.rglob(".part-*")] == [], where


@pytest.mark.slow
def test_two_processes_at_once(escalade, straight, tmp_path):
    """One of them owns the folder; the other waits for its end or is told."""
    expected, rng = promised(straight[0]), random.Random("at once")
    beside = Commands(tmp_path)
    try:
        for i in range(TIMES):
            run = tmp_path / str(i) / "run"
            command = tiny_run(run, **SHORT)
            first = escalade.start(*command)
            time.sleep(rng.uniform(0, 3) * (i > 0))
            second = beside.start(*command)
            ends = [first.wait(), second.wait()]
            assert sorted(end.code for end in ends) in ([0, 0], [0, 2]), ends
            for end in ends:
                assert end.code == 0 or "another process works there (process" in end.err
                assert "Traceback" not in end.err
            assert promised(run) == expected
            lines = (run / "metrics.jsonl").read_text().splitlines()
            assert len(lines) == len(set(lines)) == len(_lines(straight[0]))
            assert [path.name for path in run.rglob(".part-*")] == []
    finally:
        beside.close()


def _lines(run: Path) -> list[str]:
    return (run / "metrics.jsonl").read_text().splitlines()
