from __future__ import annotations

import json
from pathlib import Path

import pytest
from escalade.evaluate.ledger import Entry, Ledger

from escalade.evaluate import ledger
from escalade.train.interrupt import Interrupted
from escalade.train.runtime import Runtime


class Clock:
    """What the ledger's module has in the place of `time`."""

    now = 5.0

    def perf_counter(self) -> float:
        return self.now


def test_an_interrupted_and_resumed_stage_adds_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Clock()
    monkeypatch.setattr(ledger, "time", clock)
    runtime = Runtime(device="cpu", threads=2)
    file = tmp_path / "ledger.json"

    def interrupted() -> None:
        with Ledger(file).measure("search", runtime=runtime) as tally:
            tally.evaluations += 3
            clock.now += 20
            raise Interrupted("stop")

    with pytest.raises(Interrupted):
        interrupted()
    with Ledger(file).measure("search", runtime=runtime) as tally:
        tally.evaluations += 4
        tally.images += 100
        clock.now += 10
    (entry,) = Ledger(file).entries()
    assert (entry.stage, entry.evaluations, entry.images) == ("search", 7, 100)
    assert (entry.wall_seconds, entry.device_seconds) == (30, 60)
    assert entry.device == "CPU core"


def test_what_is_kept_on_the_way_outlives_a_kill_and_counts_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Clock()
    monkeypatch.setattr(ledger, "time", clock)
    costs = Ledger(tmp_path / "ledger.json")
    with costs.measure("search", runtime=Runtime(device="cpu", threads=2)) as tally:
        tally.evaluations, tally.images = 3, 30
        clock.now += 20
        tally.keep()
        (killed,) = costs.entries()
        tally.evaluations, tally.images = 4, 40
        clock.now += 5
    assert (killed.evaluations, killed.images, killed.wall_seconds) == (3, 30, 20)
    (whole,) = costs.entries()
    assert (whole.evaluations, whole.images, whole.wall_seconds) == (4, 40, 25)


def test_entries_by_stage_and_name(tmp_path: Path) -> None:
    costs = Ledger(tmp_path / "ledger.json")
    costs.add(Entry(stage="retrain", name="S1", images=1))
    costs.add(Entry(stage="retrain", name="S0", images=2))
    costs.add(Entry(stage="retrain", name="S1", images=10))
    costs.put(Entry(stage="retrain", name="S0", images=5))
    assert [(e.name, e.images) for e in costs.entries()] == [("S1", 11), ("S0", 5)]
    first = json.loads((tmp_path / "ledger.json").read_text())[0]
    assert first.keys() == {
        "stage", "name", "device_seconds", "wall_seconds", "images", "evaluations", "device",
    }  # fmt: skip


def test_a_damaged_ledger_is_named(tmp_path: Path) -> None:
    (tmp_path / "ledger.json").write_text('[{"stage": "tr')
    with pytest.raises(ValueError, match=r"ledger.json: damaged"):
        Ledger(tmp_path / "ledger.json").entries()
