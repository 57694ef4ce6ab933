"""The study of what a run is worth."""

from __future__ import annotations

import json

import numpy as np
import pytest
from PIL import Image

import worth
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
def test_a_run_and_its_rivals(tmp_path):
    """Two classes that are easy to tell apart; the whole study, in seconds, and once more."""
    rng = np.random.default_rng(0)
    for side, num in (("train", 40), ("test", 20)):
        for label, low in (("dark", 0), ("light", 128)):
            folder = tmp_path / "drawings" / side / label
            folder.mkdir(parents=True)
            for i in range(num):
                pixels = rng.integers(low, low + 128, (16, 16)).astype(np.uint8)
                Image.fromarray(pixels).save(folder / f"{i}.png")
    command = [
        *("--folders", str(tmp_path / "drawings"), "--minutes", "1.2", "--seeds", "1"),
        *("--grow", "0", "--out", str(tmp_path / "out"), "--results", str(tmp_path)),
    ]
    worth.main(command)
    found = json.loads((tmp_path / "worth.json").read_text())["runs"][0]
    assert found["plain"]["longer"] > 1
    assert found["plain"]["seconds"] == pytest.approx(found["family"]["seconds"], rel=0.5)
    before = (tmp_path / "out" / "drawings-seed0-plain.json").stat().st_mtime_ns
    worth.main(command)
    assert (tmp_path / "out" / "drawings-seed0-plain.json").stat().st_mtime_ns == before
