"""The page: escaping, what is missing, warnings, no address of any network."""

from __future__ import annotations

import ast
import html
import json
import re
import shutil
from dataclasses import replace
from html.parser import HTMLParser

import fixture
import pytest
import reading

from escalade.artefacts.contested import Bout, Contested
from escalade.artefacts.entrants import Entrant
from escalade.artefacts.run_folder import RunFolder
from escalade.artefacts.starts_tried import StartsTried, StartTrial
from escalade.core.network.architecture import Architecture
from escalade.core.numbers.statistics import wilson_interval
from escalade.core.values.codec import encode
from escalade.report.contents import read
from escalade.report.family_row import Rival, Share
from escalade.report.findings import cautions, growth_notes, sentence
from escalade.report.page import write
from escalade.report.roster import family_rows
from escalade.report.worth import worth, worth_in_words

HOSTILE = "<script>alert(1)</script>"
MEMBER = "<img src=x onerror=alert(2)>\"S4'"
ORIGINS = ("searched", "searched", "searched", "grown", "grown")
VOID = {"meta", "link", "br", "img"}


class Tags(HTMLParser):
    """Counts elements and checks that they nest."""

    def __init__(self) -> None:
        super().__init__()
        self.seen, self.open = [], []

    def handle_starttag(self, tag, attrs):
        self.seen.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.seen.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def parsed(page):
    tags = Tags()
    tags.feed(page)
    assert tags.open == []
    return tags.seen


@pytest.fixture
def folder(tmp_path):
    return fixture.build(tmp_path / "run")


def full(folder):
    return write(folder, evaluations=fixture.evaluations(60), histograms=fixture.histograms())


def test_a_finished_run_lacks_nothing_but_its_exports(folder):
    page = full(folder)
    seen = parsed(page.read_text())
    assert sum(attrs.get("class") == "plot" for _, attrs in seen) == 9
    lacking = re.findall(r'class="missing">Not in this run yet: ([^<]*)', reading.text(page))
    assert lacking == ["model.onnx and program.pt2. "] * 3
    ids = [attrs["id"] for _, attrs in seen if "id" in attrs]
    assert len(ids) == len(set(ids))
    links = {attrs["href"] for tag, attrs in seen if tag == "a"}
    assert {"family/S0/", "#family", "#load-4", "#config"} <= links
    assert {link[1:] for link in links if link.startswith("#")} <= set(ids)


def test_the_first_screen_is_the_family(folder):
    text = reading.text(full(folder))
    first = text[: text.index("<section")]
    assert "span 1.983M to 79.33M macs and reach 87.1 % to 91.3 % test accuracy" in first
    assert "2 h 53 min of device time" in first
    assert first.index("table") < first.index("plot-accuracy")
    rows = reading.rows(folder / "report.html", "family")
    assert list(rows) == ["Member", *(f"S{i}|{o}, retrained" for i, o in enumerate(ORIGINS))]
    assert rows["Member"] == [
        "Budget", "Test accuracy", "Macs", "Params", "Latency", "Input",
    ]  # fmt: skip
    assert rows["S0|searched, retrained"] == [
        "1.957M|+1.3 %", "87.1 %|86.4 to 87.8", "1.983M", "124.1k", "1.2ms", "20 px",
    ]  # fmt: skip


def test_all_other_columns_are_below(folder):
    rows = reading.rows(full(folder), "networks")
    assert rows["S0"] == [
        "0", "84.6 % (83.0 to 86.1)", "64.59k", "57.6kB|14.4kB in INT8",
        "1.2ms|1.152ms to 1.296ms", "2-3-2", "16-32-56",
    ]  # fmt: skip


def test_a_rival_has_a_column_where_there_is_one(folder, monkeypatch):
    plain = rival("<dWr>", Share(value=0.79))
    family = [fixture.row(rival=plain), fixture.row("S1", index=1)]
    monkeypatch.setattr("escalade.report.roster.family_rows", lambda run: family)
    rows = reading.rows(full(folder), "family")
    assert rows["Member"][1:4] == ["Test accuracy", "Plain rival", "Macs"]
    assert [cells[2] for cells in rows.values()][1:] == ["79.0 %|<dWr>, 2M macs", "–"]


def rival(rule, test, **more):
    return Rival(
        rule=rule, macs=2_000_000, activations=9, search=None, test=test, architecture=None, **more
    )


def test_the_page_of_a_run_of_plain_networks(folder):
    """The contest in a sentence and a table; what was predicted of others is not measured."""
    bout = Bout(
        member="S0",
        budget=2e6,
        found=Entrant(macs=2_000_000, num_steps=40, num_correct=150),
        plain=Entrant(macs=2_010_000, num_steps=55, num_correct=160),
    )
    held = Contested(kept="plain", rule="dwr", num_images=200, bouts=(bout,))
    RunFolder(folder).write(held)
    stated = json.loads((folder / "family" / "family.json").read_text())
    for member in stated["members"]:
        member["origin"] = "rival"
    (folder / "family" / "family.json").write_text(json.dumps(stated))
    page = full(folder)
    told = reading.text(page)
    assert "5 networks scaled by dwr from the plain base span" in told
    assert "Searching was worth -5.00 ± " in told
    (row,) = (row for name, row in reading.rows(page, "contest").items() if "S0" in name)
    assert list(row) == [
        "75.0 %|2M macs, 40 steps",
        "80.0 %|2.01M macs, 55 steps",
    ]


@pytest.mark.parametrize(("seed", "told_first"), [(150, True), (170, False)])
def test_the_page_of_a_run_that_tried_both_starts(folder, seed, told_first):
    """A table and a sentence; on the first screen where from scratch looks better."""
    trial = StartTrial(
        budget=2e6,
        resolution=32,
        rule="dwr",
        seed=Entrant(macs=1_900_000, num_steps=40, num_correct=seed),
        scratch=Entrant(macs=2_010_000, num_steps=55, num_correct=160),
    )
    RunFolder(folder).write(
        StartsTried(seed="<lite0>", space="small", num_images=200, trials=(trial,))
    )
    page = full(folder)
    told = html.unescape(reading.text(page))
    first = told[: told.index("<section")]
    assert ("Starting from <lite0> was worth -5.00 ± " in first) == told_first
    assert (f"{folder.name}-scratch`" in first) == told_first
    assert "Starting from <lite0> was worth" in told
    (row,) = (row for name, row in reading.rows(page, "starts").items() if "32 px" in name)
    assert list(row) == [
        f"{seed / 2:.1f} %|1.9M macs, 40 steps",
        "80.0 %|2.01M macs, 55 steps",
    ]


def test_the_page_of_a_run_with_rivals(folder):
    """S1 is its rival; S3 and S4 have none."""
    stated = fixture.family()
    stated["rivals"] = fixture.rivals()
    stated["members"][1]["origin"] = "rival"
    (folder / "family" / "family.json").write_text(json.dumps(stated))
    (folder / "plan.json").write_text(json.dumps(fixture.plan()))
    page = full(folder)
    first = reading.text(page)[: reading.text(page).index("<section")]
    assert "2 networks searched jointly, 2 grown by the fitted rule and 1 plain, kept as" in first
    # +1.12, -2.93 and +1.21 points: S1 counts as it was found, with 86.0 %.
    assert "Searching was worth -0.20 ± 1.37 points on the test images, in the mean over 3" in first
    assert "S1 is a plain network scaled by wr, clearly ahead on the search images" in first
    assert "which has 86.0 % (85.3 to 86.7) on the test images" in first
    table = reading.rows(page, "family")
    assert table["S0|searched, retrained"][2] == "86.0 %|wr, 2.01M macs"
    assert table["S1|rival, retrained"][2].startswith("88.9 %|wr, ")
    assert table["S3|grown, retrained"][2] == "–"
    networks = reading.rows(page, "networks")
    assert networks["S2, plain by dWr"][1] == "87.0 % (85.5 to 88.4)"
    assert networks["S2, plain by dWr"][-2:] == ["2-3-2", "16-32-56"]


def test_what_searching_was_worth():
    def share(value):
        return Share(value=value, standard_error=0.003)

    one = [fixture.row(test=share(0.80), rival=rival("wr", share(0.79)))]
    found = worth([*one, fixture.row("S1", index=1)])
    assert (found.num, found.difference) == (1, pytest.approx(0.01))
    assert found.standard_error == pytest.approx(0.003 * 2**0.5)
    level = fixture.row(test=share(0.80), rival=rival("wr", share(0.79)))
    assert worth([*one, level]).standard_error == pytest.approx(0.003)  # four networks, halved
    apart = fixture.row(test=share(0.80), rival=rival("dWr", share(0.84), replaced=share(0.81)))
    found = worth([*one, apart])
    assert found.difference == pytest.approx((0.01 - 0.03) / 2)
    assert found.standard_error == pytest.approx(0.02)  # half of the distance of the two
    assert "scaled by dWr or wr" in worth_in_words([*one, apart])
    assert (worth([fixture.row()]), worth_in_words([fixture.row()])) == (None, "")


@pytest.mark.parametrize(
    ("test", "words"),
    [
        (0.78, "within|each|budget. The family does not beat it."),
        (0.794, "within|each|budget. The family is not clearly better than it."),
        (0.82, "within|each|budget."),
    ],
)
def test_a_family_that_does_not_beat_the_network_it_came_from_says_so(test, words):
    found = Share(value=test, standard_error=0.003)
    before = Share(value=0.79, standard_error=0.003)
    told = worth_in_words([fixture.row(test=found, rival=rival("r", before, base="seed"))])
    assert "against the fine-tuned network that the run started from" in told
    assert told.endswith(words.replace("|", " "))


def test_the_page_of_a_run_from_a_network_names_it(folder, monkeypatch):
    stated = fixture.rivals()[0]["architecture"]
    network = Architecture.from_json(stated)
    beside = replace(rival("r", Share(value=0.79), base="seed"), architecture=network)
    monkeypatch.setattr(
        "escalade.report.roster.family_rows", lambda run: [fixture.row(rival=beside)]
    )
    page = full(folder)
    rows = reading.rows(page, "family")
    assert rows["Member"][2] == "Fine-tuned network"
    assert next(iter([*rows.values()][1:]))[2] == f"79.0 %|{network.resolution} px, 2M macs"
    assert "trained on for as long at the largest resolution" in reading.text(page)


def test_the_page_names_no_network_address(folder):
    page = full(folder).read_text()
    assert not re.findall(r"https?://[^\s\"'<]*", page)
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', page)[1]
    assert policy.startswith("default-src 'none'; script-src 'sha256-")


def test_writing_again_replaces_the_page_and_leaves_nothing_else(folder):
    before = full(folder).read_bytes()
    assert full(folder).read_bytes() == before
    assert not list(folder.glob(".*"))


def test_hostile_names_stay_text(tmp_path):
    folder = fixture.build(tmp_path / "<b>run&", data=HOSTILE, member=MEMBER)
    page = full(folder).read_text()
    seen = parsed(page)
    assert [tag for tag, _ in seen].count("script") == 3
    assert not [tag for tag, _ in seen if tag == "img"]
    assert "<b>run" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;</h1>" in page
    data = re.search(r'id="figures">(.*?)</script>', page, re.DOTALL)[1]
    assert "<" not in data
    assert "&" not in data
    texts = json.dumps(json.loads(data))
    assert "<img" not in texts
    assert "&lt;img src=x onerror=alert(2)&gt;" in texts


def test_code_to_copy_is_whole_whatever_the_folder_is_called(tmp_path):
    """A quote in a path stays within its string."""
    folder = fixture.build(tmp_path / """it's "a" run""")
    code = re.findall(r"<code>(.*?)</code>", full(folder).read_text(), re.DOTALL)
    loading = next(html.unescape(each) for each in code if "create_model" in each)
    named = [n.value for n in ast.walk(ast.parse(loading)) if isinstance(n, ast.Constant)]
    assert f"local-dir:{folder.as_posix()}/family/S0" in named


@pytest.mark.parametrize(
    ("missing", "command"),
    [
        ("search.json", "escalade search"),
        ("growth.json", "escalade grow"),
        ("family", "escalade retrain"),
        ("metrics.jsonl", "escalade train"),
        ("ledger.json", "escalade run"),
        ("config.yaml", "escalade run"),
    ],
)
def test_each_missing_artefact_names_its_command(folder, missing, command):
    path = folder / missing
    shutil.rmtree(path) if path.is_dir() else path.unlink()
    page = full(folder).read_text()
    parsed(page)
    assert f"<code>{command}" in page


def test_a_run_that_has_only_trained_shows_its_training(tmp_path):
    whole = fixture.build(tmp_path / "whole")
    folder = tmp_path / "run"
    folder.mkdir()
    for name in ("metrics.jsonl", "config.yaml"):
        shutil.copy(whole / name, folder / name)
    page = write(folder)
    seen = parsed(page.read_text())
    plots = [attrs["id"] for _, attrs in seen if attrs.get("class") == "plot"]
    assert plots == ["plot-supernet-loss", "plot-member-loss"]
    assert "No network has been searched yet" in reading.text(page)
    assert "2M, 4M and 12M macs" in reading.text(page)


def test_an_empty_folder_gives_a_page_without_figures(tmp_path):
    page = write(tmp_path).read_text()
    parsed(page)
    assert len(page) < 50_000
    assert "escalade search" in page


def test_no_folder_and_damaged_files_are_told(tmp_path):
    with pytest.raises(ValueError, match=r"nowhere: no such run folder"):
        write(tmp_path / "nowhere")
    (tmp_path / "search.json").write_text("{")
    with pytest.raises(ValueError, match=r"search\.json: not a search"):
        write(tmp_path)


def test_a_torn_last_line_of_the_metrics_is_left_out(folder):
    with (folder / "metrics.jsonl").open("a") as file:
        file.write('{"stage": "train", "st')
    assert [encode(line) for line in read(folder).metrics] == fixture.metrics()


def warned(folder, name, change):
    path = folder / name
    content = json.loads(path.read_text())
    change(content)
    path.write_text(json.dumps(content))
    return [caution.text for caution in found(folder)]


def found(folder):
    run = read(folder)
    return cautions(run, family_rows(run))


def test_what_limits_growth_is_one_line_with_a_link_and_the_section_has_it_whole(folder):
    (caution,) = found(folder)
    assert caution.text == "S3 and S4 are extrapolated by a rule that this run cannot check."
    text = reading.text(full(folder))
    assert f'<li>{caution.text} <a href="#growth">Growth</a></li>' in text
    first, second = growth_notes(read(folder))
    assert first.startswith("Two searched stages determine equation (9) exactly")
    assert "cannot be told" in second
    assert all(f"<li>{note}</li>" in text for note in (first, second))


def test_a_member_out_of_tolerance_is_warned_of(folder):
    def change(family):
        family["members"][1]["budget"] = family["members"][1]["macs"] / 1.08

    told = warned(folder, "family/family.json", change)
    assert told[0] == "S1 misses its budget of 3.73M macs by +8.0 % (tolerance ±5 %)."
    assert reading.text(full(folder)).count('class="num outside"') == 1


@pytest.mark.parametrize(("test", "expected"), [(0.8800, True), (0.8880, False)])
def test_a_larger_but_less_accurate_member_is_warned_of(folder, test, expected):
    """S1 has 88.9 % on 10,000 images: two standard errors of the difference are 0.9 points."""

    def change(family):
        family["members"][2]["accuracy"]["test"] = test

    told = warned(folder, "family/family.json", change)
    assert any(text.startswith("S2 is larger than S1 but clearly") for text in told) is expected


def test_a_grown_member_that_falls_is_warned_of(folder):
    def change(family):
        family["members"][3]["accuracy"]["test"] = 0.88

    told = warned(folder, "family/family.json", change)
    assert any(text.startswith("S3 is larger than S2 but clearly") for text in told)
    assert not any(text.startswith("S4") for text in told)


def test_a_search_accuracy_measured_anew_has_an_error_of_its_own(folder):
    """Fine-tuned members are far from the score that chose them; grown ones have none."""
    (folder / "plan.json").write_text(json.dumps(fixture.plan()))
    family = json.loads((folder / "family/family.json").read_text())
    for member, share in zip(family["members"][2:4], (0.98, 0.99), strict=True):
        member["accuracy"]["search"] = share
    (folder / "family/family.json").write_text(json.dumps(family))
    found = family_rows(read(folder))
    expected = [wilson_interval(share, num_images=2000) for share in (0.98, 0.99)]
    assert [found[i].search.interval for i in (2, 3)] == expected


def test_the_sentence_counts_members(folder):
    shutil.rmtree(folder / "family")
    (folder / "growth.json").unlink()
    run = read(folder)
    told = sentence(run, family_rows(run))
    assert told == "3 networks searched jointly span 1.983M to 12.64M macs."
