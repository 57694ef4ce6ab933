"""The page: escaping, what is missing, warnings, no address of any network."""

from __future__ import annotations

import json
import re
import shutil
from html.parser import HTMLParser

import fixture
import pytest

from escalade.report.artefacts import read
from escalade.report.findings import sentence, warnings
from escalade.report.number import SPACE
from escalade.report.page import write
from escalade.report.roster import members

HOSTILE = "<script>alert(1)</script>"
MEMBER = "<img src=x onerror=alert(2)>\"S4'"
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


def written(folder, **more):
    return write(folder, **more).read_text(encoding="utf-8")


@pytest.fixture
def folder(tmp_path):
    return fixture.build(tmp_path / "run")


def full(folder):
    return written(folder, evaluations=fixture.evaluations(60), histograms=fixture.histograms())


def test_a_finished_run_lacks_nothing_but_its_exports(folder):
    page = full(folder)
    seen = parsed(page)
    assert sum(attrs.get("class") == "plot" for _, attrs in seen) == 9
    lacking = re.findall(r'class="missing">Not in this run yet: ([^<]*)', page)
    assert lacking == ["model.onnx and program.pt2. "] * 3
    ids = [attrs["id"] for _, attrs in seen if "id" in attrs]
    assert len(ids) == len(set(ids))
    links = {attrs["href"] for tag, attrs in seen if tag == "a"}
    assert {"family/S0/", "#family", "#config"} <= links
    assert {link[1:] for link in links if link.startswith("#")} <= set(ids)


def test_numbers_are_for_people(folder):
    page = full(folder).replace(SPACE, " ")
    assert "span 1.98 M to 79.3 M macs and reach 87.1 % to 91.3 % test accuracy" in page
    assert "+1.3 %" in page
    assert "2 h 53 min of device time" in page


def test_the_page_names_no_network_address(folder):
    page = full(folder)
    assert not re.findall(r"https?://[^\s\"'<]*", page)
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', page)[1]
    assert policy.startswith("default-src 'none'; script-src 'sha256-")


def test_writing_again_replaces_the_page_and_leaves_nothing_else(folder):
    before = full(folder)
    assert full(folder) == before
    assert not list(folder.glob(".*"))


def test_hostile_names_stay_text(tmp_path):
    folder = fixture.build(tmp_path / "<b>run&", data=HOSTILE, member=MEMBER)
    page = full(folder)
    seen = parsed(page)
    assert [tag for tag, _ in seen].count("script") == 3
    assert not [tag for tag, _ in seen if tag in ("img", "b")]
    assert "&lt;script&gt;alert(1)&lt;/script&gt;</h1>" in page
    data = re.search(r'id="figures">(.*?)</script>', page, re.DOTALL)[1]
    assert "<" not in data
    assert "&" not in data
    texts = json.dumps(json.loads(data))
    assert "<img" not in texts
    assert "&lt;img src=x onerror=alert(2)&gt;" in texts


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
    page = full(folder)
    parsed(page)
    assert f"<code>{command}" in page


def test_a_run_that_has_only_trained_shows_its_training(tmp_path):
    whole = fixture.build(tmp_path / "whole")
    folder = tmp_path / "run"
    folder.mkdir()
    for name in ("metrics.jsonl", "config.yaml"):
        shutil.copy(whole / name, folder / name)
    page = written(folder)
    seen = parsed(page)
    plots = [attrs["id"] for _, attrs in seen if attrs.get("class") == "plot"]
    assert plots == ["plot-supernet-loss", "plot-member-loss"]
    assert "No network has been searched yet" in page
    assert "2.00 M, 4.00 M and 12.0 M macs" in page.replace(SPACE, " ")


def test_an_empty_folder_gives_a_page_without_figures(tmp_path):
    page = written(tmp_path)
    assert len(page) < 50_000
    assert "escalade search" in page


def test_no_folder_and_damaged_files_are_told(tmp_path):
    with pytest.raises(ValueError, match=r"nowhere: no such run folder"):
        write(tmp_path / "nowhere")
    (tmp_path / "search.json").write_text("{")
    with pytest.raises(ValueError, match=r"search\.json: not valid JSON"):
        write(tmp_path)


def test_a_torn_last_line_of_the_metrics_is_left_out(folder):
    with (folder / "metrics.jsonl").open("a") as file:
        file.write('{"stage": "train", "st')
    assert read(folder).metrics == tuple(fixture.metrics())


def warned(folder, name, change):
    path = folder / name
    content = json.loads(path.read_text())
    change(content)
    path.write_text(json.dumps(content))
    return [text.replace(SPACE, " ") for text in warnings(read(folder))]


def test_growth_from_two_stages_is_warned_of(folder):
    first, second = (text.replace(SPACE, " ") for text in warnings(read(folder)))
    assert first.startswith("S3 and S4: two searched stages determine equation (9) exactly")
    assert "cannot be told" in second


def test_a_member_out_of_tolerance_is_warned_of(folder):
    def change(family):
        family["members"][1]["budget"] = family["members"][1]["macs"] / 1.08

    found = warned(folder, "family/family.json", change)
    assert found[0].startswith(
        "S1 misses its budget of 3.73 M macs by +8.0 %; the tolerance is ± 5 %"
    )
    assert 'class="num outside"' in full(folder)


@pytest.mark.parametrize(("test", "expected"), [(0.8800, True), (0.8880, False)])
def test_a_larger_but_less_accurate_member_is_warned_of(folder, test, expected):
    """S1 has 88.9 % on 10,000 images: two standard errors of the difference are 0.9 points."""

    def change(family):
        family["members"][2]["accuracy"]["test"] = test

    found = warned(folder, "family/family.json", change)
    assert (
        any(text.startswith("S2 is larger than S1 but less accurate") for text in found) is expected
    )


def test_a_search_accuracy_measured_anew_has_an_error_of_its_own(folder):
    """Fine-tuned members are far from the score that chose them; grown ones have none."""
    (folder / "plan.json").write_text('{"split": {"train": 8000, "search": 2000, "test": 10000}}')
    family = json.loads((folder / "family/family.json").read_text())
    for member, share in zip(family["members"][2:4], (0.98, 0.99), strict=True):
        member["accuracy"]["search"] = share
    (folder / "family/family.json").write_text(json.dumps(family))
    found = members(read(folder))
    assert [found[i].search.standard_error for i in (2, 3)] == pytest.approx(
        [(0.98 * 0.02 / 2000) ** 0.5, (0.99 * 0.01 / 2000) ** 0.5]
    )


def test_the_sentence_counts_members(folder):
    shutil.rmtree(folder / "family")
    (folder / "growth.json").unlink()
    told = sentence(read(folder)).replace(SPACE, " ")
    assert told == "3 networks searched jointly span 1.98 M to 12.6 M macs."
