from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from escalade.evaluate.ledger import Entry, Ledger
from escalade.train.interrupt import Interrupted
from escalade.train.runtime import Runtime


def test_an_interrupted_and_resumed_stage_adds_up(tmp_path: Path) -> None:
    runtime = Runtime(device="cpu", threads=2)
    file = tmp_path / "ledger.json"

    def interrupted() -> None:
        with Ledger(file).measure("search", runtime=runtime) as tally:
            tally.evaluations += 3
            time.sleep(0.02)
            raise Interrupted("stop")

    with pytest.raises(Interrupted):
        interrupted()
    with Ledger(file).measure("search", runtime=runtime) as tally:
        tally.evaluations += 4
        tally.images += 100
        time.sleep(0.01)
    (entry,) = Ledger(file).entries()
    assert (entry.stage, entry.evaluations, entry.images) == ("search", 7, 100)
    assert 0.03 <= entry.wall_seconds < 1
    assert entry.device_seconds == pytest.approx(2 * entry.wall_seconds)
    assert entry.device == "CPU core"


def test_entries_by_stage_and_name(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "ledger.json")
    ledger.add(Entry(stage="retrain", name="S1", images=1))
    ledger.add(Entry(stage="retrain", name="S0", images=2))
    ledger.add(Entry(stage="retrain", name="S1", images=10))
    ledger.put(Entry(stage="retrain", name="S0", images=5))
    assert [(e.name, e.images) for e in ledger.entries()] == [("S1", 11), ("S0", 5)]
    first = json.loads((tmp_path / "ledger.json").read_text())[0]
    assert first.keys() == {
        "stage", "name", "device_seconds", "wall_seconds", "images", "evaluations", "device",
    }  # fmt: skip


def test_a_damaged_ledger_is_named(tmp_path: Path) -> None:
    (tmp_path / "ledger.json").write_text('[{"stage": "tr')
    with pytest.raises(ValueError, match=r"ledger.json: damaged"):
        Ledger(tmp_path / "ledger.json").entries()
