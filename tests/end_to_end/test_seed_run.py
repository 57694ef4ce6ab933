"""A whole run from a pretrained network, killed on the way."""

from __future__ import annotations

import json
import shutil

import pytest
import safetensors.torch

import seed_runs
from escalade.config import read_file, resolve
from escalade.core.network.architecture import Architecture
from running import NO_EXPORTS, promised, settings

BUDGETS = (2 * seed_runs.MACS, 4 * seed_runs.MACS)


def command(run, file, network, *, verb="run"):
    return [
        verb, "--data", "demo", "--from", file, "--from-architecture", network,
        "--budgets", ",".join(f"{budget:.0f}" for budget in BUDGETS), "--grow", "1",
        "--out", run, "--set", "hours=null", "--set", "search.num_skeletons=4",
        "--set", "search.num_variations=4", "--set", "tolerance=0.1",
        "--set", "evaluation.recalibration_images=32", "--set", "seed_network.scratch=tell",
        *settings(**NO_EXPORTS),
    ]  # fmt: skip


def read(run, name):
    return json.loads((run / name).read_text())


@pytest.fixture(scope="module")
def begun_from(escalade, tmp_path_factory):
    """The command of a finished run that was killed at every stage, and its folder."""
    folder = tmp_path_factory.mktemp("seed")
    line = command(folder / "run", *seed_runs.write(folder))
    first = "training/start-S0-seed/result.json"
    for name in (
        first,
        "training/seed/result.json",
        "supernet/supernet.safetensors",
        "family/S0/*.md",
    ):
        escalade.stopped(folder / "run", name, *line).kill()
    result = escalade(*line)
    assert result.code == 0, result.err
    assert "against the fine-tuned network that the run started from" in result.err
    return folder / "run", line


@pytest.mark.slow
def test_both_starts_were_tried_before(begun_from):
    run, _ = begun_from
    tried = read(run, "starts.json")
    assert (tried["seed"], tried["space"]) == ("little-0", "small")
    assert [trial["budget"] for trial in tried["trials"]] == [round(each) for each in BUDGETS]
    without = resolve(read_file(run / "from_scratch.yaml"))
    assert without.seed_network is None
    assert without.ladder.budgets[0].target == round(BUDGETS[0])
    assert "Starting from little-0 was worth" in (run / "report.html").read_text()


@pytest.mark.slow
def test_the_same_run_from_scratch_can_be_begun(escalade, begun_from):
    """By the file that the run's own command names, from the space that was tried."""
    run, _ = begun_from
    result = escalade("plan", "--config", run / "from_scratch.yaml", brief=True)
    assert result.code == 0, result.err
    assert "space   small: " in result.err
    assert "rival   the bases conv, fused and plain of small by dWr" in result.err
    assert "little-0" not in result.err


@pytest.mark.slow
def test_every_member_has_the_fine_tuned_network_beside_it(begun_from):
    run, _ = begun_from
    family = read(run, "family/family.json")
    assert family["space"] == "around_little-0"
    assert [member["name"] for member in family["members"]] == ["S0", "S1", "S2"]
    for rival in family["rivals"]:
        budget = next(m["budget"] for m in family["members"] if m["name"] == rival["member"])
        network = Architecture.from_json({"format": 1} | rival["architecture"])
        assert (rival["base"], rival["rule"]) == ("seed", "r")
        assert (network.depths, network.widths) == ((1, 2), (8, 16))
        assert rival["macs"] <= 1.1 * budget
        assert None not in rival["accuracy"].values()
    assert {rival["member"] for rival in family["rivals"]} >= {"S1", "S2"}


@pytest.mark.slow
def test_its_normalisation_is_the_networks(begun_from):
    run, _ = begun_from
    seed = read(run, "seed_network/seed.json")
    for member in ("S0", "S1", "S2"):
        steps = read(run, f"family/{member}/config.json")["preprocessing"]
        assert (steps["mean"], steps["std"]) == (seed["mean"], seed["std"])


@pytest.mark.slow
def test_the_space_is_the_networks_own(begun_from):
    run, _ = begun_from
    space = read(run, "space.json")
    assert space["kind"] == "around"
    held = {**safetensors.torch.load_file(run / "supernet" / "supernet.safetensors")}
    started = safetensors.torch.load_file(run / "training" / "seed" / "model.safetensors")
    assert {name: value.shape for name, value in held.items()} == {
        name: value.shape for name, value in started.items() if name in held
    }


@pytest.mark.slow
def test_an_undisturbed_run_ends_with_the_same_bits(escalade, begun_from, tmp_path):
    run, line = begun_from
    again = tmp_path / "again"
    result = escalade(*[again if part == run else part for part in line])
    assert result.code == 0, result.err
    assert promised(again) == promised(run)


@pytest.mark.slow
def test_the_plan_tells_what_is_done_with_it(escalade, tmp_path):
    line = command(tmp_path / "run", *seed_runs.write(tmp_path), verb="plan")
    result = escalade(*line, brief=True)
    assert result.code == 0, result.err
    for words in ("from    little-0: ", "fine-tuned whole at 32 pixels", "space   around_little-0"):
        assert words in result.err
    assert "before that it is tried shortly against a plain network from scratch, at" in result.err
    assert "rival   beside every member, and trained for as long, little-0 itself" in result.err


@pytest.mark.slow
def test_the_same_command_goes_on_where_its_source_is_gone(escalade, begun_from):
    run, line = begun_from
    file = run.parent / "little-0.safetensors"
    file.rename(file.with_suffix(".away"))
    result = escalade(*line)
    file.with_suffix(".away").rename(file)
    assert result.code == 0, result.err
    assert "the run goes on with little-0 from its own copy" in result.err


@pytest.mark.slow
def test_another_network_is_another_run(escalade, begun_from, tmp_path):
    _, line = begun_from
    other, _ = seed_runs.write(tmp_path, seed=1)
    shutil.copy(other, tmp_path / "little-0.safetensors")
    changed = [tmp_path / "little-0.safetensors" if str(p).endswith(".safetensors") else p
               for p in line]  # fmt: skip
    result = escalade(*changed)
    assert result.code == 2
    assert "seed_network.digest is" in result.err


@pytest.mark.slow
def test_a_run_goes_on_from_scratch_where_that_is_ahead(escalade, tmp_path):
    """From a network that lets nothing through; killed before and after, it ends in the bits of
    the run whose settings it then has."""
    run, whole = tmp_path / "run", tmp_path / "whole"
    file, network = seed_runs.write(tmp_path)
    state = safetensors.torch.load_file(file)
    state["bn1.weight"].zero_()
    state["bn1.bias"].zero_()
    safetensors.torch.save_file(state, file)
    longer = {"dataset.limit": 300, "dataset.search_size": 60, "retrain.recipe.steps": 120}
    more = settings(**NO_EXPORTS, **longer, rival="none")
    line = [*command(run, file, network), *more, "--set", "seed_network.scratch=switch"]
    for name in ("starts.json", "from_network.yaml"):
        escalade.stopped(run, name, *line).kill()
    result = escalade(*line)
    assert result.code == 0, result.err
    config = resolve(read_file(run / "config.yaml"))
    assert config.seed_network is None
    assert read(run, "family/family.json")["space"] == "small"
    for file in (run / "family").glob("S*/README.md"):
        assert "The run started from scratch" in file.read_text()
    assert "so the run goes on from scratch" in (run / "report.html").read_text()
    result = escalade("run", "--config", run / "config.yaml", "--out", whole)
    assert result.code == 0, result.err
    assert promised(whole) == promised(run)
