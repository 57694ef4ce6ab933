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


def part(found, kept, rivals, plain, seconds=100.0):
    budgets = (1e6, 2e6)
    return {
        "set": "drawings",
        "seed": 0,
        "family": {
            "seconds": seconds,
            "spent": {"train": 30.0, "rivals": 20.0},
            "members": [
                {"budget": b, "accuracy": a, "kept": k}
                for b, a, k in zip(budgets, found, kept, strict=True)
            ],
            "rivals": [{"accuracy": a} for a in rivals],
        },
        "plain": {"seconds": 99.0, "longer": 3.0, "members": [{"accuracy": a} for a in plain]},
    }


def test_both_differences_are_of_the_same_images_and_time():
    runs = [part((0.5, 0.6), (0.55, 0.6), (0.55, 0.5), (0.5, 0.5))]
    text = markdown({"runs": runs})
    mean = next(line for line in text.splitlines() if line.startswith("| mean"))
    cells = [cell.strip() for cell in mean.strip("|").split("|")]
    assert cells == ["mean", "55.00", "52.50", "57.50", "50.00", "+5.00", "+7.50"]
    assert "| 0 | 100 | rivals 20, train 30 | 99 | 3.0 |" in text


def test_sets_have_the_names_of_their_folders():
    setting = Setting(folders="a/fashion,/b/icons/")
    assert setting.sets == {"fashion": "a/fashion", "icons": "/b/icons/"}
    assert budgets_of("icons_tune") == "1M,2M,4M,8M"


def test_a_replaced_member_counts_with_what_the_run_had_found(tmp_path):
    def accuracy(share):
        return {"search": 0.1, "test": share}

    first = {"name": "S0", "budget": 1e6, "macs": 9, "accuracy": accuracy(0.7)}
    rival = {
        **{"member": "S0", "rule": "wr", "macs": 9, "num_images": 64, "architecture": {}},
        **{"accuracy": accuracy(0.7), "replaced": {"macs": 8, "accuracy": accuracy(0.6)}},
    }
    (tmp_path / "family").mkdir()
    family = {"members": [first], "rivals": [rival]}
    (tmp_path / "family" / "family.json").write_text(json.dumps(family))
    rows = [
        {"stage": "retrain", "name": "S0-rival", "device_seconds": 2.0},
        {"stage": "retrain", "name": "S0-in_turn", "device_seconds": 3.0},
    ]
    (tmp_path / "ledger.json").write_text(json.dumps(rows))
    found = members_of(tmp_path)
    assert found["members"][0]["accuracy"] == 0.6
    assert found["members"][0]["kept"] == 0.7
    assert found["spent"] == {"rivals": 2.0, "retrain": 3.0}


@pytest.mark.slow
def test_the_rivals_of_a_run_alone_once(tmp_path, monkeypatch):
    """Of a run of seconds: the same networks, longer, judged on its test images."""
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
    monkeypatch.setattr(work, "REHEARSED", (2, 6))
    runs = work.Runs(setting=Setting(folders="demo"), folder=tmp_path, options=Namespace(seeds=1))
    family = {"seconds": 3.0} | members_of(out)
    (tmp_path / "demo-seed0-family.json").write_text(json.dumps(family))
    runs.run()
    (found,) = runs.to_json()["runs"]
    plain = found["plain"]
    assert [each["macs"] for each in plain["members"]] == [r["macs"] for r in family["rivals"]]
    assert plain["longer"] > 1
    for each in plain["members"]:  # a whole number of the 60 test images
        assert each["accuracy"] * 60 == pytest.approx(round(each["accuracy"] * 60))
    assert "rivals" in family["spent"]
    before = (tmp_path / "demo-seed0-plain.json").stat().st_mtime_ns
    runs.run()
    assert (tmp_path / "demo-seed0-plain.json").stat().st_mtime_ns == before
