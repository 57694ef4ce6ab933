"""What one run leaves, and that equal runs leave equal files."""

from __future__ import annotations

import json
import re
import shutil
from importlib import resources

import pytest
import yaml

from escalade.artefacts.owning import MARK
from running import promised, tiny_run

ARTEFACTS = (
    "config.yaml",
    "space.json",
    "plan.json",
    "images.csv",
    "supernet/supernet.safetensors",
    "evaluations.sqlite",
    "search.json",
    "growth.json",
    "family/family.json",
    "metrics.jsonl",
    "ledger.json",
    "report.html",
)
MEMBER_FILES = ("config.json", "model.safetensors", "model.onnx", "program.pt2", "README.md")


def test_a_run_leaves_every_artefact(finished):
    missing = [name for name in ARTEFACTS if not (finished / name).is_file()]
    assert missing == []
    family = json.loads((finished / "family/family.json").read_text())
    assert [member["name"] for member in family["members"]] == ["S0", "S1", "S2"]
    assert [member["origin"] for member in family["members"]] == ["searched", "searched", "grown"]
    for member in family["members"]:
        folder = finished / "family" / member["folder"]
        assert [name for name in MEMBER_FILES if not (folder / name).is_file()] == []
        assert abs(member["macs"] / member["budget"] - 1) <= 0.05
    left = [path.name for path in finished.rglob("*") if path.name.startswith(".")]
    assert left == [MARK]


@pytest.mark.slow
def test_the_same_command_again_gives_the_same_family(escalade, finished, tmp_path):
    result = escalade(*tiny_run(tmp_path / "again"))
    assert result.code == 0, result.err
    assert result.out == ""
    assert promised(tmp_path / "again") == promised(finished)


@pytest.mark.slow
def test_config_yaml_of_a_run_repeats_it(escalade, finished, tmp_path):
    config = tmp_path / "config.yaml"
    shutil.copy(finished / "config.yaml", config)
    more = ["--set", "export.onnx=false", "--set", "export.torch_export=false"]
    result = escalade("run", "--config", config, *more, "--out", tmp_path / "again")
    assert result.code == 0, result.err
    assert promised(tmp_path / "again") == promised(finished)
    before, after = (
        yaml.safe_load(p.read_text()) for p in (config, tmp_path / "again/config.yaml")
    )
    assert after | {"export": None} == before | {"export": None}


@pytest.mark.slow
def test_another_seed_gives_another_family(escalade, finished, tmp_path):
    result = escalade(*tiny_run(tmp_path / "run", "--seed", "1"))
    assert result.code == 0, result.err
    assert promised(tmp_path / "run") != promised(finished)


@pytest.mark.slow
def test_a_finished_run_is_left_as_it_is(escalade, copied):
    stamps = {p: p.stat().st_mtime_ns for p in copied.rglob("*") if p.name != "report.html"}
    result = escalade(*tiny_run(copied, exports=True))
    assert result.code == 0, result.err
    assert {p: p.stat().st_mtime_ns for p in stamps} == stamps


@pytest.mark.slow
def test_every_stage_goes_on_from_the_folder_alone(escalade, finished, tmp_path):
    run = tmp_path / "run"
    run.mkdir()
    shutil.copy(finished / "space.json", run)
    config = (finished / "config.yaml").read_text()
    assert "onnx: true" in config
    (run / "config.yaml").write_text(re.sub(r"(onnx|torch_export): true", r"\1: false", config))
    for stage in ("train", "search", "grow", "retrain", "export", "report"):
        result = escalade(stage, run)
        assert result.code == 0, f"{stage}: {result.err}"
    assert promised(run) == promised(finished)
    missing = [name for name in (*ARTEFACTS, "latency.json") if not (run / name).is_file()]
    assert missing == []


@pytest.mark.parametrize(
    ("stage", "missing", "command"),
    [
        ("search", "supernet", "train"),
        ("grow", "search.json", "search"),
        ("retrain", "search.json", "search"),
        ("retrain", "growth.json", "grow"),
        ("export", "family", "retrain"),
    ],
)
def test_a_missing_earlier_stage_is_named(escalade, copied, stage, missing, command):
    path = copied / missing
    shutil.rmtree(path) if path.is_dir() else path.unlink()
    made = {"search": "search.json", "grow": "growth.json", "retrain": "family"}.get(stage)
    if made is not None and (copied / made).is_file():
        (copied / made).unlink()
    result = escalade(stage, copied)
    assert result.code == 2
    assert f"escalade {command} {copied}" in result.err
    assert len(result.err.splitlines()) <= 3


@pytest.mark.slow
def test_one_member_alone(escalade, finished, tmp_path):
    run = tmp_path / "run"
    shutil.copytree(finished, run, ignore=shutil.ignore_patterns("family", "training", "*.html"))
    assert escalade("retrain", run, "--member", "S1").code == 0
    family = json.loads((run / "family/family.json").read_text())
    assert [member["name"] for member in family["members"]] == ["S1"]
    assert escalade("retrain", run).code == 0
    assert promised(run) == promised(finished)


def test_the_growth_of_a_run_as_json(escalade, finished):
    result = escalade("grow", finished, "--format", "json")
    assert json.loads(result.out) == json.loads((finished / "growth.json").read_text())


def test_growth_to_any_budget(escalade, finished):
    before = sorted(finished.rglob("*"))
    result = escalade("grow", finished, "--to", "5M", "--format", "json")
    assert result.code == 0, result.err
    grown = json.loads(result.out)
    assert abs(grown["macs"] / 5e6 - 1) <= 0.05
    assert grown["extrapolation"] is True
    assert set(grown["interval"]) == {"depth", "width", "resolution"}
    assert sorted(finished.rglob("*")) == before


@pytest.mark.slow
def test_a_report_of_half_a_run_names_what_is_missing(escalade, copied):
    shutil.rmtree(copied / "family")
    (copied / "growth.json").unlink()
    assert escalade("report", copied).code == 0
    page = (copied / "report.html").read_text()
    assert f"escalade grow {copied}" in page


@pytest.mark.slow
def test_a_space_of_ones_own_may_be_gone_later(escalade, tmp_path):
    text = resources.files("escalade.spaces").joinpath("small.yaml").read_text()
    own = tmp_path / "own.yaml"
    own.write_text(
        text.replace("name: small", "name: mine").replace("widths: [8, 12,", "widths: [")
    )
    run = tmp_path / "run"
    running = escalade.start(*tiny_run(run, "--space", str(own)))
    assert running.until((run / "supernet/supernet.safetensors").exists)
    running.kill()
    own.unlink()
    for stage in ("search", "grow", "report"):
        result = escalade(stage, run)
        assert result.code == 0, result.err
    space = json.loads((run / "space.json").read_text())
    assert space["name"] == "mine"
    assert space["stem"]["widths"] == [16, 20, 24]


@pytest.mark.parametrize("amount", ["1k", "399k", "5X", "100T"])
def test_growth_to_an_impossible_budget(escalade, finished, amount):
    result = escalade("grow", finished, "--to", amount)
    assert result.code == 2
    assert 1 <= len(result.err.splitlines()) <= 3
    assert "budget" in result.err or "--to" in result.err


@pytest.mark.slow
def test_a_card_tells_the_rate_that_its_member_was_trained_at(escalade, tmp_path):
    run = tmp_path / "run"
    changes = {"retrain__searched": "finetune", "retrain__finetune_rate": 0.25}
    result = escalade(*tiny_run(run, "--grow", "0", **changes))
    assert result.code == 0, result.err
    card = (run / "family/S0/README.md").read_text()
    assert "learning\\_rate 0.05;" in card  # a quarter of the preset's 0.2


@pytest.mark.slow
def test_members_that_come_later_are_timed_too(escalade, copied):
    path = copied / "latency.json"
    found = json.loads(path.read_text())
    path.write_text(json.dumps(found | {"members": {"S1": found["members"]["S1"]}}))
    result = escalade("export", copied)
    assert result.code == 0, result.err
    assert json.loads(path.read_text())["members"].keys() == {"S0", "S1", "S2"}
