from __future__ import annotations

import json

import pytest

from escalade.core.network import cost
from escalade.core.scaling.scale_by import scale
from escalade.spaces import known
from escalade.spaces.scaled import load

B0 = known.load("efficientnet_b0")


def test_names_and_files_are_loaded_as_they_are(tmp_path):
    assert load("efficientnet_b0") == B0
    file = tmp_path / "a:dWr:2"
    file.write_text(json.dumps(B0.to_json()))
    assert load(str(file)) == B0


def test_a_scaled_network_by_its_name():
    assert load("efficientnet_b0:dWr:11") == scale(B0, "dWr", 11.0)
    assert load("efficientnet_b0:d1_w8_g8_r1:1e1").name == "efficientnet_b0:d1_w8_g8_r1:10"


def test_a_scaled_network_scaled_once_more_by_its_name():
    found = scale(scale(B0, "dWr", 4.0), "w", 2.0)
    assert found.name == "efficientnet_b0:dWr:4:w:2"
    assert load(found.name) == found


def test_a_members_folder_with_colons(tmp_path):
    member = tmp_path / "12:30:00"
    member.mkdir()
    args = {"architecture_json": B0.renamed("S0").to_json()}
    (member / "config.json").write_text(json.dumps({"model_args": args}))
    assert load(str(member)) == B0.renamed("S0")
    assert load(f"{member}:w:4").name == "S0:w:4"


def test_scaled_files(tmp_path):
    file = tmp_path / "mine.json"
    file.write_text(json.dumps(B0.renamed("mine").to_json()))
    assert load(f"{file}:w:4").name == "mine:w:4"


def test_a_network_by_its_macs():
    found = load("efficientnet_b0:dwr:4G")
    assert cost.of(found).macs == pytest.approx(4e9, rel=0.05)
    assert load(found.name) == found


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("efficientnet_b9:w:2", "did you mean efficientnet_b7?"),
        ("efficientnet_b0:rw:2", "did you mean wr?"),
        ("efficientnet_b0:w:0", "0.0 is not a positive number"),
        ("efficientnet_b0:w:nan", "nan is not a positive number"),
        ("efficientnet_b0:w:", "'' is not a number"),
        ("efficientnet_b0:w:4x", "cannot read '4x'"),
        ("efficientnet_b0:w", "neither a known name nor a file"),
    ],
)
def test_wrong_names(text, words):
    with pytest.raises(ValueError) as caught:
        load(text)
    assert words in str(caught.value)
