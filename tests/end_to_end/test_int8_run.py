"""A finished run gets INT8 afterwards, and its members are tuned."""

from __future__ import annotations

import json
import shutil

import pytest
import yaml

from escalade.api import quantise_run
from escalade.artefacts import digests, quantisations
from escalade.family.exports import quantising
from escalade.train.interrupt import Interrupted


@pytest.fixture
def longer(copied):
    """A finished run whose members are said to have trained long enough to be killed in."""
    path = copied / "config.yaml"
    settings = yaml.safe_load(path.read_text())
    settings["retrain"]["recipe"]["steps"] = 60
    path.write_text(yaml.safe_dump(settings))
    return copied


def int8(run):
    return json.loads((run / "int8.json").read_text())["members"]


def files(run):
    return {path.parent.name: path.read_bytes() for path in run.glob("family/*/model.int8.onnx")}


@pytest.mark.slow
def test_a_finished_run_is_quantised_and_then_tuned(longer, tmp_path, monkeypatch):
    """As if whatever INT8 reaches were more than a point below fp32."""
    for module in (quantisations, quantising):
        monkeypatch.setattr(module, "MOST_LOSS", -2.0)
    run, whole = longer, shutil.copytree(longer, tmp_path / "whole")
    quantise_run(run, tune=False)
    assert int8(run).keys() == files(run).keys() == {"S0", "S1", "S2"}
    assert not any("tuning" in member for member in int8(run).values())
    asked = iter(range(10_000))
    with pytest.raises(Interrupted):
        quantise_run(run, tune=True, should_stop=lambda: next(asked) > 14)
    for folder in (run, whole):
        quantise_run(folder, tune=True)
    assert files(run) == files(whole)
    for name, member in int8(run).items():
        tuning = member["tuning"]
        assert tuning["num_steps"] == 10
        assert member["int8"] == max(tuning["before"], tuning["after"])
        card = (run / "family" / name / "README.md").read_text()
        assert "10 steps of training with the rounding in place brought it" in card
        assert not (run / "training" / f"{name}-int8").exists()
    monkeypatch.setattr("escalade.api.quantise._quantise", lambda *_, **__: pytest.fail("again"))
    quantise_run(run, tune=True)


@pytest.mark.slow
def test_files_that_are_found_are_neither_read_nor_sealed(escalade, copied):
    """An ONNX file may be a stranger's, with a digest to match; a halved card is a halved card."""
    folder = copied / "family" / "S1"
    (folder / "model.onnx").write_bytes(b"no ONNX at all")
    digests.seal(folder, "model.onnx")
    result = escalade("quantise", copied)
    assert result.code == 0, result.err
    assert int8(copied).keys() == files(copied).keys() == {"S0", "S1", "S2"}
    made = files(copied)
    (folder / "model.int8.onnx").write_bytes(made["S1"][:-9])
    result = escalade("report", copied)
    assert result.code == 2
    assert "model.int8.onnx: is not what was written" in result.err
    result = escalade("quantise", copied)
    assert result.code == 0, result.err
    assert "S1/model.int8.onnx is not what was written; made again" in result.err
    assert files(copied) == made
    card = folder / "README.md"
    card.write_bytes(card.read_bytes()[:300])
    for verb in ("export", "quantise"):
        result = escalade(verb, copied)
        assert result.code == 2
        assert "README.md: is not what was written" in result.err
    assert len(card.read_bytes()) == 300
