"""The figure of a design space's errors, and what a page says of a run without supernet."""

from __future__ import annotations

import fixture
import plotly.graph_objects as go
import pytest

from escalade.report import figures, findings
from escalade.report.artefacts import read
from escalade.report.roster import trained_alone

SEARCH = {
    "space": "regnet_y_small",
    "models": [{"score": s} for s in (0.9, 0.9, 0.8, 0.5)],
    "num_tied": 2,
    "distribution": {"errors": [0.1, 0.2, 0.5], "shares": [0.5, 0.75, 1.0]},
}


def test_steps_go_up_at_every_error():
    made = figures.error_distribution(SEARCH)
    steps, best = made.traces
    assert steps["x"] == pytest.approx([10, 10, 20, 50])
    assert steps["y"] == [0.0, 0.5, 0.75, 1.0]
    assert (best["x"], best["y"]) == ([pytest.approx(10)], [0.5])
    go.Figure(made.to_plotly())


def test_the_reading_has_the_numbers():
    reading = figures.error_distribution(SEARCH).reading
    for words in ("4 random networks", "regnet_y_small", "1 other cannot be told"):
        assert words in reading
    alone = figures.error_distribution(SEARCH | {"num_tied": 1}).reading
    assert "No other cannot be told" not in alone
    assert "All others are clearly worse" in alone


def test_nothing_to_draw():
    assert figures.error_distribution({}) is None


def test_a_run_with_a_supernet_is_none(tmp_path):
    run = read(fixture.build(tmp_path / "run"))
    assert not trained_alone(run)
    assert "searched jointly" in findings.sentence(run)
