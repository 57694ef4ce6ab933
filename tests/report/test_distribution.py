"""The figure of a design space's errors, and what a page says of a run without supernet."""

from __future__ import annotations

import fixture
import plotly.graph_objects as go
import pytest

from escalade.report.contents import read
from escalade.report.figures.distribution import error_distribution
from escalade.report.findings import sentence
from escalade.report.roster import family_rows, trained_alone

GIVEN = {"errors": [0.1, 0.2, 0.5], "shares": [0.5, 0.75, 1.0], "num_models": 4}


def test_steps_go_up_at_every_error():
    made = error_distribution(**GIVEN)
    steps, best = made.traces
    assert steps["x"] == pytest.approx([10, 10, 20, 50])
    assert steps["y"] == [0.0, 0.5, 0.75, 1.0]
    assert (best["x"], best["y"]) == ([pytest.approx(10)], [0.5])
    go.Figure(made.to_plotly())


def test_the_reading_has_the_numbers():
    reading = error_distribution(**GIVEN, num_tied=2).reading.replace("\N{NO-BREAK SPACE}", " ")
    for words in ("4 random networks", "median 10.0 %", "1 cannot be told from the best"):
        assert words in reading
    assert "all others are clearly worse" in error_distribution(**GIVEN).reading


def test_nothing_to_draw():
    assert error_distribution([], [], num_models=0) is None


def test_a_run_with_a_supernet_is_none(tmp_path):
    run = read(fixture.build(tmp_path / "run"))
    assert not trained_alone(run)
    assert "searched jointly" in sentence(run, family_rows(run))
