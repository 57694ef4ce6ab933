"""Artefacts of a run folder: written and read the same, and what is wrong with them is said."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from escalade.artefacts.analysed import Analysed
from escalade.artefacts.grown import Grown
from escalade.artefacts.latencies import Latencies
from escalade.artefacts.ledger import Ledger, LedgerEntry
from escalade.artefacts.metrics_lines import collect_metrics, read_metrics
from escalade.artefacts.run_folder import RunFolder
from escalade.artefacts.searched import Searched
from escalade.core.scaling.ratios import DIMENSIONS
from escalade.core.values.codec import encode
from escalade.core.values.invalid import Invalid

GROWN: dict[str, Any] = {
    "form": "exponential",
    "notes": ["a note"],
    "points": [{"stage": 0.0, "depth": 1.0, "width": 1.0, "resolution": 1.0}],
    "functions": {"exponential": {key: {"a0": 0.5, "a1": 1.4} for key in DIMENSIONS}},
    "leave_last_out": {"stage": 3.0, "exponential": {"depth": 0.01}, "linear": {"depth": 0.1}},
    "members": [],
}
LATENCIES = {
    "device": "CPU core",
    "batch_size": 1,
    "members": {"S0": {"median": 0.002, "low": 0.001, "high": 0.003}},
}


@pytest.mark.parametrize(("kind", "content"), [(Grown, GROWN), (Latencies, LATENCIES)])
def test_an_artefact_is_written_as_it_was_read(tmp_path: Path, kind: Any, content: Any) -> None:
    folder = RunFolder(tmp_path)
    text = json.dumps(content, indent=2) + "\n"
    (tmp_path / kind.FILE).write_text(text)
    read = folder.read(kind)
    folder.write(read)
    assert (tmp_path / kind.FILE).read_text() == text
    assert folder.find(kind) == read


def test_what_is_missing_names_the_command_that_makes_it(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    assert not folder.has(Searched)
    assert folder.find(Analysed) is None
    with pytest.raises(Invalid, match=rf"there is no search.json.*`escalade search {tmp_path}`"):
        folder.read(Searched)


def test_what_is_wrong_is_named_with_its_path(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    (tmp_path / Grown.FILE).write_text("{")
    with pytest.raises(Invalid, match=r"growth.json: not a growth.json .*delete it and run"):
        folder.read(Grown)
    wrong = GROWN | {"points": [{"stage": "0"}]}
    (tmp_path / Grown.FILE).write_text(json.dumps(wrong))
    with pytest.raises(Invalid, match=r"points\[0\].stage: expected a number.*escalade grow") as e:
        folder.read(Grown)
    assert e.value.path == (str(tmp_path / Grown.FILE), "points", 0, "stage")


def test_a_ledger_adds_and_puts_by_stage_and_name() -> None:
    first = LedgerEntry(stage="train", name="a", images=3, wall_seconds=1.0, device="CPU core")
    ledger = Ledger().add(first).add(LedgerEntry(stage="test")).add(first)
    assert [entry.images for entry in ledger.entries] == [6, 0]
    assert ledger.put(first).entries[0] == first
    assert Ledger.from_json(encode(ledger)) == ledger


def test_metrics_leave_out_a_torn_last_line(tmp_path: Path) -> None:
    path = tmp_path / "metrics.jsonl"
    assert read_metrics(path) == ()
    line = {"stage": "train", "step": 1, "loss": 2.0, "learning_rate": 0.1}
    whole = json.dumps(line | {"images_per_second": 10.0})
    path.write_text(f"{whole}\n{whole[:20]}")
    assert [each.step for each in read_metrics(path)] == [1]
    path.write_text(f"{whole[:20]}\n{whole}\n")
    with pytest.raises(Invalid, match="line 1: not a line of training curves; remove it"):
        read_metrics(path)


def test_a_torn_last_line_goes_when_curves_are_collected(tmp_path: Path) -> None:
    """A member's too: it is of a training that was killed."""
    line = {"stage": "S0-scratch", "step": 1, "loss": 2.0, "learning_rate": 0.1}
    whole = json.dumps(line | {"images_per_second": 10.0})
    (tmp_path / "training" / "S0-scratch").mkdir(parents=True)
    for path in (tmp_path / "metrics.jsonl", tmp_path / "training/S0-scratch/metrics.jsonl"):
        path.write_text(f"{whole}\n{whole[:20]}")
    collect_metrics(RunFolder(tmp_path))
    found = read_metrics(tmp_path / "metrics.jsonl")
    assert [each.stage for each in found] == ["S0-scratch", "retrain/S0 scratch"]
    (tmp_path / "metrics.jsonl").write_text(f"[1]\n{whole}\n")
    with pytest.raises(Invalid, match=r"metrics.jsonl.*line 1: .*; remove it"):
        collect_metrics(RunFolder(tmp_path))
