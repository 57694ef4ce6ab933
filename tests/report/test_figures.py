"""Figures hold exactly what they were given, and plotly takes them."""

from __future__ import annotations

import fixture
import numpy as np
import plotly.graph_objects as go
import pytest

from escalade.artefacts.grown import Grown
from escalade.artefacts.metrics_lines import MetricsLine
from escalade.artefacts.searched import IterationRecord
from escalade.core.numbers.shown import percent
from escalade.core.values.codec import decode
from escalade.report.contents import read
from escalade.report.figures.accuracy import accuracy_against_macs
from escalade.report.figures.convergence import convergence, deviation
from escalade.report.figures.distribution import error_distribution
from escalade.report.figures.growth_curves import growth_curve
from escalade.report.figures.paths import TRAINED, path_histogram
from escalade.report.figures.training import member_losses, supernet_loss
from escalade.report.findings import sentence
from escalade.report.roster import family_rows, trained_alone


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return read(fixture.build(tmp_path_factory.mktemp("run")))


@pytest.fixture(scope="module")
def family(run):
    return family_rows(run)


def all_figures(run, family):
    return [
        accuracy_against_macs(fixture.evaluations(), family=family),
        path_histogram(fixture.histograms(), family=family),
        *(
            growth_curve(run.growth, dimension=d, family=family)
            for d in ("depth", "width", "resolution")
        ),
        convergence(run.search.iterations),
        deviation(run.search.iterations),
        supernet_loss(run.metrics),
        member_losses(run.metrics, family=family),
    ]


def test_plotly_accepts_every_figure_and_each_says_what_it_shows(run, family):
    made = all_figures(run, family)
    assert len({figure.name for figure in made}) == len(made)
    for figure in made:
        drawn = go.Figure(figure.to_plotly())
        assert len(drawn.data) == len(figure.traces)
        assert drawn.layout.xaxis.title.text
        assert drawn.layout.yaxis.title.text
        assert figure.title
        assert len(figure.reading) > 20


def test_every_evaluation_is_a_dot(family):
    rows = fixture.evaluations(50)
    cloud = accuracy_against_macs(rows, family=family).traces[0]
    assert cloud["x"] == [row["macs"] for row in rows]
    assert cloud["y"] == [100 * row["accuracy"] for row in rows]


def test_too_many_evaluations_are_thinned_and_the_reading_says_so(family):
    rows = fixture.evaluations(100) * 200
    figure = accuracy_against_macs(rows, family=family)
    assert len(figure.traces[0]["x"]) == 20_000 // 3 + 1
    assert "20,000 (6,667 drawn) paths" in figure.reading


def test_members_stand_at_their_macs_and_accuracies_with_intervals(family):
    traces = accuracy_against_macs([], family=family).traces
    tested = [t for t in traces if t["name"].endswith(" test")]
    assert [t["x"][0] for t in tested] == [m.macs for m in family]
    assert [t["y"][0] for t in tested] == pytest.approx([100 * a for a in fixture.TEST])
    error = 1.96 * np.sqrt(fixture.TEST[0] * (1 - fixture.TEST[0]) / 10_000)
    bars = tested[0]["error_y"]
    assert bars["array"] + bars["arrayminus"] == pytest.approx([100 * error] * 2, rel=0.03)
    assert bars["arrayminus"] > bars["array"]
    assert [t["marker"]["color"] for t in tested] == [m.colour for m in family]


def test_histogram_keeps_edges_and_counts():
    given = {"uniform": {"edges": [1e6, 2e6, 4e6], "counts": [3, 5]}}
    (trace,) = path_histogram(given).traces
    assert trace["x"] == [1e6, 2e6, 4e6]
    assert trace["y"] == [3, 5, 5]
    assert trace["line"]["shape"] == "hv"


def test_budgets_are_marked_and_the_axis_names_their_kind(family):
    given = fixture.histograms()
    marked = path_histogram(given, family=family).layout["shapes"]
    assert [shape["x0"] for shape in marked] == fixture.budgets()[:3]
    other = path_histogram(given, family=family, budget_kind="params")
    assert other.layout["shapes"] == marked
    assert other.title == "Params of sampled paths"
    assert other.layout["xaxis"]["title"]["text"] == "params (log scale)"


def test_growth_curves_are_equation_9_and_its_rivals(run, family):
    figure = growth_curve(run.growth, dimension="width", family=family)
    curves = {trace["name"]: trace for trace in figure.traces[:3]}
    stages = np.array(curves["exponential"]["x"])
    p = fixture.FUNCTIONS["exponential"]["width"]
    assert curves["exponential"]["y"] == pytest.approx(p["a0"] * (p["a1"] ** stages - 1) + 1)
    assert curves["linear"]["y"] == pytest.approx(0.22 * stages + 1)
    assert curves["squared"]["y"] == pytest.approx(0.025 * stages**2 + 0.175 * stages + 1)


def test_growth_marks_points_intervals_and_the_extrapolated_part(run, family):
    figure = growth_curve(run.growth, dimension="depth", family=family)
    points, grown = figure.traces[3:6], figure.traces[6:]
    assert [p["y"][0] for p in points] == [1.0, 1.25, 1.6]
    for trace, member in zip(grown, run.growth.members, strict=True):
        low, high = member.interval["depth"]
        predicted = member.predicted.depth
        assert trace["y"] == [predicted, member.solved.depth]
        assert trace["error_y"]["array"][0] == pytest.approx(high - predicted)
        assert trace["error_y"]["arrayminus"][0] == pytest.approx(predicted - low)
    (beyond,) = figure.layout["shapes"]
    assert 2 < beyond["x0"] < 3
    assert beyond["x1"] > 4


def test_growth_without_interval_and_with_one_function():
    growth = fixture.growth()
    growth["functions"] = {"linear": fixture.FUNCTIONS["linear"]}
    growth["form"] = "linear"
    for member in growth["members"]:
        member["interval"] = None
    figure = growth_curve(decode(Grown, growth), dimension="depth")
    assert [t["name"] for t in figure.traces if t["mode"] == "lines"] == ["linear"]
    assert " to " not in figure.reading


def test_convergence_holds_mean_band_and_best(run):
    rows = run.search.iterations
    figure = convergence(rows)
    means = [t for t in figure.traces if t["name"] == "mean"]
    best = [t for t in figure.traces if t["name"] == "best"]
    assert [x for t in means for x in t["x"]] == list(range(1, len(rows) + 1))
    assert [y for t in means for y in t["y"]] == [100 * row.mean for row in rows]
    assert [y for t in best for y in t["y"]] == [100 * row.best for row in rows]
    spread = [y for t in deviation(rows).traces for y in t["y"]]
    assert spread == [100 * row.std for row in rows]


def iteration(phase, stage, num, *, mean, best, generation=0):
    return IterationRecord(
        iteration=1, phase=phase, stage=stage, generation=generation, mean=mean, std=0.01,
        best=best, num=num,
    )  # fmt: skip


def test_convergence_of_a_coarse_to_fine_selection_names_its_phases_and_budgets():
    rows = [
        iteration(phase, stage, num, mean=0.6 + stage / 10, best=0.65 + stage / 10)
        for phase, num in (("coarse", 7), ("fine", 40))
        for stage in (0, 1)
    ]
    figure = convergence(rows)
    best = percent(0.75)
    assert figure.reading.startswith(
        f"Coarse grid: 14 scores, best {best}; variations of its best: 80 scores, best {best}."
    )
    assert [key.label for key in figure.keys[2:]] == ["stage 0", "stage 1"]
    hovered = [t["hovertext"][0] for t in figure.traces if t["name"] == "best"]
    assert ["coarse grid" in text for text in hovered] == [True, True, False, False]
    assert ["variations of its best" in text for text in hovered] == [False, False, True, True]


def test_convergence_of_a_front_does_not_promise_a_rising_mean():
    rows = [
        iteration("front", None, num, mean=0.6 - g / 100, best=0.8, generation=g)
        for g, num in ((1, 80), (2, 40), (3, 40))
    ]
    figure = convergence(rows)
    assert f"160 scores, best {percent(0.8)}" in figure.reading
    assert "need not rise" in figure.reading
    assert len(figure.traces) == 3
    assert "Pareto front" in figure.traces[1]["hovertext"][0]
    assert "need not fall" in deviation(rows).reading


def test_losses_are_drawn_as_recorded_and_long_ones_averaged(run, family):
    stated = [r for r in run.metrics if r.stage == "train"]
    (trace,) = supernet_loss(run.metrics).traces
    assert trace["x"] == [r.step for r in stated]
    assert trace["y"] == [r.loss for r in stated]
    rest = {"stage": "train", "learning_rate": 0.1, "images_per_second": 1.0}
    long = [MetricsLine(step=i, loss=float(i), **rest) for i in range(1500)]
    (trace,) = supernet_loss(long).traces
    assert trace["y"] == [1.0 + 3 * i for i in range(500)]
    names = [t["name"] for t in member_losses(run.metrics, family=family).traces]
    assert names == ["S0", "S1", "S2", "S3", "S4"]


def test_nothing_to_draw_is_none():
    assert accuracy_against_macs([], family=[]) is None
    assert path_histogram({}) is None
    assert convergence([]) is None
    assert deviation([]) is None
    assert supernet_loss([]) is None
    assert member_losses([]) is None


def test_what_the_run_trained_on_stands_first():
    given = fixture.histograms()
    named = {f"uniform{TRAINED}": given["uniform"], "hierarchical": given["hierarchical"]}
    assert [key.label for key in path_histogram(named).keys] == list(named)
    assert path_histogram(named).reading.startswith("uniform, trained on: ")


GIVEN = {"errors": [0.1, 0.2, 0.5], "shares": [0.5, 0.75, 1.0], "num_models": 4}


def test_steps_go_up_at_every_error():
    made = error_distribution(**GIVEN)
    steps, best = made.traces
    assert steps["x"] == pytest.approx([10, 10, 20, 50])
    assert steps["y"] == [0.0, 0.5, 0.75, 1.0]
    assert (best["x"], best["y"]) == ([pytest.approx(10)], [0.5])
    go.Figure(made.to_plotly())


def test_the_reading_has_the_numbers():
    reading = error_distribution(**GIVEN, num_tied=2).reading
    for words in ("4 random networks", "median 10.0 %", "1 cannot be told from the best"):
        assert words in reading
    assert "all others are clearly worse" in error_distribution(**GIVEN).reading


def test_nothing_to_draw():
    assert error_distribution([], [], num_models=0) is None


def test_a_run_with_a_supernet_is_none(tmp_path):
    run = read(fixture.build(tmp_path / "run"))
    assert not trained_alone(run)
    assert "searched jointly" in sentence(run, family_rows(run))
