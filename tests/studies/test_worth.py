"""The study of what a run is worth."""

from __future__ import annotations

import json
from argparse import Namespace

import pytest

import escalade
from worth_study import work
from worth_study.setting import Setting, budgets_of
from worth_study.table import markdown
from worth_study.work import members_of


def arm(*accuracies):
    budgets = (1e6, 2e6)
    pairs = zip(budgets, accuracies, strict=True)
    return {"members": [{"budget": budget, "accuracy": accuracy} for budget, accuracy in pairs]}


def part(family, plain, found=None):
    bout = {"found": {"num_correct": 50}, "plain": {"num_correct": 51}}
    contest = {"kept": "plain", "rule": "wr", "num_images": 100, "bouts": [bout, bout]}
    spent = {"train": 30.0, "contest": 20.0}
    return {
        "set": "drawings",
        "seed": 0,
        "family": arm(*family) | {"seconds": 100.0, "spent": spent, "contest": contest},
        "plain": arm(*plain) | {"seconds": 99.0, "longer": 3.0},
        "found": None if found is None else arm(*found),
    }


def test_differences_are_of_the_same_images_and_time():
    text = markdown({"runs": [part((0.5, 0.6), (0.5, 0.5), (0.5, 0.55))]})
    mean = next(line for line in text.splitlines() if line.startswith("| mean"))
    cells = [cell.strip() for cell in mean.strip("|").split("|")]
    assert cells == ["mean", "55.00", "50.00", "+5.00", "52.50", "+2.50"]
    assert "| 0 | 100 | contest 20, train 30 | 99 | 3.0 | -1.00 | plain, plain by wr |" in text


def test_a_part_that_is_not_there_is_left_out():
    text = markdown({"runs": [part((0.5, 0.6), (0.5, 0.5))]})
    assert "| mean | 55.00 | 50.00 | +5.00 | - | - |" in text


def test_sets_have_the_names_of_their_folders():
    setting = Setting(folders="a/fashion,/b/icons/")
    assert setting.sets == {"fashion": "a/fashion", "icons": "/b/icons/"}
    assert budgets_of("icons_tune") == "1M,2M,4M,8M"


@pytest.mark.slow
def test_plain_networks_and_what_was_found_once(tmp_path, monkeypatch):
    """Of a run of seconds: plain ones, longer, and what it had found, on its test images."""
    recipe = {"steps": 6, "batch_size": 16, "learning_rate": 0.2}
    out = tmp_path / "demo-seed0"
    escalade.run(
        data="demo",
        budgets="0.4M,0.8M",
        out=out,
        grow=1,
        hours=None,
        space="small",
        threads=1,
        workers=1,
        dataset={"limit": 60, "search_size": 6},
        supernet={"recipe": recipe},
        evaluation={"recalibration_images": 32},
        search={"num_bases": 1, "rounds": 1, "population": 4, "generations": 2, "strategies": 3},
        retrain={"recipe": recipe},
        export={"onnx": False, "torch_export": False},
    )
    monkeypatch.setattr(work, "REHEARSED", (2, 60))  # far enough apart to be timed anywhere
    runs = work.Runs(
        setting=Setting(folders="demo", parts="plain,found"),
        folder=tmp_path,
        options=Namespace(seeds=1),
    )
    family = {"seconds": 9.0} | members_of(out)
    (tmp_path / "demo-seed0-family.json").write_text(json.dumps(family))
    runs.run()
    (made,) = runs.to_json()["runs"]
    assert made["plain"]["longer"] > 1
    for each in (*made["plain"]["members"], *made["found"]["members"]):
        # Near their budgets, and a whole number of the 60 test images right.
        assert min(abs(each["macs"] / budget - 1) for budget in (4e5, 8e5, 16e5)) <= 0.05
        assert each["accuracy"] * 60 == pytest.approx(round(each["accuracy"] * 60))
    assert [each["origin"] for each in made["found"]["members"]] == ["searched"] * 2 + ["grown"]
    assert made["found"]["contest"] is None
    assert family["contest"]["kept"] in ("found", "plain")
    assert {"contest", "retrain"} <= family["spent"].keys()
    before = (tmp_path / "demo-seed0-plain.json").stat().st_mtime_ns
    runs.run()
    assert (tmp_path / "demo-seed0-plain.json").stat().st_mtime_ns == before
