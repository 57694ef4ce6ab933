"""A whole run without a search: what it leaves out, what it says, and how it grows."""

from __future__ import annotations

import json

import pytest

import escalade as package
from escalade.search.methods import UNSEARCHED
from running import tiny_run

BY_HAND = {"search__method": UNSEARCHED.name, "rival": "auto", "retrain__recipe__steps": 12}


@pytest.mark.slow
def test_members_by_hand_need_no_supernet_and_no_scores(escalade, tmp_path):
    out = tmp_path / "run"
    result = escalade(*tiny_run(out, **BY_HAND, retrain__searched="in_turn", retrain__grown="warm"))
    assert result.code == 0, result.err
    assert not (out / "supernet" / "supernet.safetensors").exists()
    assert not (out / "evaluations.sqlite").exists()
    family = package.load(out)
    assert {member.origin for member in family} == {"rival"}
    assert "Nothing was searched: the members are the base " in result.err
    looks = json.loads((out / "rival.json").read_text())
    assert len(looks["bases"]) == 3
    assert [each["num_steps"] for each in looks["rules"]] == [0, 0, 0]  # nothing to choose

    grown = escalade("grow", str(out), "--to", "6M")
    assert grown.code == 0, grown.err
    assert "scaled by the rule dWr, as the members of the run are" in grown.err
    for verb in ("audit", "analyse"):
        refused = escalade(verb, str(out))
        assert (refused.code, refused.err.count("Traceback")) == (2, 0)
        assert "search.method" in refused.err
    assert "Nothing was searched" in (out / "report.html").read_text()
    assert "Nothing was searched" in family["S0"].path.joinpath("README.md").read_text()
