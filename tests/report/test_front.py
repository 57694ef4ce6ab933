"""Panels of a front and curves of its generations, from a real search."""

from __future__ import annotations

from dataclasses import replace

import front_run
import numpy as np
import plotly.graph_objects as go
import pytest
from pymoo.util.nds.non_dominated_sorting import NonDominatedSorting

from escalade.artefacts.fronts import FrontBox, FrontGeneration
from escalade.artefacts.searched import Searched
from escalade.core.values.codec import decode
from escalade.report.contents import read
from escalade.report.figures.front_panels import front_keys, front_panels
from escalade.report.figures.generations import generation_curves
from escalade.report.figures.objective import Measure, limit_lines
from escalade.report.figures.ways import children_figures
from escalade.report.roster import family_rows

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
    return run.search.front


@pytest.fixture(scope="module")
def marked(run, front):
    return dict(zip(front.members, family_rows(run), strict=True))


@pytest.fixture(scope="module")
def panels(front, marked):
    rows = front_run.searched()[1]
    choices = [f"layers of {i}\nsecond <line>" for i in range(len(front.networks))]
    made = front_panels(front, evaluations=rows, marked=marked, choices=choices)
    return {panel.name: panel for panel in made}


def column(front, measure, networks="networks"):
    place = [name.removeprefix("-") for name in front.objectives].index(measure)
    scale = 100 if measure == "error" else 1
    return [scale * network.values[place] for network in getattr(front, networks)]


def trace(panel, name):
    return next(t for t in panel.traces if t["name"] == name)


@pytest.mark.slow
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
    assert sorted(points) == list(range(len(front.networks)))
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
    assert len(rows) == front_run.searched()[0].evaluations.distinct
    thinned = front_panels(front, evaluations=rows * 20)[0]
    assert 2000 < len(trace(thinned, "scored")["x"]) <= 4000


def test_without_their_costs_networks_of_earlier_fronts_are_the_ground(front):
    rows = [{"macs": r["macs"], "accuracy": r["accuracy"]} for r in front_run.searched()[1]]
    by_name = {p.name: p for p in front_panels(front, evaluations=rows)}
    assert trace(by_name["front-params-macs"], "scored")["y"] == column(front, "params", "seen")
    assert trace(by_name["front-error-macs"], "scored")["x"] == [row["macs"] for row in rows]
    alone = front_panels(front)[0]
    assert trace(alone, "scored")["x"] == column(front, "macs", "seen")
    assert front_keys(front, scored=False)[0].label == "network on an earlier front"


def test_constraints_are_lines(panels):
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
    names = [each["label"]["text"] for each in panels["front-error-macs"].layout["shapes"][1:]]
    assert names == ["macs &lt; 3M", "accuracy &gt; 0.72"]


@pytest.mark.parametrize(
    ("text", "measure", "drawn"),
    [
        ("macs < 3M", "macs", 3e6),
        ("error < 0.3", "error", 30.0),
        ("accuracy > 0.4", "error", 60.0),
        ("latency < 4ms", "latency", 4e-3),
    ],
)
def test_a_limit_is_what_the_axis_counts(text, measure, drawn):
    (line,) = limit_lines([text], Measure(measure), Measure("params"))
    assert (line["x0"], line["x1"]) == (pytest.approx(drawn), pytest.approx(drawn))
    assert (line["y0"], line["y1"], line["yref"]) == (0, 1, "paper")
    assert limit_lines([text], Measure("activations"), Measure("params")) == []


def test_hovering_tells_values_and_choices_escaped(panels, front):
    told = trace(panels["front-error-macs"], "front")
    place = told["customdata"][0]
    lines = told["hovertext"][0].split("<br>")
    macs = front.networks[place].values[1]
    assert lines[0] == "on the final front"
    assert lines[2] == f"{macs / 1e6:.4g}M macs" or lines[2].endswith("k macs")
    assert lines[4:] == [f"layers of {place}", "second &lt;line&gt;"]
    member = panels["front-error-macs"].traces[-1]
    assert member["hovertext"][0].startswith(f"{member['text'][0]}, chosen<br>")


def test_a_member_that_is_dominated_is_said_so(front, marked):
    """A budget's member may be worse than a cheaper network."""
    last = len(front.networks)
    bad = replace(front.networks[0], values=(0.5, 2.9e6, 5e4))
    worse = replace(front, networks=(*front.networks, bad), num_front=last)
    panel = front_panels(worse, marked={last: marked[front.members[0]]})[0]
    assert last not in trace(panel, "front")["customdata"]
    assert 50.0 not in trace(panel, "best")["y"]
    assert "not on the front" in panel.traces[-1]["hovertext"][0]
    assert panel.layout["yaxis"]["range"][1] > 50


def test_two_objectives_are_one_panel(front):
    def turned(networks):
        return tuple(replace(n, values=(n.values[1], n.values[0])) for n in networks)

    pair = replace(
        front,
        objectives=("macs", "error"),
        box=FrontBox(best=front.box.best[1::-1], worst=front.box.worst[1::-1]),
        networks=turned(front.networks),
        seen=turned(front.seen),
    )
    (panel,) = front_panels(pair)
    assert panel.name == "front-error-macs"
    assert sorted(trace(panel, "front")["x"]) == sorted(column(front, "macs"))


def test_a_short_range_is_linear_and_a_long_one_logarithmic():
    assert Measure("macs").axis([2e6, 3e6], [])["tickformat"] == "~s"
    assert Measure("macs").axis([2e5, 3e6], [])["type"] == "log"
    assert "type" not in Measure("error").axis([1.0, 50.0], [])
    assert Measure("latency").axis([1e-3, 2e-3], [])["ticksuffix"] == "s"


def test_an_axis_shows_worse_networks_nearby_and_not_those_far_off():
    low, high = Measure("error").axis([10.0, 20.0], [24.0, 90.0, 1.0])["range"]
    assert 1 < low < 10
    assert 24 < high < 90
    low, high = Measure("params", maximised=True).axis([10.0, 20.0], [5.0, 29.0])["range"]
    assert low < 5
    assert 20 < high < 29
    low, high = Measure("macs").axis([5.0], [])["range"]
    assert low < 5 < high


def test_generations_are_drawn_as_recorded(front):
    rows = front.generations
    volumes, counts = generation_curves(rows)
    (line,) = volumes.traces
    assert line["x"] == list(range(1, len(rows) + 1))
    assert line["y"] == [row.hypervolume for row in rows]
    scored, *rejected = counts.traces
    assert sum(scored["y"]) == front_run.searched()[0].evaluations.distinct
    for each, name in zip(rejected, front.constraints, strict=True):
        assert each["y"] == [row.rejected[name] for row in rows]
        assert "&" in each["name"]
    assert len({each["line"]["dash"] for each in counts.traces}) == len(counts.traces)
    for made in (volumes, counts):
        go.Figure(made.to_plotly())
    assert "dtick" not in counts.layout["xaxis"]
    few = generation_curves([replace(row, rejected={}) for row in rows[:3]])[-1]
    assert few.layout["xaxis"]["dtick"] == 1
    # Of the four generations that made them the first two were scored at once.
    assert "networks were scored in 4 generations; the first two" in few.reading


def test_the_reading_of_the_hypervolume_has_its_numbers():
    rows = [
        FrontGeneration(
            generation=g, hypervolume=v, front=(0,), evaluated=10 * g, rejected={},
            identity_ratio=None,
        )
        for g, v in ((1, 0.5), (2, 0.596), (3, 0.59))
    ]  # fmt: skip
    told = generation_curves(rows)[0].reading
    assert "50.0 % in the first generation, 59.0 % in the last" in told


def test_identities_are_drawn_where_there_are_some():
    rows = decode(Searched, front_run.found("scarlet_small")).front.generations
    made = generation_curves(rows)[1]
    assert made.traces[0]["y"] == [row.identity_ratio for row in rows]
    assert 0 < made.traces[0]["y"][-1] < 1
    go.Figure(made.to_plotly())


def test_no_generations_no_curves():
    assert generation_curves([]) == []


# How children were made


def test_survival_by_way_is_what_the_search_counted(run):
    generations = run.children.generations
    survival, choices = children_figures(generations)
    for figure in (survival, choices):
        go.Figure(figure.to_plotly())
    last = generations[-1].ways["crossover"]
    crossed = trace(survival, "crossover")
    assert crossed["y"][-1] == last.survived / last.scored
    assert crossed["x"] == [brood.generation for brood in generations]
    total = sum(brood.ways["wheel"].proposed for brood in generations if "wheel" in brood.ways)
    assert f"wheel {total:,} proposed" in survival.reading


def test_the_choices_drawn_are_the_likeliest_of_the_last_generation(run):
    generations = run.children.generations
    choices = children_figures(generations)[1]
    likeliest = int(np.argmax(generations[-1].controller))
    first = trace(choices, "controller")
    assert first["y"] == [brood.controller[likeliest] for brood in generations]
    assert f"choice {likeliest} (" in choices.reading
    assert "decided in the first" in choices.reading


def test_a_search_without_mutation_draws_no_choices(run):
    plain = [replace(b, controller=(), decided=None, wheel=()) for b in run.children.generations]
    assert [figure.name for figure in children_figures(plain)] == ["children-survival"]
    assert children_figures(()) == []
