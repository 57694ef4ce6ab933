"""Runs whose budgets count activations or seconds, from plan to report."""

from __future__ import annotations

import json
import re
import shutil

import pytest

from escalade.core.latency.latency_table import LatencyTable
from escalade.evaluate.store import EvaluationStore
from escalade.evaluate.timing import table_store as latency_store
from running import promised, tiny_run

LATENCY = ("--budgets", "0.8ms,1.2ms", "--budget-kind", "latency", "--set", "tolerance=0.1")


@pytest.fixture(scope="module")
def timed(escalade, tmp_path_factory):
    """A finished run with latency budgets of a made-up device; not to be changed."""
    run = tmp_path_factory.mktemp("timed") / "run"
    result = escalade(*tiny_run(run, *LATENCY), brief=True, additive=True)
    assert result.code == 0, result.err
    assert "latency: predicted against 20 networks measured whole" in result.err
    return run


def members(run) -> list[dict]:
    return json.loads((run / "family/family.json").read_text())["members"]


def table(run) -> LatencyTable:
    with EvaluationStore(run / "evaluations.sqlite", read_only=True) as store:
        found = latency_store.load(store)
    assert found is not None
    return found


@pytest.mark.slow
def test_activations_are_a_budget_throughout(escalade, tmp_path):
    run = tmp_path / "run"
    more = ("--budgets", "60k,100k", "--budget-kind", "activations")
    plan = escalade("plan", *tiny_run(run, *more)[1:], "--format", "json", brief=True)
    assert plan.code == 0, plan.err
    assert json.loads(plan.out)["latency"] is None
    result = escalade(*tiny_run(run, *more))
    assert result.code == 0, result.err
    found = members(run)
    assert [member["name"] for member in found] == ["S0", "S1", "S2"]
    for member in found:
        assert abs(member["activations"] / member["budget"] - 1) <= 0.05
        assert "latency" not in member
    grown = escalade("grow", run, "--to", "150k", "--format", "json")
    assert abs(json.loads(grown.out)["activations"] / 150e3 - 1) <= 0.05
    page = (run / "report.html").read_text()
    assert "Activations of sampled paths" in page
    assert ">by dWr<" in page


@pytest.mark.slow
def test_latency_is_a_budget_throughout(escalade, timed):
    found = members(timed)
    assert [member["budget"] for member in found] == pytest.approx([0.8e-3, 1.2e-3, 1.8e-3])
    for member in found:
        assert abs(member["latency"] / member["budget"] - 1) <= 0.1
    grown = json.loads((timed / "growth.json").read_text())["members"][0]
    assert [rule["rule"] for rule in grown["compared"]] == ["dWr", "dwr"]
    for rule in grown["compared"]:
        assert rule["note"] or abs(rule["latency"] / grown["budget"] - 1) <= 0.1
    plan = json.loads((timed / "plan.json").read_text())["latency"]
    ledger = json.loads((timed / "ledger.json").read_text())
    assert [entry["name"] for entry in ledger if entry["stage"] == "latency"] == ["table"]
    page = (timed / "report.html").read_text()
    assert f"rank correlation {plan['check']['rank_correlation']:.3f}" in page
    assert "Latency of sampled paths" in page
    assert "Predicted latency" in page
    assert "Latency table" in page
    further = escalade("grow", timed, "--to", "2ms", "--format", "json")
    assert json.loads(further.out)["latency"] == pytest.approx(2e-3, rel=0.1)
    text = escalade("grow", timed, "--to", "2ms")
    assert re.search(r"[\d.]+ms predicted", text.err)


@pytest.mark.slow
def test_the_table_is_replayed_and_the_same_family_comes_out(escalade, timed, tmp_path):
    """A run killed after its start: its folder has the table, which is not measured again."""
    again = tmp_path / "again"
    again.mkdir()
    for name in ("config.yaml", "space.json", "plan.json"):
        shutil.copy(timed / name, again)
    with EvaluationStore(again / "evaluations.sqlite") as store:
        latency_store.save(store, table(timed))
    result = escalade(*tiny_run(again, *LATENCY))
    assert result.code == 0, result.err
    assert "latency:" not in result.err
    assert table(again).facts == table(timed).facts
    assert promised(again) == promised(timed)


@pytest.mark.slow
def test_without_its_table_a_stage_says_what_to_do(escalade, timed, tmp_path):
    copy = shutil.copytree(timed, tmp_path / "run")
    (copy / "evaluations.sqlite").unlink()
    result = escalade("grow", copy, "--to", "2ms")
    assert result.code == 2
    assert "has no latency table; `escalade run`" in result.err
