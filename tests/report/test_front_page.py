"""The page of a run whose search was multi-objective, and of one in a choice space."""

from __future__ import annotations

import json
import re
from dataclasses import replace

import fixture
import front_run
import pytest
import reading

from escalade.artefacts.run_folder import RunFolder
from escalade.artefacts.searched import Searched
from escalade.config import GrowConfig
from escalade.core.numbers.budget import Budget, Ladder
from escalade.report.contents import read
from escalade.report.findings import sentence
from escalade.report.page import write
from escalade.report.roster import family_rows
from escalade.search.growing.by_rule import ByRule
from escalade.search.growing.found import Found
from escalade.spaces.load import load

PANELS = ("front-error-macs", "front-error-params", "front-params-macs")


def written(folder, rows=()):
    return reading.text(write(folder, evaluations=rows))


def test_a_run_with_a_front_shows_it(tmp_path):
    found, rows = front_run.searched()
    page = write(front_run.build(tmp_path / "run"), evaluations=rows)
    shown, text = list(reading.figures(page)), reading.text(page)
    assert [name for name in shown if name.startswith("front-")] == list(PANELS)
    assert {"hypervolume", "generation-counts"} <= set(shown)
    assert "identity-ratio" not in shown
    for name in shown:
        assert text.count(f'id="plot-{name}"') == 1
    assert '<a href="#front">Front</a>' in text
    assert f"{found.front.num_front} networks of which none beats another" in text
    assert "meet macs &lt; 3M, params &lt; 150k and accuracy &gt; 0.72" in text
    assert "S0, S1 and S2 were chosen of them" in text


def by_rule(searched, *budgets):
    """The largest of the searched members, scaled."""
    ladder = Ladder(tuple(Budget(stage.budget) for stage in searched.stages))
    found = Found(searched=searched, ladder=ladder, settings=GrowConfig(), seed=0)
    return ByRule().grow(found, budgets)


def test_what_is_scaled_is_the_largest_member(tmp_path):
    """A front has no base network, and no rule is a function of the stage through its member."""
    folder = RunFolder(front_run.build(tmp_path / "run"))
    searched = folder.read(Searched)
    folder.write(by_rule(searched, Budget(2.0 * searched.largest.macs)))
    page = written(folder.path)
    assert "Lines are" not in page
    assert "the largest searched member, which the rule dWr scales" in page
    axis = reading.figures(folder.path / "report.html")["growth-depth"]["layout"]["yaxis"]
    assert axis["title"]["text"] == "depth ratio to the largest searched"
    folder.write(by_rule(replace(searched, stages=searched.stages[:1], pi=(1.0,))))
    words = "to the base network over the scaling stages. Lines are the rule dWr"
    assert words in written(folder.path)


def test_searches_that_share_no_base_fit_nothing(tmp_path):
    folder = fixture.build(tmp_path / "run")
    path = folder / "growth.json"
    none = {"form": None, "functions": {}, "leave_last_out": None, "members": []}
    path.write_text(json.dumps(json.loads(path.read_text()) | none))
    page = written(folder)
    assert "Nothing was fitted, and no members were grown." in page
    assert "to the base network over the scaling stages" not in page


def test_a_run_without_a_front_has_no_such_section(tmp_path):
    page = written(fixture.build(tmp_path / "run"))
    assert "#front" not in page
    assert 'id="front"' not in page


def test_hovering_names_the_layers_of_each_network(tmp_path):
    found, _ = front_run.searched()
    page = front_run.page(tmp_path / "run")
    (dots,) = (t for t in reading.figures(page)[PANELS[0]]["data"] if t["name"] == "front")
    for place, told in zip(dots["customdata"], dots["hovertext"], strict=True):
        network = found.front.networks[place].architecture
        blocks = [block for stage in network.stages for block in stage.blocks]
        lines = told.split("<br>")
        assert lines[4] == f"{network.resolution} px, stem {network.stem.width}"
        kernels = re.findall(r"k(\d)e4", " ".join(lines[5:]))
        assert kernels == [str(block.kernel) for block in blocks]


def test_identities_are_told_and_drawn(tmp_path):
    found, _ = front_run.searched("scarlet_small")
    page = front_run.page(tmp_path / "run", "scarlet_small")
    text = reading.text(page)
    choices = load("scarlet_small").layout.identity_choices
    identities = [sum(gene in choices for gene in stage.genome) for stage in found.stages]
    assert max(identities) > 0
    drawings = re.findall(r'<div class="drawing".*?(?=<div class="strip">|</section>)', text)
    for drawing, num in zip(drawings, identities, strict=True):
        outlines = re.findall(r'class="layer (\w+)', drawing)
        assert outlines.count("wire") + outlines.count("funnel") == num
        assert f"{num} identit{'ies' if num > 1 else 'y'}, " in text or not num
        said = re.search(r'aria-label="([^"]*)"', drawing)[1]
        assert len(re.findall(r"\b(id|pool)\b", said)) == num
    assert "A line in place of a box is an identity" in text
    assert "identity-ratio" in reading.figures(page)
    assert " id" in json.dumps(reading.figures(page)[PANELS[0]])


def test_the_first_screen_tells_of_the_front(tmp_path):
    folder = front_run.build(tmp_path / "run")
    run = read(folder)
    told = sentence(run, family_rows(run))
    assert told.startswith("3 networks chosen on a Pareto front span ")
    assert "<dt>Budgets</dt>" in written(folder)
    config = folder / "config.yaml"
    config.write_text(re.sub("budgets: .*", "budgets: []", config.read_text()))
    without = written(folder)
    assert "<dt>Budgets</dt>" not in without
    num = front_run.searched()[0].front.num_front
    assert f"<dd>{num} networks, 3 of them chosen</dd>" in without


def test_a_member_off_the_front_is_told(tmp_path):
    folder = front_run.build(tmp_path / "run")
    path = folder / "search.json"
    search = json.loads(path.read_text())
    front = search["front"]
    front["networks"].append(front["networks"][0])
    front["num_front"] = len(front["networks"]) - 1
    front["members"][1] = front["num_front"]
    path.write_text(json.dumps(search))
    page = written(folder)
    assert "S0 and S2 were chosen of them. S1 was taken as the most accurate within a" in page


IDENTITIES = {
    "folded": 2,
    "kept": [
        "stages[1].blocks[1]: the shortcut of the next layer reads it, too",
        "stages[2].blocks[0]: the shortcut of the next layer reads it, too",
        "stages[3].blocks[0]: max <pooling> reads it",
    ],
    "accuracy": 0.8125,
    "slice": {"macs": 1_500_000, "params": 9, "activations": 9, "memory": 36},
    "standalone": {"macs": 1_250_000, "params": 8, "activations": 8, "memory": 32},
}


def test_what_folded_is_a_table(tmp_path):
    folder = fixture.build(tmp_path / "run")
    assert "Identities in slices" not in written(folder)
    path = folder / "family" / "family.json"
    family = json.loads(path.read_text())
    family["members"][0]["identities"] = IDENTITIES
    path.write_text(json.dumps(family))
    assert reading.rows(write(folder), "identities")["S0"] == [
        "5", "2", "3", "1.5M macs", "81.2 %", "1.25M macs",
        "the shortcut of the next layer reads it, too (2)|max <pooling> reads it (1)",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("identity", "words"),
    [
        ("let", "as the supernet did, as a 1x1 convolution, unless it folds"),
        ("let_relu", "as the supernet did, as a 1x1 convolution and a ReLU, unless it folds"),
        ("plain", "as the supernet did: bare, which computes nothing"),
    ],
)
def test_how_identities_run_is_as_the_supernet_ran_them(tmp_path, identity, words):
    folder = fixture.build(tmp_path / "run")
    path = folder / "family" / "family.json"
    family = json.loads(path.read_text())
    family["members"][0]["identities"] = IDENTITIES
    path.write_text(json.dumps(family))
    page = write(folder, settings={"supernet": {"identity": identity}}).read_text()
    assert words in page
    section = page[page.index("Identities in slices") :].split("</section>")[0]
    assert ("1x1 convolution" in section) == (identity != "plain")
