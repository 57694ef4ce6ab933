from __future__ import annotations

import json
import warnings

import pytest

from escalade.core import cost
from escalade.nets.build import blank
from escalade.spaces import known

# torchvision's parameter counts.
PARAMS = {
    "efficientnet_b0": 5_288_548,
    "efficientnet_b1": 7_794_184,
    "efficientnet_b2": 9_109_994,
    "efficientnet_b3": 12_233_232,
    "efficientnet_b4": 19_341_616,
    "efficientnet_b5": 30_389_784,
    "efficientnet_b6": 43_040_704,
    "efficientnet_b7": 66_347_960,
    "mobilenet_v2": 3_504_872,
}
RESOLUTIONS = (224, 240, 260, 300, 380, 456, 528, 600)


def test_every_known_architecture_is_tested():
    assert set(PARAMS) == set(known.names())


@pytest.mark.parametrize("name", PARAMS)
def test_params_are_torchvisions(name):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import torch
        import torchvision

        with torch.device("meta"):
            theirs = torchvision.models.get_model(name)
    assert sum(p.numel() for p in theirs.parameters()) == PARAMS[name]
    architecture = known.load(name)
    assert cost.of(architecture).params == PARAMS[name]
    assert sum(p.numel() for p in blank(architecture).parameters()) == PARAMS[name]
    assert architecture.name == name


def test_resolutions():
    found = tuple(known.load(f"efficientnet_b{i}").resolution for i in range(8))
    assert found == RESOLUTIONS


def test_an_architecture_file(tmp_path):
    path = tmp_path / "mine.json"
    path.write_text(json.dumps(known.load("efficientnet_b1").renamed("mine").to_json()))
    assert known.load(str(path)) == known.load("efficientnet_b1").renamed("mine")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("nothing", "not a JSON file"),
        ("[1]", "expected an architecture"),
        ('{"format": 1}', "stages"),
    ],
)
def test_files_that_are_none(tmp_path, content, words):
    path = tmp_path / "mine.json"
    path.write_text(content)
    with pytest.raises(ValueError, match=words) as caught:
        known.load(str(path))
    assert str(path) in str(caught.value)


def test_unknown_names():
    with pytest.raises(ValueError, match="did you mean efficientnet_b7"):
        known.load("efficientnet_b77")
    with pytest.raises(ValueError, match="cost --list"):
        known.load("xyz")
