"""Stopped at every write, rename and sync, and with a second process beside it."""

from __future__ import annotations

import os
import random
import signal
import time
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

import pytest

from escalade.artefacts import digests
from running import Commands, promised, tell, tiny_run

# All positions, of which there are hundreds, in the place of a sample of them.
EVERY = "ESCALADE_EVERY_POSITION"
NUM_SAMPLED = {False: 6, True: 2}  # without exports, and of what exports add
TIMES = int(os.environ.get("ESCALADE_TIMES_AT_ONCE", "2"))
SHORT = {"supernet__recipe__steps": 2, "retrain__recipe__steps": 2}
EXPORTS = ("program.pt2", "model.onnx", "model.int8.onnx")
INT8 = {"export__int8": True}


@dataclass(frozen=True)
class Straight:
    """A run that was not stopped, its moments, and those of them that are stopped at."""

    run: Path
    exports: bool
    moments: list[str]

    def command(self, run: Path) -> list[str]:
        """Of the same run, elsewhere."""
        return tiny_run(run, exports=self.exports, **SHORT, **(INT8 if self.exports else {}))

    @property
    def positions(self) -> range:
        """With exports, from the first of them on: what goes before is the same without."""
        begun = (i for i, moment in enumerate(self.moments) if moment.endswith(EXPORTS))
        return range(next(begun, 0), len(self.moments))


@pytest.fixture(scope="module", params=[False, True], ids=["plain", "exports"])
def straight(request, escalade, tmp_path_factory) -> Straight:
    """A run that was not stopped, and the moments that it went through."""
    folder = tmp_path_factory.mktemp("straight")
    made = Straight(folder / "run", request.param, [])
    command, log = made.command(made.run), folder / "log"
    result = escalade(*command, checkpoint_seconds=0, moments=[made.run, log, None])
    assert result.code == 0, result.err
    made.moments.extend(log.read_text().splitlines())
    return made


def sampled(straight: Straight) -> list[int]:
    """Positions: all, or one of each of some kinds, a kind being what happens to which file."""
    if EVERY in os.environ:
        return list(straight.positions)
    rng = random.Random(0)
    kinds = defaultdict(list)
    for position in straight.positions:
        what, path = straight.moments[position].split(maxsplit=1)
        kinds[what, Path(path).name.split("-")[-1]].append(position)
    chosen = rng.sample(sorted(kinds), NUM_SAMPLED[straight.exports])
    return [rng.choice(kinds[kind]) for kind in chosen]


@pytest.mark.slow
def test_every_kind_of_moment_is_counted(straight, request):
    kinds = {moment.split()[0] for moment in straight.moments}
    assert kinds >= {
        "made", "written", "synced", "named", "appending", "deleted", "folder", "uncommitted",
        "committed",
    }  # fmt: skip
    assert len(straight.moments) > 200
    told = f"{len(straight.positions)} positions of {len(straight.moments)} moments"
    tell(request, f"{told}: {', '.join(sorted(kinds))}")


@pytest.mark.slow
def test_stopped_at_every_write_rename_and_sync(escalade, straight, tmp_path):
    expected, moments = promised(straight.run), straight.moments
    for position in sampled(straight):
        run = tmp_path / f"{position}" / "run"
        command, log = straight.command(run), tmp_path / f"{position}.log"
        at = [run, log, position]
        result = escalade(*command, checkpoint_seconds=0, moments=at)
        assert result.code == -signal.SIGKILL, result.err
        where = f"{position}: {moments[position]}"
        assert log.read_text().splitlines() == moments[: position + 1], where
        result = escalade(*command)
        assert result.code == 0, f"{where}: {result.err}"
        assert promised(run) == expected, where
        assert [path.name for path in run.rglob(".part-*")] == [], where
        if straight.exports:
            for member in (run / "family").glob("S*"):
                assert digests.is_whole(member, *EXPORTS), where


@pytest.mark.slow
def test_two_processes_at_once(escalade, straight, tmp_path):
    """One of them owns the folder; the other waits for its end or is told."""
    if straight.exports:
        pytest.skip("what they share is the same")
    expected, rng = promised(straight.run), random.Random("at once")
    beside = Commands(tmp_path)
    try:
        for i in range(TIMES):
            run = tmp_path / str(i) / "run"
            command = straight.command(run)
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
            assert len(lines) == len(set(lines)) == len(_lines(straight.run))
            assert [path.name for path in run.rglob(".part-*")] == []
    finally:
        beside.close()


def _lines(run: Path) -> list[str]:
    return (run / "metrics.jsonl").read_text().splitlines()
