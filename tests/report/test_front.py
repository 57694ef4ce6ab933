"""Panels of a front and curves of its generations, from a real search."""

from __future__ import annotations

import copy
from dataclasses import replace

import front_run
import numpy as np
import plotly.graph_objects as go
import pytest
from pymoo.util.nds.non_dominated_sorting import NonDominatedSorting

from escalade.report import figures
from escalade.report.artefacts import read
from escalade.report.figures.limits import Limit
from escalade.report.figures.measure import Measure, axis_around
from escalade.report.number import SPACE
from escalade.report.roster import members

SIGNS = {"error": 1, "macs": 1, "params": -1}
AXES = {
    "front-error-macs": ("macs", "error"),
    "front-error-params": ("params", "error"),
    "front-params-macs": ("macs", "params"),
}


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return read(front_run.build(tmp_path_factory.mktemp("run")))


@pytest.fixture(scope="module")
def front(run):
    return run.search["front"]


@pytest.fixture(scope="module")
def marked(run, front):
    return dict(zip(front["members"], members(run), strict=True))


@pytest.fixture(scope="module")
def panels(front, marked):
    rows = front_run.searched()[1]
    choices = [f"layers of {i}\nsecond <line>" for i in range(len(front["networks"]))]
    made = figures.front_panels(front, evaluations=rows, marked=marked, choices=choices)
    return {panel.name: panel for panel in made}


def column(front, measure, networks="networks"):
    place = [name.removeprefix("-") for name in front["objectives"]].index(measure)
    scale = 100 if measure == "error" else 1
    return [scale * network["values"][place] for network in front[networks]]


def trace(panel, name):
    return next(t for t in panel.traces if t["name"] == name)


def test_a_panel_for_every_pair_and_plotly_accepts_it(panels):
    assert list(panels) == list(AXES)
    for panel in panels.values():
        drawn = go.Figure(panel.to_plotly())
        assert drawn.layout.xaxis.title.text
        assert len(panel.reading) > 20
    assert "more is better" in panels["front-error-params"].layout["xaxis"]["title"]["text"]
    assert "more" not in panels["front-error-macs"].layout["yaxis"]["title"]["text"]


@pytest.mark.parametrize("name", AXES)
def test_every_network_of_the_front_is_drawn_once_and_within_the_axes(panels, front, marked, name):
    panel, (x, y) = panels[name], AXES[name]
    points = {}
    for each in panel.traces[2:]:
        for place, *at in zip(each["customdata"], each["x"], each["y"], strict=True):
            points[place] = at
    assert sorted(points) == list(range(len(front["networks"])))
    wanted = list(zip(column(front, x), column(front, y), strict=True))
    assert [tuple(points[i]) for i in range(len(wanted))] == wanted
    assert panel.layout["meta"]["linked"] == [list(point) for point in wanted]
    assert {trace(panel, m.name)["customdata"][0]: m for m in marked.values()} == marked
    for axis, values in (("xaxis", column(front, x)), ("yaxis", column(front, y))):
        low, high = panel.layout[axis]["range"]
        logarithmic = panel.layout[axis].get("type") == "log"
        at = np.log10(values) if logarithmic else values
        assert low < min(at) <= max(at) < high


@pytest.mark.parametrize("name", AXES)
def test_the_stairs_are_the_front_of_two_objectives(panels, front, name):
    panel, (x, y) = panels[name], AXES[name]
    points = np.array([column(front, x), column(front, y)]).T
    best = NonDominatedSorting().do(points * [SIGNS[x], SIGNS[y]], only_non_dominated_front=True)
    stairs = trace(panel, "best")
    drawn = sorted(set(zip(stairs["x"], stairs["y"], strict=True)))
    assert drawn == sorted({tuple(point) for point in points[best].tolist()})
    assert stairs["x"] == sorted(stairs["x"])
    # What lies between two steps is beaten by one of them.
    assert stairs["line"]["shape"] == ("vh" if x == "params" else "hv")


def test_all_scored_networks_are_the_ground(panels, front):
    rows = front_run.searched()[1]
    cloud = trace(panels["front-params-macs"], "scored")
    assert cloud["x"] == [row["macs"] for row in rows]
    assert cloud["y"] == [row["params"] for row in rows]
    assert len(rows) == front_run.searched()[0].distinct
    thinned = figures.front_panels(front, evaluations=rows * 20)[0]
    assert 2000 < len(trace(thinned, "scored")["x"]) <= 4000


def test_without_their_costs_networks_of_earlier_fronts_are_the_ground(front):
    rows = [{"macs": r["macs"], "accuracy": r["accuracy"]} for r in front_run.searched()[1]]
    by_name = {p.name: p for p in figures.front_panels(front, evaluations=rows)}
    assert trace(by_name["front-params-macs"], "scored")["y"] == column(front, "params", "seen")
    assert trace(by_name["front-error-macs"], "scored")["x"] == [row["macs"] for row in rows]
    alone = figures.front_panels(front)[0]
    assert trace(alone, "scored")["x"] == column(front, "macs", "seen")
    assert figures.front_keys(front)[0].label == "network on an earlier front"


def test_constraints_are_lines_where_they_are_near(panels, front):
    """macs < 3M and params < 150k, and accuracy > 0.72 is an error below 28 %."""
    by_axis = {
        name: sorted(
            (line["x0"], line["x1"]) if line.get("yref") == "paper" else (line["y0"], line["y1"])
            for line in panels[name].layout["shapes"][1:]
        )
        for name in AXES
    }
    error = pytest.approx(28.0)
    assert by_axis["front-error-macs"] == [(error, error), (3e6, 3e6)]
    assert by_axis["front-error-params"] == [(error, error), (150e3, 150e3)]
    assert by_axis["front-params-macs"] == [(150e3, 150e3), (3e6, 3e6)]
    names = [each["text"] for each in panels["front-error-macs"].layout["annotations"]]
    assert names == ["macs &lt; 3M", "accuracy &gt; 0.72"]
    far = front | {"constraints": ["macs < 9G", "accuracy > 0.01"]}
    panel = figures.front_panels(far)[0]
    assert len(panel.layout["shapes"]) == 1
    assert "The line of macs < 9G and accuracy > 0.01 would lie outside" in panel.reading


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("macs < 3M", Limit("macs", 3e6, True, "macs < 3M")),
        ("error < 0.3", Limit("error", 30.0, True, "error < 0.3")),
        ("accuracy > 0.4", Limit("error", 60.0, True, "accuracy > 0.4")),
        ("params > 5M", Limit("params", 5e6, False, "params > 5M")),
        ("latency < 4ms", Limit("latency", 4e-3, True, "latency < 4ms")),
    ],
)
def test_a_limit_is_what_the_axis_counts(text, expected):
    found = Limit.of(text)
    assert replace(found, drawn=0.0) == replace(expected, drawn=0.0)
    assert found.drawn == pytest.approx(expected.drawn)


def test_hovering_tells_values_and_choices_escaped(panels, front):
    told = trace(panels["front-error-macs"], "front")
    place = told["customdata"][0]
    lines = told["hovertext"][0].split("<br>")
    macs = front["networks"][place]["values"][1]
    assert lines[0] == "on the final front"
    assert lines[2] == f"{macs / 1e6:.3g}{SPACE}M macs" or lines[2].endswith("k macs")
    assert lines[4:] == [f"layers of {place}", "second &lt;line&gt;"]
    member = panels["front-error-macs"].traces[-1]
    assert member["hovertext"][0].startswith(f"{member['text'][0]}, chosen<br>")


def test_a_member_that_is_dominated_is_said_so(front, marked):
    """A budget's member may be worse than a cheaper network."""
    worse = copy.deepcopy(front)
    last = len(worse["networks"])
    worse["networks"].append(worse["networks"][0] | {"values": [0.5, 2.9e6, 5e4]})
    worse["num_front"] = last
    panel = figures.front_panels(worse, marked={last: marked[front["members"][0]]})[0]
    assert last not in trace(panel, "front")["customdata"]
    assert 50.0 not in trace(panel, "best")["y"]
    assert "not on the front" in panel.traces[-1]["hovertext"][0]
    assert panel.layout["yaxis"]["range"][1] > 50


def test_two_objectives_are_one_panel(front):
    pair = copy.deepcopy(front)
    pair["objectives"] = ["macs", "error"]
    for network in [*pair["networks"], *pair["seen"]]:
        error, macs, _ = network["values"]
        network["values"] = [macs, error]
    (panel,) = figures.front_panels(pair)
    assert panel.name == "front-error-macs"
    assert sorted(trace(panel, "front")["x"]) == sorted(column(front, "macs"))


def test_a_short_range_is_linear_and_a_long_one_logarithmic():
    short = axis_around(Measure("macs"), [2e6, 3e6])
    long = axis_around(Measure("macs"), [2e5, 3e6])
    assert (short.logarithmic, long.logarithmic) == (False, True)
    assert short.to_plotly()["tickformat"] == "~s"
    assert long.to_plotly()["type"] == "log"
    assert not axis_around(Measure("error"), [1.0, 50.0]).logarithmic
    timed = axis_around(Measure("latency"), [1e-3, 2e-3]).to_plotly()
    assert timed["ticksuffix"] == "s"


def test_an_axis_shows_worse_networks_nearby_and_not_those_far_off():
    axis = axis_around(Measure("error"), [10.0, 20.0], cloud=[24.0, 90.0, 1.0])
    assert axis.covers(24.0)
    assert not axis.covers(90.0)
    assert not axis.covers(1.0)
    gained = axis_around(Measure("params", maximised=True), [10.0, 20.0], cloud=[5.0, 29.0])
    assert gained.covers(5.0)
    assert not gained.covers(29.0)
    assert axis_around(Measure("macs"), [5.0]).covers(5.0)


def test_generations_are_drawn_as_recorded(front):
    rows = front["generations"]
    (line,) = figures.hypervolume_curve(rows).traces
    assert line["x"] == list(range(1, len(rows) + 1))
    assert line["y"] == [row["hypervolume"] for row in rows]
    assert figures.identity_curve(rows) is None
    counts = figures.counts_curve(rows)
    scored, *rejected = counts.traces
    assert sum(scored["y"]) == front_run.searched()[0].distinct
    for each, name in zip(rejected, front["constraints"], strict=True):
        assert each["y"] == [row["rejected"][name] for row in rows]
        assert "&" in each["name"]
    assert len({each["line"]["dash"] for each in counts.traces}) == len(counts.traces)
    for made in (figures.hypervolume_curve(rows), counts):
        go.Figure(made.to_plotly())
    assert "dtick" not in counts.layout["xaxis"]
    few = [row | {"rejected": {}} for row in rows[:3]]
    assert figures.counts_curve(few).layout["xaxis"]["dtick"] == 1
    # Of the four generations that made them the first two were scored at once.
    assert (
        "networks were scored in 4 generations. The first two" in figures.counts_curve(few).reading
    )


def test_the_reading_of_the_hypervolume_has_its_numbers():
    rows = [
        {"generation": g, "hypervolume": v, "front": [0], "evaluated": 10 * g}
        for g, v in ((1, 0.5), (2, 0.596), (3, 0.6), (4, 0.59))
    ]
    told = figures.hypervolume_curve(rows).reading.replace(SPACE, " ")
    assert "50.0 % in the first generation, 59.0 % in the last" in told
    assert "its best, 60.0 %, from generation 2" in told


def test_identities_are_drawn_where_there_are_some():
    found, _ = front_run.searched("scarlet_small")
    rows = found.to_json()["front"]["generations"]
    made = figures.identity_curve(rows)
    assert made.traces[0]["y"] == [row["identity_ratio"] for row in rows]
    assert 0 < made.traces[0]["y"][-1] < 1
    go.Figure(made.to_plotly())


def test_no_generations_no_curves():
    assert figures.hypervolume_curve([]) is None
    assert figures.identity_curve([]) is None
    assert figures.counts_curve([]) is None
