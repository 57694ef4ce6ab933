"""A whole run of two ranks, and what other commands do when they are started as several."""

from __future__ import annotations

from pathlib import Path

import pytest

from escalade.artefacts.ledger import Ledger
from escalade.artefacts.run_folder import RunFolder
from escalade.family.family import Family
from rank_processes import run_ranks
from running import tiny_run

SCRIPT = Path(__file__).with_name("rank_command.py")


def contents(folder: Path) -> dict[str, bytes]:
    """What may not differ between two equal runs."""
    names = ["search.json", "growth.json", "scores.json", "family/family.json"]
    weights = sorted(path.relative_to(folder) for path in folder.glob("family/*/*.safetensors"))
    return {str(name): (folder / name).read_bytes() for name in [*names, *weights]}


@pytest.mark.slow
def test_two_ranks_run_twice_to_the_same_bits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ESCALADE_CACHE", str(tmp_path / "cache"))
    found = []
    for name in ("one", "two"):
        run_ranks(SCRIPT, *tiny_run(tmp_path / name))
        found.append(contents(tmp_path / name))
    assert found[0] == found[1]
    assert len(found[0]) > 6
    folder = RunFolder(tmp_path / "one")
    assert {entry.stage for entry in folder.read(Ledger).entries} >= {"train", "search", "retrain"}
    assert len(Family.load(folder.family).members) > 2
    (folder.path / "report.html").unlink()
    for command in (tiny_run(folder.path), ["report", folder.path], ["grow", folder.path]):
        run_ranks(SCRIPT, *command)  # once, by whoever does it
        assert contents(folder.path) == found[0]
        assert (folder.path / "report.html").exists()
