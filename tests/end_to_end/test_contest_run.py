"""A whole run with members in turn, killed in its contest: what it leaves, and the same bits."""

from __future__ import annotations

import json

import pytest

import escalade as package
from running import promised, tiny_run

IN_TURN = {
    "rival": "auto",
    "retrain__searched": "in_turn",
    "retrain__grown": "warm",
    "retrain__recipe__steps": 12,
}


@pytest.mark.slow
def test_a_contest_that_is_killed_ends_in_the_same_bits(escalade, tmp_path):
    stopped, whole = tmp_path / "stopped", tmp_path / "whole"
    for name in ("rival.json", "training/*-contest-found/result.json", "contest.json"):
        escalade.stopped(stopped, name, *tiny_run(stopped, **IN_TURN)).kill()
    for folder in (stopped, whole):
        result = escalade(*tiny_run(folder, **IN_TURN))
        assert result.code == 0, result.err
        assert "Searching was worth" in result.err
    assert promised(stopped) == promised(whole)
    assert (stopped / "contest.json").read_bytes() == (whole / "contest.json").read_bytes()
    contest = json.loads((whole / "contest.json").read_text())
    origin = {"plain": {"rival"}, "found": {"searched", "grown"}}[contest["kept"]]
    family = package.load(whole)
    assert {member.origin for member in family} <= origin
    assert family.rivals == ()
    # Only members are looked at with the test images.
    tested = [e["name"] for e in json.loads((whole / "ledger.json").read_text())
              if e["stage"] == "test"]  # fmt: skip
    assert sorted(tested) == sorted(family.names)
    assert "Searching was worth" in (whole / "report.html").read_text()
