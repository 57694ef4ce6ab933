"""One run with all of it: chosen by all scores, finalists confirmed, grown by a law, audited."""

from __future__ import annotations

import json
import re

import pytest

from running import promised, tiny_run

SETTINGS = {
    "search__method": "surrogate",
    "search__population": 6,
    "search__generations": 3,
    "search__finalists": 2,
    "search__finalist_share": 0.5,
    "grow__function": "law",
    "retrain__searched": "finetune",
    "retrain__grown": "warm",
}


@pytest.fixture(scope="module")
def run(escalade, tmp_path_factory):
    folder = tmp_path_factory.mktemp("choice") / "run"
    result = escalade(*tiny_run(folder, **SETTINGS))
    assert result.code == 0, result.err
    return folder


def read(run, name):
    return json.loads((run / name).read_text())


@pytest.mark.slow
def test_scores_confirmations_and_accuracies_stand_side_by_side(run):
    searched = read(run, "search.json")
    assert searched["searcher"] == "surrogate"
    assert searched["surrogate"]["num_scores"] == searched["evaluations"]["distinct"]
    finalists = searched["finalists"]
    chosen = {each["stage"]: each for each in finalists if each["chosen"]}
    assert {each["stage"] for each in finalists} == set(chosen)
    assert all(each["confirmed"] for each in finalists)
    for stage, each in chosen.items():
        assert searched["stages"][stage]["genome"] == each["genome"]
        card = (run / "family" / f"S{stage}" / "README.md").read_text()
        assert "as a finalist" in card
    ledger = [each["name"] for each in read(run, "ledger.json") if each["stage"] == "search"]
    assert sum("-f" in name for name in ledger) == len(finalists)
    assert not (run / "finalists").exists()
    assert len(read(run, "scores.json")["genomes"]) >= searched["surrogate"]["num_scores"]
    assert "Finalists" in (run / "report.html").read_text()


@pytest.mark.slow
def test_grown_members_are_told_beforehand_or_it_is_said_why_not(run):
    grown = read(run, "growth.json")
    if "law" in grown:
        told = grown["members"][0]["accuracy"]
        assert 0 <= told["low"] <= told["mean"] <= told["high"] <= 1
        assert "Predicted before they were trained" in (run / "report.html").read_text()
    else:
        assert ": members grow by the " in grown["notes"][0]


@pytest.mark.slow
def test_a_kill_among_finalists_changes_nothing(run, escalade, tmp_path):
    other = tmp_path / "run"
    command = tiny_run(other, **SETTINGS)
    escalade.stopped(other, "finalists/*/result.json", *command).kill()
    assert not (other / "search.json").exists()
    assert escalade(*command).code == 0
    assert promised(other) == promised(run)
    names = ("search.json", "scores.json", "growth.json")
    assert [(other / n).read_bytes() for n in names] == [(run / n).read_bytes() for n in names]


@pytest.mark.slow
def test_an_audit_trains_a_sample_and_goes_on_after_a_kill(run, escalade):
    command = ("audit", run, "--networks", 5, "--format", "json")
    escalade.stopped(run, "audit/*/result.json", *command).kill()
    result = escalade(*command)
    assert result.code == 0, result.err
    assert re.search(r"audit: \d+ trainings?: .* steps; about .*, as this run's own", result.err)
    found = json.loads(result.out)
    assert found == read(run, "audit.json")
    for each in found["budgets"]:
        assert each["num_scored"] >= 5
        assert sum(one["chosen"] for one in each["networks"]) == 1
    assert found["sentence"].startswith("The scores of")
    assert escalade("report", run).code == 0
    assert "Can this search be trusted?" in (run / "report.html").read_text()
    few = escalade("audit", run, "--networks", 2)
    assert (few.code, few.err.count("\n")) == (2, 1)
    assert "--networks: 2 networks are too few to rank; use 5 or more" in few.err
