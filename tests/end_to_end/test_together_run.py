"""A family whose members train on together in their supernet, and stay slices of it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from escalade.artefacts import digests
from escalade.core.network.architecture import Architecture
from escalade.spaces import load
from escalade.supernet.supernet import Supernet
from running import promised, tiny_run

TOGETHER = {
    "supernet__step": "sandwich",
    "search__num_skeletons": 3,
    "search__num_variations": 3,
    "retrain__searched": "together",
    "retrain__grown": "warm",
}
TRAINED = ("training", "family", "together.safetensors", "report.html")
SPACE = ("--space", "bignas_small", "--budgets", "0.4M,0.8M,1.6M", "--grow", "1")


def command(out: Path, *more: str, **changes: object) -> list[str]:
    return tiny_run(out, *SPACE, *more, **TOGETHER | changes)


@pytest.fixture(scope="module")
def together(escalade, tmp_path_factory) -> Path:
    """A finished run; not to be changed."""
    run = tmp_path_factory.mktemp("together") / "run"
    result = escalade(*command(run))
    assert result.code == 0, result.err
    return run


def read(path: Path) -> dict:
    return json.loads(path.read_text())


def supernet(run: Path, name: str) -> Supernet:
    made = Supernet(load.load("bignas_small", in_channels=1, num_classes=10).shape)
    made.load_state_dict(load_file(run / f"supernet/{name}.safetensors"))
    return made


def members(run: Path) -> list[Architecture]:
    return [Architecture.from_json(s["architecture"]) for s in read(run / "search.json")["stages"]]


@pytest.mark.slow
def test_members_are_slices_of_one_set_of_weights(together):
    weights = supernet(together, "together")
    for index, architecture in enumerate(members(together)):
        state = load_file(together / f"family/S{index}/model.safetensors")
        for name, part in weights.slices(architecture).items():
            assert torch.equal(state[name], part.detach()), name


@pytest.mark.slow
def test_only_what_members_use_was_trained(together):
    before, after = supernet(together, "supernet"), supernet(together, "together")
    marks = Supernet(after.shape)
    for parameter in marks.parameters():
        parameter.data.zero_()
    for architecture in members(together):
        for part in marks.slices(architecture).values():
            part.data.fill_(1)
    used = {name: mark.bool() for name, mark in marks.state_dict().items()}
    assert not all(mark.all() for mark in used.values())
    for name, now in after.state_dict().items():
        was, own = before.state_dict()[name], used[name]
        if not own.any():
            assert torch.equal(now, was), name
            continue
        # Beside the part that is used there is no gradient, only weight decay.
        assert (now[~own].abs() <= was[~own].abs()).all(), name
        torch.testing.assert_close(now[~own], was[~own], rtol=1e-3, atol=1e-8)
        if now.dim() > 1:
            assert (now[own] != was[own]).any(), name


@pytest.mark.slow
def test_what_is_told_of_it(together):
    family = read(together / "family/family.json")["members"]
    assert [each["weights"] for each in family] == ["together"] * 3 + ["finetuned"]
    ledger = read(together / "ledger.json")
    assert "together" in json.dumps(ledger)
    card = (together / "family/S1/README.md").read_text()
    assert "trained on together" in card
    assert "learning\\_rate 0.06" in card
    assert "distillation 0.5" in card
    assert "searched, together" in (together / "report.html").read_text()


@pytest.mark.slow
def test_killed_while_they_train_together(escalade, together, tmp_path):
    run = tmp_path / "run"
    shutil.copytree(together, run, ignore=shutil.ignore_patterns(*TRAINED))
    name = "training/together/checkpoint.pt"
    assert not (run / name).parent.exists()
    escalade.stopped(run, name, *command(run), checkpoint_seconds=0).kill()
    assert (run / name).exists()
    result = escalade(*command(run))
    assert result.code == 0, result.err
    assert promised(run) == promised(together)
    assert not list((run / "training").rglob("checkpoint.pt"))


@pytest.mark.slow
def test_one_member_made_again(escalade, together, tmp_path):
    """Its slice is cut out of the same weights; nothing trains again."""
    run = tmp_path / "run"
    shutil.copytree(together, run)
    (run / "family/S1/model.safetensors").unlink()
    when = (run / "supernet/together.safetensors").stat().st_mtime_ns
    result = escalade("retrain", str(run), "--member", "S1")
    assert result.code == 0, result.err
    assert (run / "supernet/together.safetensors").stat().st_mtime_ns == when
    assert promised(run) == promised(together)


@pytest.mark.slow
def test_weights_of_another_supernet_are_refused(escalade, together, tmp_path):
    """What is there trained from other weights or with other members."""
    run = tmp_path / "run"
    shutil.copytree(together, run)
    for made in ("family", "training"):
        shutil.rmtree(run / made)
    path = run / "supernet/together.safetensors"
    save_file(load_file(path), path, metadata={"start": "other", "members": ""})
    digests.seal(path.parent, path.name)
    result = escalade("retrain", str(run))
    assert result.code == 2
    assert "other members trained together there" in result.err
    path.write_bytes(b"")
    digests.seal(path.parent, path.name)
    result = escalade("retrain", str(run))
    assert result.code == 2
    assert "together.safetensors: damaged" in result.err
    path.unlink()
    result = escalade("retrain", str(run))
    assert result.code == 0, result.err
    assert promised(run) == promised(together)


@pytest.mark.slow
def test_an_analysis_has_the_slices_before_and_after(escalade, together, tmp_path):
    run = tmp_path / "run"
    shutil.copytree(together, run)
    result = escalade("analyse", str(run), "--members", "S1", "--arms", "scratch")
    assert result.code == 0, result.err
    results = {each["arm"]: each for each in read(run / "analysis.json")["results"]}
    assert list(results) == ["slice", "together", "scratch"]
    images = {each["name"]: each["images"] for each in read(run / "ledger.json")}
    seen = images["supernet"] + images["together"]  # by the members
    assert results["scratch"]["num_training_images"] == seen == 96 + 64
    member = read(run / "family/family.json")["members"][1]
    assert results["together"]["accuracy"] == member["accuracy"]["search"]
    assert escalade("report", str(run)).code == 0
    page = (run / "report.html").read_text()
    assert "Slice, trained together" in page
    assert "after they alone had trained on in it" in page


@pytest.mark.slow
def test_a_scalenet_family(escalade, tmp_path):
    """Hierarchical sampling with the sandwich step, then together: one set of weights for all."""
    run = tmp_path / "run"
    result = escalade(*tiny_run(run, **TOGETHER))
    assert result.code == 0, result.err
    found = read(run / "family/family.json")["members"]
    assert [each["weights"] for each in found] == ["together", "together", "finetuned"]


@pytest.mark.slow
def test_in_a_space_of_choices(escalade, tmp_path):
    """Positions without a layer keep or fold their identities as in any slice."""
    run = tmp_path / "run"
    changes = {"retrain__searched": "together", "retrain__grown": "warm"}
    line = ("--space", "scarlet_small", "--budgets", "1M,2M", "--grow", "0")
    result = escalade(*tiny_run(run, *line, **changes))
    assert result.code == 0, result.err
    found = read(run / "family/family.json")["members"]
    assert [each["weights"] for each in found] == ["together", "together"]


def test_coupled_channels_have_no_slices(escalade, tmp_path):
    run = tmp_path / "run"
    result = escalade(*tiny_run(run, supernet__coupled="true", retrain__searched="together"))
    assert result.code == 2
    assert "retrain.searched: together needs a supernet that is not coupled" in result.err
    assert not run.exists()
