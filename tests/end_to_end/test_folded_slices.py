"""SCARLET's slices end to end: folded where they fold, trained on, and told apart in the record."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from escalade.core.network import cost
from escalade.core.network.architecture import Architecture
from escalade.family.packaging import package
from escalade.spaces.load import load
from escalade.supernet.folding import fold
from escalade.supernet.make import make_supernet
from running import tiny_run

IDENTITY = 12
SETTINGS = {
    "budgets": "[]",
    "search__method": "nsga2",
    "search__members": 2,
    "search__constraints": '["macs < 1.7M"]',  # so few that layers are left out
    "search__generations": 2,
    "supernet__recipe__steps": 2,
    "retrain__searched": "finetune",
    "retrain__grown": "warm",
}


@pytest.fixture(scope="module")
def run(escalade, tmp_path_factory) -> Path:
    """A finished run; not to be changed."""
    made = tmp_path_factory.mktemp("folded") / "run"
    result = escalade(*tiny_run(made, "--space", "scarlet_small", **SETTINGS))
    assert result.code == 0, result.err
    return made


def read(path: Path) -> dict:
    return json.loads(path.read_text())


@pytest.mark.slow
def test_a_slice_is_the_folded_running_network(run):
    """Every weight; statistics aside, which the slice got from training images."""
    space = load("scarlet_small", in_channels=1, num_classes=10)
    supernet = make_supernet(space.shape)
    supernet.load_state_dict(load_file(run / "supernet/supernet.safetensors"))
    num_identities = 0
    for stage in read(run / "search.json")["stages"]:
        running = Architecture.from_json(stage["runs"])
        assert running.key == space.path(stage["genome"]).key
        folded = fold(supernet.slices(running), running)
        folder = run / f"training/S{stage['stage']}-slice"
        assert package.read(folder).architecture.key == folded.architecture.key
        state = load_file(folder / package.WEIGHTS)
        for name, part in folded.weights.items():
            assert torch.equal(state[name], part.detach()), name
        said = read(folder / "result.json").get("identities", {"folded": 0, "kept": []})
        assert said["folded"] == len(folded.folded)
        assert said["folded"] + len(said["kept"]) == stage["genome"].count(IDENTITY)
        num_identities += stage["genome"].count(IDENTITY)
    assert num_identities > 0


@pytest.mark.slow
def test_a_member_costs_what_it_is_and_says_what_the_search_counted(run):
    stages = read(run / "search.json")["stages"]
    members = read(run / "family/family.json")["members"]
    assert [member["weights"] for member in members] == ["finetuned"] * 3
    for stage, member in zip(stages, members, strict=False):
        costs = cost.of(package.read(run / "family" / member["name"]).architecture)
        names = ("macs", "params", "activations")
        assert {name: getattr(costs, name) for name in names} == {n: member[n] for n in names}
        if IDENTITY not in stage["genome"]:
            assert "identities" not in member
            continue
        identities = member["identities"]
        assert identities["slice"] == {name: member[name] for name in (*names, "memory")}
        standalone = identities["standalone"]
        assert {name: standalone[name] for name in names} == {name: stage[name] for name in names}
        card = (run / "family" / member["name"] / "README.md").read_text()
        assert f"where the search counted {stage['macs']:,} without them" in card
        assert ("it misses macs &lt; 1.7M;" in card) == (member["macs"] >= 1_700_000)
        result = read(run / f"training/{member['name']}-slice/result.json")
        assert identities["accuracy"] == result["num_correct"] / result["num_images"]
    assert any("identities" in member for member in members[:2])
    assert "identities" not in members[2]


@pytest.mark.slow
def test_grown_members_start_from_the_network_without_identities(run):
    largest = read(run / "search.json")["stages"][-1]
    alone = package.read(run / "training/S1-scratch").architecture
    assert alone.key == Architecture.from_json(largest["architecture"]).key
    assert (run / "training/S2-warm/result.json").exists()
