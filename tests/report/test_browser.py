"""The page in a real browser: drawn, quiet, within its width, and alone."""

from __future__ import annotations

import chromium
import fixture
import pytest

from escalade.report.page import write

COMMAND = chromium.find()
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(COMMAND is None, reason="no Chromium or Chrome is installed"),
]
NUM_FIGURES = 9
HOSTILE = '<script>document.title="owned"</script><img src=x onerror=document.title="owned">'


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    with chromium.started(COMMAND, tmp_path_factory.mktemp("profile")) as started:
        yield started


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    folder = fixture.build(tmp_path_factory.mktemp("run"))
    return write(folder, evaluations=fixture.evaluations(), histograms=fixture.histograms())


@pytest.fixture(scope="module")
def hostile(tmp_path_factory):
    folder = fixture.build(tmp_path_factory.mktemp("hostile"), data=HOSTILE, member=HOSTILE)
    return write(folder, evaluations=fixture.evaluations(100), histograms=fixture.histograms())


def check(browser, width):
    """Every figure has drawn its marks, nothing sticks out, nothing was asked or complained of."""
    plots = browser.run("document.querySelectorAll('.plot').length")
    drawn = browser.run(
        "[...document.querySelectorAll('.plot')]"
        ".filter(p => p.querySelector('.main-svg .trace path')).length"
    )
    assert (plots, drawn) == (NUM_FIGURES, NUM_FIGURES)
    widths = browser.run("[document.documentElement.scrollWidth, innerWidth]")
    assert widths[0] <= widths[1] == width
    assert browser.errors() == []
    assert browser.requests() == []


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("width", [375, 1280])
def test_it_draws_within_its_width_and_asks_for_nothing(browser, page, width, dark):
    browser.open(page, width=width, dark=dark)
    check(browser, width)
    ink = browser.run("getComputedStyle(document.querySelector('.xtick text')).fill")
    assert ink == ("rgb(160, 169, 178)" if dark else "rgb(90, 99, 109)")


def test_a_figure_follows_a_change_of_scheme(browser, page):
    browser.open(page, width=1280)
    browser.scheme(dark=True)
    browser.run("new Promise(done => setTimeout(done, 600))")
    ink = browser.run("getComputedStyle(document.querySelector('.xtick text')).fill")
    assert ink == "rgb(160, 169, 178)"


def test_no_button_sends_a_figure_away(browser, page):
    browser.open(page, width=1280)
    titles = browser.run(
        "[...new Set([...document.querySelectorAll('.modebar-btn')].map(b => b.dataset.title))]"
    )
    assert len(titles) == 4
    assert not [title for title in titles if "cloud" in title.lower()]


@pytest.mark.parametrize("width", [375, 1280])
def test_hostile_names_run_nothing_and_stay_within_the_page(browser, hostile, width):
    browser.open(hostile, width=width)
    check(browser, width)
    assert "owned" in browser.run("document.title")
    assert browser.run("document.title") != "owned"
    assert browser.run("document.querySelectorAll('main img').length") == 0
    assert HOSTILE in browser.run("document.querySelector('h1').textContent")
    labels = browser.run("document.querySelector('#plot-accuracy').textContent")
    assert "<script>" in labels


def test_the_guard_sees_a_page_that_asks_for_something(browser, tmp_path):
    """The checks above can fail: a page that breaks every rule is seen."""
    bad = tmp_path / "bad.html"
    bad.write_text(
        "<html data-drawn=yes><body style='width:3000px'><script>console.error('loud');"
        "new Image().src='http://127.0.0.1:9/x.png'</script>"
    )
    browser.open(bad, width=1280)
    browser.run("new Promise(done => setTimeout(done, 200))")
    assert browser.run("document.documentElement.scrollWidth") >= 3000
    assert browser.requests() == ["http://127.0.0.1:9/x.png"]
    assert any("loud" in error for error in browser.errors())
