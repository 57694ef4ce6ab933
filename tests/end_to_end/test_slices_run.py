"""BigNAS end to end: one supernet, trained by sandwiches, whose slices are the members."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from escalade.core.network.architecture import Architecture
from escalade.spaces import load
from escalade.supernet.supernet import Supernet
from running import KILLED_AT, promised, tiny_run

SLICES = {
    "supernet__step": "sandwich",
    "supernet__zero_residual": "true",
    "search__num_skeletons": 3,
    "search__num_variations": 3,
    "retrain__searched": "slice",
    "retrain__grown": "warm",
}
SPACE = ("--space", "bignas_small", "--budgets", "0.4M,0.8M,1.6M", "--grow", "1")


def command(out: Path, *more: str, **changes: object) -> list[str]:
    return tiny_run(out, *SPACE, *more, **SLICES | changes)


@pytest.fixture(scope="module")
def sliced(escalade, tmp_path_factory) -> Path:
    """A finished run; not to be changed."""
    run = tmp_path_factory.mktemp("sliced") / "run"
    result = escalade(*command(run))
    assert result.code == 0, result.err
    return run


def read(path: Path) -> dict:
    return json.loads(path.read_text())


def supernet(run: Path) -> Supernet:
    space = load.load("bignas_small", in_channels=1, num_classes=10)
    made = Supernet(space.shape)
    made.load_state_dict(load_file(run / "supernet/supernet.safetensors"))
    return made


@pytest.mark.slow
def test_every_budget_gets_its_slice(sliced):
    members = read(sliced / "family/family.json")["members"]
    assert [member["weights"] for member in members] == ["sliced"] * 3 + ["finetuned"]
    assert [member["origin"] for member in members] == ["searched"] * 3 + ["grown"]
    for member in members:
        assert abs(member["macs"] / member["budget"] - 1) <= 0.05
    selections = read(sliced / "search.json")["selections"]
    assert len(selections) == 3
    assert all(each["fine_score"] >= each["coarse_score"] for each in selections)


@pytest.mark.slow
def test_a_member_is_a_slice_of_the_supernet(sliced):
    """Every weight, and with the member's statistics every output."""
    weights = supernet(sliced)
    for stage in read(sliced / "search.json")["stages"]:
        architecture = Architecture.from_json(stage["architecture"])
        state = load_file(sliced / f"family/S{stage['stage']}/model.safetensors")
        for name, part in weights.slices(architecture).items():
            assert torch.equal(state[name], part.detach()), name


@pytest.mark.slow
def test_the_grown_member_is_the_largest_slice_scaled(sliced):
    growth, search = read(sliced / "growth.json"), read(sliced / "search.json")
    assert growth["rule"] == "dWr"
    largest = Architecture.from_json(search["stages"][-1]["architecture"])
    grown = Architecture.from_json(growth["members"][0]["architecture"])
    assert grown.resolution >= largest.resolution
    assert sum(grown.depths) >= sum(largest.depths)
    assert grown.stages[0].blocks[0].transition


@pytest.mark.slow
def test_what_the_report_says(sliced):
    page = (sliced / "report.html").read_text()
    assert "selected coarse to fine" in page
    assert "scaled by the rule dWr" in page
    card = (sliced / "family/S1/README.md").read_text()
    assert "Selected coarse to fine" in card


@pytest.mark.slow
@pytest.mark.parametrize("begun", KILLED_AT)
def test_killed_and_taken_up_again(escalade, sliced, tmp_path, begun):
    run = tmp_path / "run"
    escalade.killed_soon_after(run, begun, *command(run))
    result = escalade(*command(run))
    assert result.code == 0, result.err
    assert promised(run) == promised(sliced)


@pytest.mark.slow
@pytest.mark.parametrize("method", ["random", "independent"])
def test_other_searches_over_the_same_supernet(escalade, tmp_path, method):
    run = tmp_path / "run"
    result = escalade(*command(run, search__method=method))
    assert result.code == 0, result.err
    assert read(run / "search.json")["searcher"] == method


@pytest.mark.slow
def test_selection_on_training_images(escalade, sliced, tmp_path):
    run = tmp_path / "run"
    result = escalade(*command(run, search__images="train"))
    assert result.code == 0, result.err
    assert "training images" in (run / "family/S0/README.md").read_text()
    scores = [s["score"] for s in read(run / "search.json")["stages"]]
    assert scores != [s["score"] for s in read(sliced / "search.json")["stages"]]


@pytest.mark.slow
def test_scalenet_family_from_sandwiches(escalade, tmp_path):
    """Hierarchical sampling with the sandwich step: a family that deploys without retraining."""
    run = tmp_path / "run"
    changes = SLICES | {"retrain__searched": "slice"}
    result = escalade(*tiny_run(run, **changes))
    assert result.code == 0, result.err
    members = read(run / "family/family.json")["members"]
    assert [member["weights"] for member in members] == ["sliced", "sliced", "finetuned"]


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"search__method": "mcea"}, "search.method: mcea searches scaling strategies"),
        ({"budgets": "0.01M,0.4M"}, "outside what the space bignas_small reaches"),
        ({"supernet__step": "sandwhich"}, "did you mean sandwich"),
    ],
)
def test_what_cannot_be(escalade, tmp_path, more, words):
    flags = SLICES | {key: value for key, value in more.items() if key != "budgets"}
    budgets = more.get("budgets", "0.4M,0.8M")
    run = tmp_path / "run"
    line = tiny_run(run, "--space", "bignas_small", "--budgets", budgets, **flags)
    result = escalade(*line)
    assert result.code == 2
    assert words in result.err
    assert not run.exists()
