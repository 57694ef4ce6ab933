"""The report of a run that chose by all scores, confirmed finalists, grew by a law, was audited."""

from __future__ import annotations

import json
from pathlib import Path

import fixture
import pytest

from escalade.report.page import write

WORTH = {"mean": 0.871, "sd": 0.004}
MODEL = {
    "num_scores": 1204, "error": 0.0123, "spread": 0.02, "noise": 0.0075, "deviation": 0.003,
    "penalty": 1e4, "note": "",
}  # fmt: skip
LAW = {
    "form": "power", "floor": 0.05, "amounts": {"depth": 0.1, "width": 0.1, "resolution": 0.2},
    "exponents": {"depth": 0.5, "width": 0.5, "resolution": 1.0},
    "centre": {"depth": 6.0, "width": 24.0, "resolution": 20.0},
    "num_scores": 1204, "num_confirmed": 6, "error": 0.011, "constant": 0.031,
}  # fmt: skip
TOLD = {
    "spearman": 0.81, "spearman_interval": [0.5, 0.93], "kendall": 0.61,
    "kendall_interval": [-0.05, 0.78], "regret": 0.0042, "blind": 0.0131,
}  # fmt: skip


def finalist(stage: int, number: int, shares: list[float], *, chosen: bool) -> dict:
    return {
        "stage": stage, "number": number, "genome": [1, 2], "strategy": [0, 0, 0],
        "resolution": 20, "macs": 2_000_000, "score": 0.86, "worth": WORTH, "chosen": chosen,
        "confirmed": [
            {"num_steps": 40 * (i + 1), "accuracy": share, "standard_error": 0.007}
            for i, share in enumerate(shares)
        ],
    }  # fmt: skip


def change(path: Path, **values: object) -> dict:
    content = json.loads(path.read_text()) | values
    path.write_text(json.dumps(content))
    return content


@pytest.fixture(scope="module")
def page(tmp_path_factory) -> str:
    run = fixture.build(tmp_path_factory.mktemp("run"))
    finalists = [
        finalist(0, 0, [0.8551], chosen=False),
        finalist(0, 1, [0.8621, 0.8712], chosen=True),
    ]
    change(run / "search.json", surrogate=MODEL, finalists=finalists)
    grown = json.loads((run / "growth.json").read_text())
    for member, low in zip(grown["members"], (0.5, 0.99), strict=True):
        member["accuracy"] = {"mean": low + 0.004, "sd": 0.002, "low": low, "high": low + 0.45}
    change(run / "growth.json", members=grown["members"], functions={}, form="law", law=LAW)
    network = {
        "name": "abc", "genome": [1], "strategy": [0, 0, 0], "macs": 1, "resolution": 20,
        "score": 0.8, "worth": None, "trained": 0.9, "standard_error": 0.01, "chosen": True,
    }  # fmt: skip
    budget = {
        "name": "S1", "budget": 4e6, "num_scored": 300, "num_steps": 390, "networks": [network],
        "by_score": TOLD, "by_worth": TOLD | {"kendall": 0.7},
    }  # fmt: skip
    audit = {
        "budget_kind": "macs", "weights": "finetuned", "budgets": [budget],
        "left_out": ["S0 at 2M has 1"], "sentence": "The scores <can> be trusted.",
    }  # fmt: skip
    (run / "audit.json").write_text(json.dumps(audit))
    return write(run).read_text()


def test_score_confirmation_and_accuracy_stand_side_by_side(page):
    section = page[page.index("<h3>Finalists") : page.index("All but the last column")]
    row = section[section.index("S0-f1") :]
    places = [row.index(f"{share} %") for share in ("86.0", "87.1", "86.2")]
    assert places == sorted(places)
    assert "chosen" in row
    assert section.count("<tr>") == 3
    assert "1,204 scores, not by the largest\none: scores spread by 2.00 %" in page


def test_predictions_stand_beside_what_was_measured(page):
    section = page[page.index("Predicted before they were trained") :]
    section = section[: section.index("</table>")]
    assert "inside" in section
    assert "outside" in section
    assert "confirmations. It misses scores" in page
    assert "2 grown by a law of error" in page
    assert "that this run cannot check" not in page


def test_the_audit_says_what_it_found(page):
    section = page[page.index('<section id="audit"') :]
    assert "The scores &lt;can&gt; be trusted." in section
    assert "0.61 (-0.05 to 0.78)" in section
    assert "Too few networks to compare: S0 at 2M has 1." in section
    assert '<a href="#audit">Trust</a>' in page


def test_a_page_without_them_has_none_of_it(tmp_path):
    plain = write(fixture.build(tmp_path / "run")).read_text()
    for words in ("<h3>Finalists", "Predicted before", 'id="audit"', "Trust</a>"):
        assert words not in plain
