"""The picture of scaling rules: its values, the offline page, the SVG."""

from __future__ import annotations

import json
import re
from xml.etree import ElementTree

import plotly.graph_objects as go
import pytest

from escalade.core.network import cost
from escalade.core.scaling.exponents import CostCurve, cost_curve, factors_between
from escalade.report import svg
from escalade.report.figures.figure import Figure, layout
from escalade.report.figures.rule_costs import KINDS, cost_curves
from escalade.report.rule_page import write
from escalade.spaces import known

BASE = known.load("efficientnet_b0")
RULES = ("d", "w", "dWr")
CHOSEN = ("dWr", 11.0, cost.Cost(4_142_766_000, 36_093_000, 29_153_000, 8_000))
HOSTILE = "<script>x</script>"


@pytest.fixture(scope="module")
def curves():
    return [cost_curve(BASE, rule, factors_between(1.0, 32.0, 20)) for rule in RULES]


@pytest.mark.parametrize("kind", KINDS)
def test_the_figure_holds_the_costs_and_marks_the_network(curves, kind):
    figure = cost_curves(curves, kind=kind, chosen=CHOSEN)
    *lines, mark = figure.traces
    for line, curve in zip(lines, curves, strict=True):
        assert (line["name"], tuple(line["x"])) == (curve.rule, curve.factors)
        assert line["y"] == [getattr(each, kind) for each in curve.costs]
    assert (mark["x"], mark["y"]) == ([11.0], [getattr(CHOSEN[2], kind)])
    assert [line["line"]["width"] > 2 for line in lines] == [False, False, True]
    assert len({line["line"]["color"] for line in lines}) == len(lines)
    assert [key.label for key in figure.keys] == [*RULES, "this network"]
    drawn = go.Figure(figure.to_plotly())
    assert drawn.layout.xaxis.title.text
    assert len(drawn.data) == 4


def test_the_reading_tells_where_lines_end(curves):
    reading = cost_curves(curves, kind="activations").reading
    assert reading.startswith("Activations from factor 1 to 32: d 6.748M to 172.5M")
    assert "5.63 times" in reading  # w: about the root of 32
    short = CostCurve(rule="r", factors=(1.0, 4.0), costs=(CHOSEN[2], CHOSEN[2]))
    assert "1 times at factor 4." in cost_curves([*curves, short], kind="macs").reading


def test_the_page_is_one_file_that_asks_for_nothing(curves, tmp_path):
    write(tmp_path / "page.html", base=HOSTILE, curves=curves, chosen=CHOSEN)
    page = (tmp_path / "page.html").read_text()
    assert "default-src 'none'" in page
    assert HOSTILE not in page
    assert "&lt;script&gt;x" in page
    stated = re.search(r'<script type="application/json" id="figures">(.*?)</script>', page)
    figures = json.loads(stated[1])
    assert list(figures) == [f"scaling-{kind}" for kind in KINDS]
    for name in figures:
        assert f'id="plot-{name}"' in page


def test_the_svg_draws_every_line_within_its_panel(curves, tmp_path):
    write(tmp_path / "plot.svg", base=HOSTILE, curves=curves, chosen=CHOSEN)
    root = ElementTree.fromstring((tmp_path / "plot.svg").read_text())
    space = "{http://www.w3.org/2000/svg}"
    assert root.find(f"{space}title").text == f"What scaling {HOSTILE} costs"
    assert "Activations from factor 1" in root.find(f"{space}desc").text
    panels = root.findall(f"{space}g")
    assert len(panels) == 3
    for panel in panels:
        paths = [p.get("d") for p in panel.findall(f"{space}path") if p.get("fill") == "none"]
        assert len(paths) == len(RULES)
        points = [tuple(map(float, point.split())) for d in paths for point in d[1:].split("L")]
        assert len(points) == 3 * 20
        assert all(0 < x < svg.WIDTH and 0 < y < svg.HEIGHT for x, y in points)
        (dot,) = panel.findall(f"{space}circle")
        # The marked network lies on its rule's line.
        line = [tuple(map(float, point.split())) for point in paths[2][1:].split("L")]
        near = min(line, key=lambda point: abs(point[0] - float(dot.get("cx"))))
        assert abs(near[1] - float(dot.get("cy"))) < 12


def test_an_svg_rises_with_the_cost(curves):
    """A place on a logarithmic axis: twice the cost is equally far everywhere."""
    costs = tuple(cost.Cost(10**i, 10, 10, 10) for i in range(1, 4))
    curve = CostCurve(rule="w", factors=(1.0, 10.0, 100.0), costs=costs)
    other = CostCurve(rule="d", factors=(1.0, 100.0), costs=(cost.Cost(1, 1, 1, 1), costs[2]))
    drawn = svg.draw([cost_curves([curve, other], kind="macs")], title="")
    path = re.search(r'<path d="M([^"]*)" fill="none"', drawn)[1]
    (x0, y0), (x1, y1), (x2, y2) = (map(float, point.split()) for point in path.split("L"))
    assert x1 - x0 == pytest.approx(x2 - x1, abs=0.2)
    assert y0 - y1 == pytest.approx(y1 - y2, abs=0.2)
    assert y0 > y1


def test_a_linear_axis_is_even():
    axis = {"type": "linear", "range": [0, 4], "tickvals": [0, 4], "ticktext": ["0", "4"]}
    line = {"color": "#000000", "dash": "solid", "width": 1}
    trace = {"type": "scatter", "mode": "lines", "x": [0, 1, 4], "y": [0, 1, 4], "line": line}
    figure = Figure(
        name="even", title="", reading="", traces=(trace,),
        layout=layout(x={"title": {"text": ""}, **axis}, y={"title": {"text": ""}, **axis}),
    )  # fmt: skip
    path = re.search(r'<path d="M([^"]*)" fill="none"', svg.draw([figure], title=""))[1]
    (x0, y0), (x1, y1), (x2, y2) = (map(float, point.split()) for point in path.split("L"))
    assert x2 - x0 == pytest.approx(4 * (x1 - x0), abs=0.3)
    assert y0 - y2 == pytest.approx(4 * (y0 - y1), abs=0.3)


def test_an_axis_of_another_kind_is_refused(curves):
    figure = cost_curves(curves, kind="macs")
    figure.layout["xaxis"]["type"] = "date"
    with pytest.raises(ValueError, match="not logarithmic or linear"):
        svg.draw([figure], title="")


@pytest.mark.parametrize("name", ["plot.png", "plot", "plot.HTM"])
def test_other_files_are_refused(curves, tmp_path, name):
    with pytest.raises(ValueError, match=r"ends in .html or .svg"):
        write(tmp_path / name, base="", curves=curves)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
@pytest.mark.browser
@pytest.mark.parametrize("width", [375, 1280])
def test_a_browser_draws_the_page(show, curves, tmp_path, width):
    page = tmp_path / "page.html"
    write(page, base="efficientnet_b0", curves=curves, chosen=CHOSEN)
    shown = show(page, width=width)
    assert shown.locator(".plot .trace path").count() >= 3 * 4
    assert shown.evaluate("document.documentElement.scrollWidth") == width
    assert (shown.errors, shown.asked) == ([], [])
