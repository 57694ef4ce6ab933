from __future__ import annotations

import json

import fixture
import pytest
from escalade.core.scaling.rule_comparison import compare

from escalade.core.numbers.budget import Budget
from escalade.report import figures, page
from escalade.report.artefacts import read

TABLE = {
    "settings": "CPU core, batch 1, 1 thread, fp32",
    "num_parts": 360,
    "overhead": 3e-5,
    "factor": 0.96,
    "seconds": 15.0,
    "check": {
        "num": 3,
        "median": 0.028,
        "worst": 0.177,
        "rank_correlation": 0.976,
        "predicted": [0.9e-3, 1.5e-3, 3.1e-3],
        "measured": [1.0e-3, 1.4e-3, 3.0e-3],
    },
}


@pytest.fixture
def compared(tmp_path):
    """A run whose growth.json has the rules' networks."""
    folder = fixture.build(tmp_path / "run")
    growth = json.loads((folder / "growth.json").read_text())
    for member in growth["members"]:
        budget = Budget(member["budget"])
        rules = compare(fixture.base(), rules=["dWr", "dwr"], budget=budget, stage=member["stage"])
        member["compared"] = [rule.to_json() for rule in rules]
    growth["members"][1]["compared"][1] = {"rule": "dwr", "note": "no factor <meets> it"}
    (folder / "growth.json").write_text(json.dumps(growth))
    return folder


def test_grown_members_stand_beside_the_rules(compared):
    shown = page.write(compared).read_text()
    assert "Grown members beside scaling rules" in shown
    assert shown.count('<th scope="row">by dWr</th>') == 2
    assert "At the budget of S3, beside the grown network: dWr has" in shown
    assert "S4 by dwr: no factor &lt;meets&gt; it." in shown
    growth = json.loads((compared / "growth.json").read_text())
    member = growth["members"][0]
    more = member["compared"][0]["activations"] / member["activations"] - 1
    assert f"{100 * more:+.0f} % activations".replace("-", "\N{MINUS SIGN}") in shown
    assert "Predicted latency" not in shown


def test_predicted_latencies_are_a_column_where_there_are_any(compared):
    growth = json.loads((compared / "growth.json").read_text())
    for member in growth["members"]:
        member["latency"] = 0.002
        for rule in member["compared"]:
            rule["latency"] = 0.003
    (compared / "growth.json").write_text(json.dumps(growth))
    shown = page.write(compared).read_text()
    assert '<th scope="col" class="num">Predicted latency</th>' in shown
    assert "+50 % latency" in shown


def test_without_rules_there_is_no_comparison(tmp_path):
    shown = page.write(fixture.build(tmp_path / "run")).read_text()
    assert "beside scaling rules" not in shown


def test_the_check_of_the_latency_table_is_drawn_and_read(tmp_path):
    folder = fixture.build(tmp_path / "run")
    (folder / "plan.json").write_text(json.dumps({"split": {"test": 100}, "latency": TABLE}))
    drawn = figures.latency_check((read(folder).plan or {})["latency"])
    assert drawn is not None
    assert drawn.traces[1]["x"] == pytest.approx([1.0, 1.4, 3.0])
    assert drawn.traces[1]["y"] == pytest.approx([0.9, 1.5, 3.1])
    assert "the error is 2.8\N{NO-BREAK SPACE}% in the median and 17.7" in drawn.reading
    assert "latency-check" in page.write(folder).read_text()


@pytest.mark.parametrize("table", [None, {}, {"check": {"measured": []}}])
def test_nothing_checked_is_nothing_drawn(table):
    assert figures.latency_check(table) is None


def test_latencies_of_paths_have_an_axis_of_times():
    histogram = {"edges": [0.001, 0.002, 0.004], "counts": [3, 5]}
    drawn = figures.path_histogram({"uniform": histogram}, budget_kind="latency")
    assert drawn is not None
    assert drawn.title == "Latency of sampled paths"
    assert "2.00\N{NO-BREAK SPACE}ms" in drawn.layout["xaxis"]["ticktext"]
    assert "8 paths, its fullest bin 2.00\N{NO-BREAK SPACE}ms to 4.00" in drawn.reading
