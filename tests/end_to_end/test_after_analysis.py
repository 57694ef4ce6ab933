"""The after-analysis of finished runs: what it trains, what it writes, killed and taken up."""

from __future__ import annotations

import json
import math
import shutil
from pathlib import Path

import pytest

from escalade.config import read_preset, resolve
from running import tiny_run

ONE_RATE = ("--rates", "0.01", "--epochs", "1")
ARMS = ("slice", "finetune", "scratch", "distil_a", "distil_b")
RESULT = {
    "name",
    "member",
    "arm",
    "rate",
    "num_steps",
    "num_training_images",
    "num_correct",
    "num_images",
    "accuracy",
    "standard_error",
    "against_slice",
}


def read(path: Path):
    return json.loads(path.read_text())


@pytest.fixture(scope="module")
def layered(escalade, tmp_path_factory) -> Path:
    """A finished run over a space with choices per layer."""
    run = tmp_path_factory.mktemp("layered") / "run"
    changes = {
        "supernet__step": "sandwich",
        "supernet__zero_residual": "true",
        "search__num_skeletons": 2,
        "search__num_variations": 2,
        "retrain__searched": "slice",
    }
    space = ("--space", "bignas_small", "--budgets", "0.4M,0.8M", "--grow", "0")
    result = escalade(*tiny_run(run, *space, **changes))
    assert result.code == 0, result.err
    return run


@pytest.mark.slow
def test_everything_beside_the_slices_of_a_ladder(escalade, copied):
    """ScaleNet's space: the largest member teaches, and has nobody to learn from in place."""
    family = (copied / "family/family.json").read_bytes()
    tested = [each for each in read(copied / "ledger.json") if each["stage"] == "test"]
    result = escalade("analyse", copied, "--format", "json")
    assert result.code == 0, result.err
    found = json.loads(result.out)
    assert found == read(copied / "analysis.json")
    assert set(found) == {"space", "teacher", "networks", "results", "left_out"}
    assert [each["name"] for each in found["networks"]] == ["S0", "S1"]
    assert found["teacher"] == "S1"
    assert [(each["member"], each["arm"]) for each in found["left_out"]] == [("S1", "distil_b")]
    members = [[r for r in found["results"] if r["member"] == name] for name in ("S0", "S1")]
    arms = [ARMS[0], *[ARMS[1]] * 3, *ARMS[2:]]
    assert [each["arm"] for each in members[0]] == arms
    assert [each["arm"] for each in members[1]] == arms[:-1]
    assert [each["rate"] for each in members[0][1:4]] == [0.1, 0.01, 0.001]
    for each in found["results"]:
        assert set(each) == RESULT
        assert each["accuracy"] == each["num_correct"] / each["num_images"]
    # as many images as the supernet saw, and 25 epochs of 350 for fine-tuning
    assert [each["num_training_images"] for each in members[0]] == [0, *[16] * 3, *[6 * 16] * 3]
    ledger = read(copied / "ledger.json")
    assert [each for each in ledger if each["stage"] == "test"] == tested
    named = {each["name"] for each in ledger if each["stage"] == "analyse"}
    assert named == {each["name"] for each in found["results"] if each["arm"] != "slice"}
    assert (copied / "family/family.json").read_bytes() == family

    again = escalade("analyse", copied, "--format", "json")
    assert again.out == result.out
    assert "on the search split" not in again.err
    assert escalade("report", copied).code == 0
    page = (copied / "report.html").read_text()
    assert "S1 has no distil_b: it is the network that teaches." in page


@pytest.mark.slow
def test_the_slice_of_the_analysis_is_the_member(escalade, layered, tmp_path):
    run = Path(shutil.copytree(layered, tmp_path / "run"))
    command = ("analyse", run, "--members", "S0", *ONE_RATE)
    result = escalade(*command, "--arms", "distil_a,distil_b")
    assert result.code == 0, result.err
    found = read(run / "analysis.json")
    assert found["teacher"] == "largest"
    assert [each["name"] for each in found["networks"]] == ["S0", "S1", "largest"]
    names = ["S0-slice", "S0-distil_a-3", "S0-distil_b-3", "largest-scratch-3"]
    assert [each["name"] for each in found["results"]] == names
    member, sliced = (run / p / "model.safetensors" for p in ("family/S0", "analysis/S0-slice"))
    assert member.read_bytes() == sliced.read_bytes()
    first = found["results"][0]
    assert first["against_slice"] is None
    for each in found["results"][1:3]:
        against = each["against_slice"]
        assert against["difference"] == pytest.approx(each["accuracy"] - first["accuracy"])
        errors = (each["standard_error"], first["standard_error"])
        assert against["standard_error"] == pytest.approx(math.hypot(*errors))
    assert found["results"][3]["against_slice"] is None

    # Another arm, later, of another length: what is there stays.
    result = escalade(*command[:-1], "2", "--arms", "finetune")
    assert result.code == 0, result.err
    more = read(run / "analysis.json")["results"]
    assert [each for each in more if each["arm"] != "finetune"] == found["results"]
    assert [each["name"] for each in more if each["arm"] == "finetune"] == ["S0-finetune-0.01-6"]


@pytest.mark.slow
def test_killed_and_taken_up_again(escalade, copied, tmp_path):
    command = ("--members", "S0", "--arms", "scratch,distil_a,distil_b", *ONE_RATE)
    straight = Path(shutil.copytree(copied, tmp_path / "straight"))
    assert escalade("analyse", straight, *command).code == 0
    for waits_for in ("S0-distil_b-3/checkpoint.pt", "S1-scratch-3/result.json"):
        start = ("analyse", copied, *command)
        running = escalade.stopped(copied / "analysis", waits_for, *start, checkpoint_seconds=0)
        running.kill()
        if (copied / "analysis.json").exists():
            read(copied / "analysis.json")  # whole
    result = escalade("analyse", copied, *command)
    assert result.code == 0, result.err
    for path in ("analysis.json", "analysis/S0-distil_a-3/model.safetensors"):
        assert (copied / path).read_bytes() == (straight / path).read_bytes()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("flags", "words"),
    [
        ("--members S9", "members: 'S9' is not known; use S0, S1"),
        ("--members s1", "members: 's1' is not known; did you mean S1?"),
        ("--members S0,S2", "members: S2 was grown, so it is not a slice of the supernet; use"),
        ("--arms slicing", "arms: 'slicing' is not known; use finetune, scratch, distil_a"),
    ],
)
def test_members_and_arms_that_are_not_there(escalade, finished, flags, words):
    result = escalade("analyse", finished, *flags.split())
    assert result.code == 2
    assert words in result.err
    assert not (finished / "analysis").exists()


@pytest.mark.slow
def test_a_run_without_weights_says_what_is_missing(escalade, copied):
    shutil.rmtree(copied / "family")
    result = escalade("analyse", copied)
    assert result.code == 2
    assert f"write one with `escalade retrain {copied}`" in result.err


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"space": "regnet_y_small"}, "is a design space: it has no supernet"),
        ({"supernet": {"coupled": True}}, "its supernet is coupled (supernet.coupled)"),
        ({}, "family.json: there is no family here; write one with `escalade retrain"),
    ],
)
def test_runs_that_have_no_slices(escalade, tmp_path, changes, words):
    run = tmp_path / "run"
    run.mkdir()
    (run / "config.yaml").write_text(resolve(read_preset("smoke"), changes).to_yaml())
    result = escalade("analyse", run)
    assert result.code == 2
    assert words in result.err
