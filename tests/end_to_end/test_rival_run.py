"""A whole run with rivals, killed on the way: what it leaves, and that it ends in the same bits."""

from __future__ import annotations

import json
import shutil

import pytest

import escalade as package
from running import promised, tiny_run


def read(run, name):
    return json.loads((run / name).read_text())


@pytest.fixture(scope="module")
def beside(escalade, tmp_path_factory):
    """A finished run with rivals that was killed in its look and between its members.

    Not to be changed.
    """
    run = tmp_path_factory.mktemp("rivals") / "run"
    command = tiny_run(run, rival="beside", retrain__recipe__steps=12)
    for name in ("training/look-*/result.json", "rival.json", "family/S0/README.md"):
        escalade.stopped(run, name, *command).kill()
    result = escalade(*command)
    assert result.code == 0, result.err
    assert "Searching was worth" in result.err
    return run


@pytest.mark.slow
def test_every_member_has_its_rival(beside):
    family, look = read(beside, "family/family.json"), read(beside, "rival.json")
    assert [rival["member"] for rival in family["rivals"]] == ["S0", "S1", "S2"]
    members = {member["name"]: member for member in family["members"]}
    for rival in family["rivals"]:
        member = members[rival["member"]]
        assert abs(rival["macs"] / member["budget"] - 1) <= 0.05
        assert rival["rule"] == look["ranked"][0]
        assert None not in rival["accuracy"].values()
        assert ("replaced" in rival) == (member["origin"] == "rival")
    assert len(package.load(beside).rivals) == 3
    tested = [entry["name"] for entry in read(beside, "ledger.json") if entry["stage"] == "test"]
    assert set(tested) == {f"S{i}{end}" for i in range(3) for end in ("", "-rival")}


@pytest.mark.slow
def test_the_report_says_what_searching_was_worth(escalade, beside):
    assert "Searching was worth" in (beside / "report.html").read_text()
    result = escalade("report", beside)
    assert result.code == 0, result.err


@pytest.mark.slow
def test_retraining_undisturbed_gives_the_same_bits(escalade, beside, tmp_path):
    again = tmp_path / "run"
    shutil.copytree(beside, again)
    for name in ("family", "training"):
        shutil.rmtree(again / name)
    (again / "rival.json").unlink()
    result = escalade("retrain", again)
    assert result.code == 0, result.err
    assert promised(again) == promised(beside)
    assert (again / "rival.json").read_bytes() == (beside / "rival.json").read_bytes()
