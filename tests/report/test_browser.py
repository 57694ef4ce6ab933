"""The page in a real browser: drawn, quiet, within its width, and alone."""

from __future__ import annotations

from itertools import pairwise

import fixture
import front_run
import pytest

from escalade.report.page import write

pytestmark = [pytest.mark.browser, pytest.mark.slow]
NUM_FIGURES = 9
PANELS = ("front-error-macs", "front-error-params", "front-params-macs")
HOSTILE = '<script>document.title="owned"</script><img src=x onerror=document.title="owned">'
INK = "getComputedStyle(document.querySelector('.xtick text')).fill"
DARK_INK, LIGHT_INK = "rgb(160, 169, 178)", "rgb(90, 99, 109)"


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    folder = fixture.build(tmp_path_factory.mktemp("run"))
    return write(folder, evaluations=fixture.evaluations(), histograms=fixture.histograms())


@pytest.fixture(scope="module")
def hostile(tmp_path_factory):
    folder = fixture.build(
        tmp_path_factory.mktemp("hostile"), data=HOSTILE, member=HOSTILE.replace("/", "")
    )
    return write(folder, evaluations=fixture.evaluations(100), histograms=fixture.histograms())


@pytest.fixture(scope="module")
def scarlet(tmp_path_factory):
    return front_run.page(tmp_path_factory.mktemp("scarlet"), "scarlet_small")


def check(shown, width, *, num_figures=NUM_FIGURES):
    """Every figure has drawn its marks, nothing sticks out, nothing was asked or complained of."""
    plots = shown.evaluate("document.querySelectorAll('.plot').length")
    drawn = shown.evaluate(
        "[...document.querySelectorAll('.plot')]"
        ".filter(p => p.querySelector('.main-svg .trace path')).length"
    )
    assert (plots, drawn) == (num_figures, num_figures)
    widths = shown.evaluate("[document.documentElement.scrollWidth, innerWidth]")
    assert widths[0] <= widths[1] == width
    assert (shown.errors, shown.asked) == ([], [])


def until(shown, expression):
    """Wait for something; playwright's own waiting needs an eval, which the page forbids."""
    for _ in range(100):
        if shown.evaluate(expression):
            return
        shown.wait_for_timeout(50)
    raise AssertionError(f"never: {expression}")


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("width", [375, 1280])
def test_it_draws_within_its_width_and_asks_for_nothing(show, page, width, dark):
    shown = show(page, width=width, dark=dark)
    check(shown, width)
    check_drawings(shown)
    assert shown.evaluate(INK) == (DARK_INK if dark else LIGHT_INK)


def test_a_reader_at_a_desk(show, page):
    """One page: the first screen, buttons, the keyboard, another scheme, and the printer."""
    shown = show(page, width=1280)
    last = "[...document.querySelectorAll('table.family tr')].pop()"
    for element in (last, "document.querySelector('#plot-accuracy')"):
        assert shown.evaluate(f"{element}.getBoundingClientRect().bottom") < 800
    titles = shown.evaluate(
        "[...new Set([...document.querySelectorAll('.modebar-btn')].map(b => b.dataset.title))]"
    )
    assert len(titles) == 4
    assert not [title for title in titles if "cloud" in title.lower()]
    reached = set()
    for _ in range(60):
        shown.keyboard.press("Tab")
        reached.add(shown.evaluate("document.activeElement.tagName"))
    assert {"A", "DIV", "SUMMARY", "PRE"} <= reached
    shown.emulate_media(color_scheme="dark")
    until(shown, f"{INK} === '{DARK_INK}'")
    shown.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    assert shown.evaluate("document.querySelectorAll('details:not([open])').length") == 0


@pytest.mark.parametrize("width", [375, 1280])
def test_hostile_names_run_nothing_and_stay_within_the_page(show, hostile, width):
    shown = show(hostile, width=width)
    check(shown, width)
    assert "owned" in shown.title()
    assert shown.title() != "owned"
    assert shown.locator("main img").count() == 0
    assert HOSTILE in shown.locator("h1").text_content()
    assert "<script>" in shown.locator("#plot-accuracy").text_content()


@pytest.mark.slow
@pytest.mark.parametrize("width", [375, 1280])
def test_networks_of_a_front_are_drawn_and_linked(show, scarlet, width):
    shown = show(scarlet, width=width)
    check(shown, width, num_figures=shown.locator(".plot").count())
    check_drawings(shown)
    if width > 600:  # fingers do not hover
        check_rings(shown)


def check_drawings(shown):
    """Layers stand apart, within their frames."""
    frames = shown.evaluate("""[...document.querySelectorAll('.strip')].map(strip => {
      const box = e => { const r = e.getBoundingClientRect(); return [r.x, r.right, r.y]; };
      return [box(strip), [...strip.querySelectorAll('.layer')].map(box)];
    })""")
    assert len(frames) > 2
    for (left, right, _), layers in frames:
        assert all(left < x < end < right for x, end, _ in layers)
        rows = {}
        for x, end, y in layers:
            rows.setdefault(y, []).append((x, end))
        for row in rows.values():
            assert all(one[1] <= following[0] + 0.01 for one, following in pairwise(row))


def check_rings(shown):
    """A network pointed at is ringed in the other panels; the last stands alone."""
    first, *others = PANELS
    point = shown.locator(f"#plot-{first} .scatterlayer .trace").nth(2).locator(".point").last
    point.scroll_into_view_if_needed()
    box = point.bounding_box()
    for near in (-4, 0):
        shown.mouse.move(box["x"] + box["width"] / 2 + near, box["y"] + box["height"] / 2)
        shown.wait_for_timeout(200)
    rings = "name => document.getElementById('plot-' + name).layout.shapes[0]"
    until(shown, f"({rings})('{others[0]}').visible")
    assert shown.evaluate(rings, first)["visible"] is False
    place = shown.evaluate(f"document.getElementById('plot-{first}').data[2].customdata.at(-1)")
    figures = shown.evaluate("JSON.parse(document.getElementById('figures').textContent)")
    for name in others:
        ring = shown.evaluate(rings, name)
        wanted = figures[name]["layout"]["meta"]["linked"][place]
        assert (ring["visible"], [ring["xanchor"], ring["yanchor"]]) == (True, wanted)
    shown.mouse.move(3, 3)
    until(shown, f"!({rings})('{others[0]}').visible")


@pytest.mark.slow
def test_the_guard_sees_a_page_that_asks_for_something(show, tmp_path):
    """The checks above can fail: a page that breaks every rule is seen."""
    bad = tmp_path / "bad.html"
    bad.write_text(
        "<html data-drawn=yes><body style='width:3000px'><script>console.error('loud');"
        "new Image().src='http://127.0.0.1:9/x.png'</script>"
    )
    shown = show(bad, width=1280)
    shown.wait_for_timeout(200)
    assert shown.evaluate("document.documentElement.scrollWidth") >= 3000
    assert shown.asked == ["http://127.0.0.1:9/x.png"]
    assert any("loud" in error for error in shown.errors)
