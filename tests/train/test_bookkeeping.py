"""The ledger: what stages took, over all resumes and kills."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from escalade.artefacts.ledger import LedgerEntry
from escalade.artefacts.run_folder import RunFolder
from escalade.train import bookkeeping
from escalade.train.bookkeeping import Bookkeeper
from escalade.train.interrupt import Interrupted
from escalade.train.runtime import Runtime


class Clock:
    """What the module has in the place of `time`."""

    now = 5.0

    def perf_counter(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(bookkeeping, "time", made)
    return made


def books_of(folder: Path) -> Bookkeeper:
    return Bookkeeper(RunFolder(folder), Runtime(device="cpu", threads=2))


def entries(folder: Path) -> tuple[LedgerEntry, ...]:
    return books_of(folder).ledger.entries


def test_an_interrupted_and_resumed_stage_adds_up(tmp_path: Path, clock: Clock) -> None:
    def interrupted() -> None:
        with books_of(tmp_path).measure("search") as tally:
            tally.evaluations += 3
            clock.now += 20
            raise Interrupted("stop")

    with pytest.raises(Interrupted):
        interrupted()
    with books_of(tmp_path).measure("search") as tally:
        tally.evaluations += 4
        tally.images += 100
        clock.now += 10
    (entry,) = entries(tmp_path)
    assert (entry.stage, entry.evaluations, entry.images) == ("search", 7, 100)
    assert (entry.wall_seconds, entry.device_seconds) == (30, 60)
    assert entry.device == "CPU core"


def test_what_is_kept_on_the_way_outlives_a_kill_and_counts_once(
    tmp_path: Path, clock: Clock
) -> None:
    with books_of(tmp_path).measure("search") as tally:
        tally.evaluations, tally.images = 3, 30
        clock.now += 20
        tally.keep()
        (killed,) = entries(tmp_path)
        tally.evaluations, tally.images = 4, 40
        clock.now += 5
    assert (killed.evaluations, killed.images, killed.wall_seconds) == (3, 30, 20)
    (whole,) = entries(tmp_path)
    assert (whole.evaluations, whole.images, whole.wall_seconds) == (4, 40, 25)


def test_known_totals_replace_what_stood_there(tmp_path: Path) -> None:
    books = books_of(tmp_path)
    books.put("retrain", "S1", seconds=2.0, images=1)
    books.put("retrain", "S0", seconds=2.0, images=2)
    books.put("retrain", "S1", seconds=3.0, num_devices=2, images=10)
    found = entries(tmp_path)
    assert [(entry.name, entry.images) for entry in found] == [("S1", 10), ("S0", 2)]
    assert (found[0].wall_seconds, found[0].device_seconds) == (3.0, 6.0)
    first = json.loads((tmp_path / "ledger.json").read_text())[0]
    assert first.keys() == {
        "stage", "name", "device_seconds", "wall_seconds", "images", "evaluations", "device",
    }  # fmt: skip


def test_a_damaged_ledger_is_named(tmp_path: Path) -> None:
    (tmp_path / "ledger.json").write_text('[{"stage": "tr')
    with pytest.raises(ValueError, match=r"ledger.json: not a ledger.json .*delete it"):
        _ = books_of(tmp_path).ledger
