"""Members that are not timm's EfficientNet: folders, scripts, exports, warm starts."""

from __future__ import annotations

import ast
import importlib.util
import json
import os
import subprocess
import sys
from dataclasses import replace

import numpy as np
import onnxruntime
import pytest
import timm
import torch
from PIL import Image
from tiny_members import packaged, trained

import escalade.timm  # noqa: F401  registers the entry point
from escalade.core.network.block import Conventions, Stem
from escalade.data.batching.batches import prepare
from escalade.data.decoding.decoding import to_square
from escalade.family.exports.member_exports import export_member
from escalade.family.packaging import package, standalone
from escalade.nets.build import end_layers
from escalade.nets.channels import adapt
from sample_networks import RESOLUTION, SAMPLES, bignas, regnet_y, regnet_z, resnet

ODD = {
    "odd_regnet_z": replace(
        regnet_z(widths=(9, 15), depths=(2, 2), group_width=3, head=21),
        name="odd_regnet_z",
        stem=Stem(width=5, kernel=5, stride=1, activation="relu6"),
    ),
    "tensorflows": replace(
        SAMPLES["efficientnet_v2_like"],
        name="tensorflows",
        conventions=Conventions(padding="same", epsilon=1e-3, momentum=0.01),
    ),
    "other_epsilon": replace(resnet(), name="other_epsilon", conventions=Conventions(epsilon=0.01)),
    "odd_resnet": replace(resnet(widths=(20, 44)), name="odd_resnet"),
    "odd_bignas": replace(
        bignas(widths=((9, 9), (11, 20, 9), (9,), (9,)), stem=9, head=21), name="odd_bignas"
    ),
}
MEMBERS = SAMPLES | ODD
OPERATIONS_OF_OTHERS = {"regnet_y_like", "scarlet_like"}  # nothing in them that others lack


@pytest.fixture(scope="module", params=MEMBERS)
def made(request, tmp_path_factory):
    arch = MEMBERS[request.param]
    folder = tmp_path_factory.mktemp(arch.name)
    network = trained(arch)
    package.write(folder, package=packaged(arch), state=network.state_dict())
    standalone.write(folder, package=packaged(arch))
    return folder, arch, network


@pytest.fixture(scope="module")
def images():
    generator = torch.Generator().manual_seed(1)
    return torch.randn(9, 1, RESOLUTION, RESOLUTION, generator=generator)


def test_the_folder_is_the_network(made, images):
    folder, arch, network = made
    assert package.read(folder) == packaged(arch)
    expected = network.state_dict()
    for loaded in (
        package.load_network(folder),
        timm.create_model(f"local-dir:{folder}", pretrained=True).eval(),
    ):
        assert loaded.state_dict().keys() == expected.keys()
        assert all(torch.equal(t, expected[name]) for name, t in loaded.state_dict().items())
        # where tensors lie in memory may change the last bit
        torch.testing.assert_close(loaded(images), network(images), rtol=1e-5, atol=1e-6)


def test_timm_fine_tunes_it_to_other_classes_and_channels(made, images):
    folder, _, network = made
    name = f"local-dir:{folder}"
    loaded = timm.create_model(name, pretrained=True, num_classes=5, in_chans=3).eval()
    assert loaded.get_classifier().out_features == 5
    features = timm.create_model(name, pretrained=True, num_classes=0).eval()
    colour = timm.create_model(name, pretrained=True, num_classes=0, in_chans=3).eval()
    torch.testing.assert_close(
        colour(images.repeat(1, 3, 1, 1)), features(images), rtol=1e-3, atol=1e-4
    )
    torch.testing.assert_close(network.get_classifier()(features(images)), network(images))


def test_the_script_gives_the_members_logits(made):
    folder, arch, network = made
    values = np.random.default_rng(0).integers(0, 256, (24, 31, 3), dtype=np.uint8)
    Image.fromarray(values).save(folder / "photo.png")
    square = to_square(Image.open(folder / "photo.png"), side=16, in_channels=1)
    ready = prepare(
        torch.from_numpy(square.copy())[None], resolution=RESOLUTION, mean=(0.3,), std=(0.25,)
    )
    spec = importlib.util.spec_from_file_location(f"model_{arch.name}", folder / "model.py")
    model = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(model)
    logits = model.load()(model.prepare(folder / "photo.png"))
    torch.testing.assert_close(logits, network(ready), rtol=1e-4, atol=1e-5)


def test_the_script_needs_no_escalade(made):
    folder, _, _ = made
    text = (folder / "model.py").read_text()
    assert "escalade" not in text
    modules = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            modules |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            modules.add(node.module.split(".")[0])
    others = modules - set(sys.stdlib_module_names)
    assert others == {"torch", "timm", "numpy", "PIL", "safetensors"}


@pytest.mark.slow
@pytest.mark.parametrize("name", ["regnet_y_like", "scarlet_like"])
def test_the_script_runs_where_escalade_cannot_be_imported(name, tmp_path):
    arch = SAMPLES[name]
    package.write(tmp_path, package=packaged(arch), state=trained(arch).state_dict())
    standalone.write(tmp_path, package=packaged(arch))
    Image.new("RGB", (20, 20)).save(tmp_path / "black.png")
    code = (
        "import runpy, sys; sys.modules['escalade'] = None;"
        "runpy.run_path('model.py', run_name='__main__')"
    )
    done = subprocess.run(
        [sys.executable, "-I", "-c", code, "black.png"],
        cwd=tmp_path,
        env={key: value for key, value in os.environ.items() if key != "PYTHONPATH"},
        capture_output=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.splitlines()[0] == b"black.png"


@pytest.mark.slow
@pytest.mark.parametrize("made", sorted({*SAMPLES} - OPERATIONS_OF_OTHERS), indirect=True)
def test_exports_agree_for_any_batch(made, images):
    folder, _, network = made
    found = export_member(folder, images=images)
    assert [parity.name for parity in found.written] == ["program.pt2", "model.onnx"]
    assert found.skipped == ()
    program = torch.export.load(folder / "program.pt2").module()
    session = onnxruntime.InferenceSession(folder / "model.onnx")
    for size in (1, 2, 9):
        batch = images[:size]
        with torch.no_grad():
            expected = network(batch)
        torch.testing.assert_close(program(batch), expected, rtol=1e-4, atol=1e-4)
        (logits,) = session.run(["logits"], {"image": batch.numpy()})
        torch.testing.assert_close(torch.from_numpy(logits), expected, rtol=1e-4, atol=1e-4)


def test_weights_are_made_ready_for_other_data(made, images):
    _, arch, network = made
    state, of = adapt(network.state_dict(), arch, num_classes=7, in_channels=3)
    fresh = trained(of)
    missing = {name for name in fresh.state_dict() if name not in state}
    classifier = end_layers(arch)["classifier"]
    assert missing == {f"{classifier}.weight", f"{classifier}.bias"}
    fresh.load_state_dict(state, strict=False)
    features = fresh.forward_features(images.repeat(1, 3, 1, 1))
    torch.testing.assert_close(features, network.forward_features(images), rtol=1e-4, atol=1e-4)
    kept, _ = adapt(network.state_dict(), arch, num_classes=3, in_channels=1)
    assert kept.keys() == network.state_dict().keys()


def test_config_names_the_layers_timm_adapts(tmp_path):
    names = {}
    for arch in (resnet(), regnet_y()):
        package.write(tmp_path, package=packaged(arch), state=trained(arch).state_dict())
        config = json.loads((tmp_path / "config.json").read_text())["pretrained_cfg"]
        names[arch.name] = (config["first_conv"], config["classifier"])
    assert names == {
        "resnet_like": ("stem.conv1.conv", "head.fc"),
        "regnet_y_like": ("stem.conv", "head.fc"),
    }
