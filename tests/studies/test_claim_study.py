from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
import torch

import claim
from claim_study import networks, results, search
from claim_study.networks import FACTORS, HAND_WINDOW, SEARCHED_WINDOW
from claim_study.setting import Setting
from claim_study.table import markdown
from common import images, study
from common.alone import Unit
from common.study import begun, keep
from escalade.core.network import cost
from escalade.core.scaling.ratios import realised
from escalade.data.splits.split import Split
from made_data import grey_data

F_0 = {14: 600_976, 20: 1_176_064}


def _data(num=120, search=40):
    """Numbered images: the number stands in the first pixels."""

    def split(start, num):
        rng = np.random.default_rng(start)
        labels = torch.from_numpy(rng.permutation(np.arange(num) % 10))
        pixels = torch.from_numpy(rng.integers(0, 255, (num, 1, 28, 28)).astype(np.uint8))
        pixels[:, 0, 0, 0] = torch.arange(start, start + num)
        return Split(pixels, labels)

    splits = split(0, num), split(num, search), split(num + search, 10)
    return grey_data(*splits, name="numbered", classes="abcdefghij", mean=0.1, std=0.2, flip=True)


def _numbers(split):
    return set(split.images[:, 0, 0, 0].tolist())


@pytest.fixture
def family():
    """A stand-in for search.json's stages: the hand base and two scaled ones."""
    base = networks.hand_base(14)
    scaled = [networks.scaled(base, name="dwr", factor=f, f_0=F_0[14]) for f in FACTORS[1:]]
    return [{"architecture": a.to_json()} for a in (base, *scaled)]


@pytest.mark.slow
@pytest.mark.parametrize("resolution", [14, 20])
def test_hand_networks_are_at_their_budget_or_just_above(resolution):
    entries = networks.hand_entries(resolution, everything=True)
    assert networks.base_budget(resolution) == F_0[resolution]
    assert len(entries) == 1 + 6 * 3
    for entry in entries:
        ratio = cost.of(entry.architecture).macs / (F_0[resolution] * entry.factor)
        assert HAND_WINDOW[0] <= ratio <= HAND_WINDOW[1], entry.arm


def test_no_compared_pair_is_further_apart_than_one_percent():
    assert HAND_WINDOW[1] / SEARCHED_WINDOW[0] <= 1.01
    assert SEARCHED_WINDOW[1] <= HAND_WINDOW[0]


def test_rules_grow_what_they_name():
    found = {(e.arm, e.factor): e.architecture for e in networks.hand_entries(14)}
    base = found["hand base", 1.0]
    by_depth = realised(base, found["hand d", 4.0])
    assert by_depth.depth > 3.5
    assert by_depth.resolution == 1
    assert realised(base, found["hand r", 8.0]).resolution > 2.7
    assert (
        realised(base, found["hand dWr", 8.0]).width > realised(base, found["hand dwr", 8.0]).width
    )
    assert ("hand d", 8.0) not in found


@pytest.mark.slow
def test_a_searched_family_is_followed_by_its_grown_member_and_its_base_by_hand(family):
    entries = networks.searched_entries(family, arm="searched", resolution=14, by_rules=True)
    assert [(e.arm, e.factor) for e in entries[:4]] == [
        ("searched", factor) for factor in (1.0, 2.0, 4.0, 8.0)
    ]
    others = {f"searched, grown by {form}" for form in ("linear", "squared", "compound")}
    by_hand = {"searched base dwr", "searched base dWr"}
    assert by_hand <= {e.arm for e in entries[4:]} <= by_hand | others
    for entry in entries[3:]:
        ratio = cost.of(entry.architecture).macs / (F_0[14] * entry.factor)
        low, high = HAND_WINDOW if entry.arm in by_hand else SEARCHED_WINDOW
        assert low <= ratio <= high


def test_the_searched_space_holds_the_fixed_base_resolution():
    free, fixed = search.space(), search.space(base_resolution=14)
    assert fixed.shape == free.shape
    genomes = fixed.sample_genomes(np.random.default_rng(0), 20)
    sides = {fixed.path(g, fixed.base_triple).architecture.resolution for g in genomes}
    assert sides == {14}


def test_train_search_and_judge_images_are_apart():
    data = images.divided(_data(), num_train=60, num_judge=40)
    parts = [_numbers(split) for split in (data.train, data.search, data.test)]
    assert [len(part) for part in parts] == [60, 40, 40]
    assert len(set.union(*parts)) == 140
    assert len({data.train_digest, data.test_digest, "train", "test"}) == 4
    assert data.mean != (0.1,)
    with pytest.raises(ValueError, match="120 images"):
        images.divided(_data(), num_train=90, num_judge=40)


def test_a_folder_holds_one_setting(tmp_path):
    keep(Setting(resolution=14), tmp_path)
    keep(Setting(resolution=14), tmp_path)
    assert begun(Setting, tmp_path) == Setting(resolution=14)
    with pytest.raises(ValueError, match=r"another epochs, limit;"):
        keep(Setting(resolution=14, epochs=3.0, limit=100), tmp_path)


def _finished(folder, entries, accuracy):
    for seed in (0, 1):
        for entry in entries:
            unit = Unit(architecture=entry.architecture, seed=seed)
            path = folder / "retrained" / f"{unit.name}.json"
            path.parent.mkdir(exist_ok=True)
            content = {"seed": seed, "accuracy": accuracy(entry, seed), "device_seconds": 10.0}
            path.write_text(json.dumps(content))


def test_results_have_closed_form_differences_and_costs(tmp_path):
    base = networks.hand_base(14)
    other = replace(base, resolution=15)
    entries = [
        networks.Entry(arm="searched", factor=1.0, architecture=other),
        networks.Entry(arm="hand base", factor=1.0, architecture=base),
    ]
    gains = {0: 0.01, 1: 0.03}
    _finished(tmp_path, entries, lambda e, s: 0.8 + 0.05 * s + gains[s] * (e.arm == "searched"))
    (tmp_path / "search0").mkdir()
    (tmp_path / "search0" / "supernet.json").write_text('{"device_seconds": 100.0}')
    searched = '{"cost": {"device_seconds": 50.0}}'
    (tmp_path / "search0" / "search-free.json").write_text(searched)
    content = results.to_json(entries, Setting(), tmp_path)
    (compared,) = content["comparisons"]
    assert compared["difference"] == pytest.approx(0.02)
    assert compared["standard_error"] == pytest.approx(0.01)
    # One degree of freedom: t = 2, p = 1 - 2/pi atan(2).
    assert compared["p_value"] == pytest.approx(1 - 2 / np.pi * np.arctan(2.0))
    assert content["best_hand"] == {"1": "hand base"}
    assert [row["supernet"] + row["search"] for row in content["costs"]] == [150.0, 0.0]
    assert [row["retraining"] for row in content["costs"]] == [20.0, 20.0]


def test_the_table_shows_what_is_finished(tmp_path):
    entries = networks.hand_entries(14)
    done = [e for e in entries if e.arm in ("hand base", "hand wr")]
    _finished(tmp_path, done, lambda entry, seed: 0.8 + 0.01 * entry.factor + 0.002 * seed)
    text = markdown(results.to_json(entries, Setting(), tmp_path))
    assert "| hand base | **81.10 ± 0.10 (2)** |  |  |  |" in text
    assert "**84.10 ± 0.10 (2)** | **88.10 ± 0.10 (2)** |" in text
    assert "| hand r |  |  |  |  |" in text


@pytest.mark.slow
def test_a_whole_run_is_done_once(tmp_path, monkeypatch, capsys):
    data = images.divided(_data(num=100), num_train=60, num_judge=40)
    monkeypatch.setattr(
        study,
        "load_images",
        lambda limit: (replace(data, test=images.leading(data.test, 0)), data.test),
    )
    for name in ("WIDTHS", "RESOLUTIONS"):
        monkeypatch.setattr(search, name, getattr(search, name)[::4])
    everything = claim.hand_entries
    monkeypatch.setattr(claim, "hand_entries", lambda *given, **more: everything(*given)[:3])
    options = {
        "limit": 60, "epochs": 0.2, "supernet-steps": 2, "population": 2, "generations": 1,
        "iterations": 1, "search-images": 20, "seeds": 1, "workers": 1,
        "out": tmp_path / "work", "results": tmp_path,
    }  # fmt: skip
    command = [word for name, value in options.items() for word in (f"--{name}", str(value))]
    claim.main(command)
    first = json.loads((tmp_path / "claim_14.json").read_text())
    assert all(len(network["accuracies"]) == 1 for network in first["networks"])
    for network in first["networks"]:
        window = (
            HAND_WINDOW
            if "hand" in network["arm"] or " base " in network["arm"]
            else SEARCHED_WINDOW
        )
        budget = F_0[14] * network["factor"]
        assert window[0] * budget <= network["macs"] <= window[1] * budget
    capsys.readouterr()
    claim.main(command)
    assert "retrained: " not in capsys.readouterr().out
    assert json.loads((tmp_path / "claim_14.json").read_text()) == first
