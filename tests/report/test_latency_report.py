from __future__ import annotations

import json

import fixture
import pytest
import reading

from escalade.core.latency.latency_table import TableFacts
from escalade.core.numbers.budget import Budget
from escalade.core.values.codec import decode, encode
from escalade.report import page
from escalade.report.contents import read
from escalade.report.figures.latency_check import latency_check
from escalade.report.figures.paths import path_histogram
from escalade.search.growing.fitted import compare

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
        member["compared"] = [encode(rule) for rule in rules]
    growth["members"][1]["compared"][1] = {"rule": "dwr", "note": "no factor <meets> it"}
    (folder / "growth.json").write_text(json.dumps(growth))
    return folder


@pytest.mark.slow
def test_grown_members_stand_beside_the_rules(compared):
    shown = page.write(compared)
    rows = reading.rows(shown, "compared")
    assert list(rows) == ["Network", "S3", "by dWr", "by dwr", "S4"] or len(rows) == 5
    assert reading.text(shown).count('<th scope="row">by dWr</th>') == 2
    growth = json.loads((compared / "growth.json").read_text())
    member, rule = growth["members"][1], growth["members"][1]["compared"][0]
    more = rule["activations"] / member["activations"] - 1
    assert rows["by dWr"][5].endswith(f"|{100 * more:+.1f} %")
    assert rows["by dwr"] == ["no factor <meets> it"]
    assert "Predicted latency" not in rows["Network"]


@pytest.mark.slow
def test_predicted_latencies_are_a_column_where_there_are_any(compared):
    growth = json.loads((compared / "growth.json").read_text())
    for member in growth["members"]:
        member["latency"] = 0.002
        for rule in member["compared"]:
            rule["latency"] = 0.003
    (compared / "growth.json").write_text(json.dumps(growth))
    rows = reading.rows(page.write(compared), "compared")
    assert rows["by dWr"][rows["Network"].index("Predicted latency")] == "3ms|+50.0 %"


def test_without_rules_there_is_no_comparison(tmp_path):
    assert "Beside scaling rules" not in reading.text(page.write(fixture.build(tmp_path / "run")))


def test_the_check_of_the_latency_table_is_drawn_and_read(tmp_path):
    folder = fixture.build(tmp_path / "run")
    (folder / "plan.json").write_text(json.dumps(fixture.plan(latency=TABLE)))
    drawn = latency_check(read(folder).plan.latency)
    assert drawn.traces[1]["x"] == pytest.approx([1.0, 1.4, 3.0])
    assert drawn.traces[1]["y"] == pytest.approx([0.9, 1.5, 3.1])
    told = drawn.reading
    assert "error 2.8 % in the median, 17.7 % at worst, rank correlation 0.976" in told
    assert "latency-check" in reading.figures(page.write(folder))


def test_nothing_checked_is_nothing_drawn():
    table = decode(TableFacts, TABLE | {"check": TABLE["check"] | {"measured": []}})
    assert latency_check(table) is None
    assert latency_check(None) is None


def test_latencies_of_paths_have_an_axis_of_times():
    histogram = {"edges": [0.001, 0.002, 0.004], "counts": [3, 5]}
    drawn = path_histogram({"uniform": histogram}, budget_kind="latency")
    assert drawn.title == "Latency of sampled paths"
    assert "2ms" in drawn.layout["xaxis"]["ticktext"]
    assert "8 paths, most at 2ms to 4ms" in drawn.reading
