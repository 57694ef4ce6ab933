"""Preprocessing inside the ONNX file, against model.py's own, and what becomes of other forms."""

from __future__ import annotations

import importlib.util
import json
import sys
from dataclasses import replace

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from PIL import Image
from tiny_members import packaged, tiny, trained
from torch.nn import functional as F

from escalade.api.export import follow
from escalade.artefacts import digests
from escalade.data.batching.batches import prepare
from escalade.family.exports.executorch_export import PTE_FILE
from escalade.family.exports.exporting import onnx_form, onnx_session
from escalade.family.exports.inside import network_alone, resize_weights, with_front_of
from escalade.family.exports.member_exports import export_member
from escalade.family.exports.quantising import quantise
from escalade.family.packaging import package, standalone
from escalade.family.packaging.card_exports import add_exports

# (height, width): square, odd, smaller than the side, and long ones.
SIZES = ((16, 16), (37, 53), (101, 64), (11, 15), (9, 240))
LEVEL, SHARE = 1, 0.05  # of bytes, and of so many of them, as rounding may fall the other way


def pixels(height, width, channels, *, seed=0):
    """Smooth pictures, which have edges all the same: (channels, height, width)."""
    rng = np.random.default_rng(seed)
    small = rng.integers(0, 256, (max(2, height // 4), max(2, width // 4), channels))
    images = [Image.fromarray(small[..., at].astype(np.uint8)) for at in range(channels)]
    return np.stack([np.asarray(each.resize((width, height))) for each in images])


@pytest.fixture(scope="module", params=[1, 3])
def whole(request, tmp_path_factory):
    """A member whose ONNX file has the preprocessing inside, and its own script."""
    folder = tmp_path_factory.mktemp("whole")
    architecture = replace(tiny(), in_channels=request.param)
    packed = packaged(architecture)
    package.write(folder, package=packed, state=trained(architecture).state_dict())
    standalone.write(folder, package=packed)
    given = torch.tensor(np.stack([pixels(16, 16, request.param, seed=i) for i in range(9)]))
    steps = packed.preprocessing
    images = prepare(given, resolution=steps.resolution, mean=steps.mean, std=steps.std)
    found = export_member(folder, images=images, pixels=given, program=False, opset=20)
    return folder, packed, found, images


def script_of(folder):
    spec = importlib.util.spec_from_file_location("whole_model", folder / "model.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules["whole_model"] = module
    spec.loader.exec_module(module)
    return module


def with_outputs(folder, *names):
    """A session that gives inner values of the graph, too."""
    model = onnx.load(folder / "model.onnx")
    for name in names:
        model.graph.output.append(onnx.helper.make_tensor_value_info(name, 1, None))
    return onnxruntime.InferenceSession(model.SerializeToString())


@pytest.mark.parametrize("size", SIZES)
def test_it_prepares_images_of_any_size_as_the_members_own_script_does(whole, size, tmp_path):
    folder, packed, _, _ = whole
    given = pixels(*size, packed.preprocessing.in_channels)
    picture = Image.fromarray(given[0] if len(given) == 1 else given.transpose(1, 2, 0))
    picture.save(tmp_path / "picture.png")
    theirs = script_of(folder).prepare(tmp_path / "picture.png")
    session = with_outputs(folder, "image", "preprocessing/square")
    logits, image, square = session.run(None, {"pixels": given[None]})
    assert logits.shape == (1, 3)
    assert square.shape == (1, len(given), 16, 16)
    # A level more or less of a byte is worth this much after the mean and the deviation.
    apart = np.abs(image - theirs.numpy()) * 255 * 0.25
    assert apart.max() <= LEVEL + 1e-2
    levels = np.abs(
        square[0] - script_of(folder).to_square(picture, side=16, in_channels=len(given))
    )
    assert levels.max() <= LEVEL
    assert (levels > 0).mean() <= SHARE


def test_it_agrees_with_the_network_on_images_as_they_are(whole):
    folder, _, found, _ = whole
    (parity,) = found.written
    assert (parity.name, parity.inside) == ("model.onnx", True)
    assert parity.max_difference <= 1e-4
    session = onnxruntime.InferenceSession(folder / "model.onnx")
    (given,) = session.get_inputs()
    assert (given.name, given.type) == ("pixels", "tensor(uint8)")
    assert given.shape[0] == "batch"
    assert given.shape[2:] == ["height", "width"]
    facts = session.get_modelmeta().custom_metadata_map
    assert facts["preprocessing"].startswith("Inside: ")
    assert "mean" not in facts  # nobody should subtract it again
    assert json.loads(facts["classes"])
    assert onnx_form((folder / "model.onnx").read_bytes()) == (20, True)


def test_its_network_alone_takes_prepared_images(whole):
    folder, _, _, images = whole
    content = (folder / "model.onnx").read_bytes()
    alone = network_alone(content)
    assert onnx_form(alone) == (20, False)
    assert network_alone(alone) == alone
    expected = package.load_network(folder)(images)
    for made in (alone, content):
        torch.testing.assert_close(onnx_session(made)(images), expected, rtol=1e-4, atol=1e-4)
    again = with_front_of(content, alone)
    given = pixels(37, 53, images.shape[1])[None]
    runs = [onnxruntime.InferenceSession(each) for each in (content, again)]
    before, after = (run.run(None, {"pixels": given})[0] for run in runs)
    np.testing.assert_array_equal(before, after)
    assert with_front_of(alone, alone) == alone


@pytest.mark.slow
def test_int8_takes_what_the_other_takes_and_is_calibrated_without(whole):
    folder, _, _, images = whole
    labels = package.load_network(folder)(images).argmax(1)
    found = quantise(folder, calibration=[images], search=[(images, labels)])
    assert found.fp32 == 1.0
    session = onnxruntime.InferenceSession(folder / "model.int8.onnx")
    assert [each.name for each in session.get_inputs()] == ["pixels"]
    assert session.run(None, {"pixels": pixels(37, 53, images.shape[1])[None]})[0].shape == (1, 3)
    kinds = {node.op_type for node in onnx.load(folder / "model.int8.onnx").graph.node}
    assert "QuantizeLinear" in kinds


def test_an_int8_file_follows_when_the_other_takes_something_else(whole, tmp_path):
    folder, _, _, _ = whole
    content = (folder / "model.onnx").read_bytes()
    (tmp_path / "model.int8.onnx").write_bytes(network_alone(content))
    (tmp_path / "model.onnx").write_bytes(content)
    digests.seal(tmp_path, "model.int8.onnx")
    follow(tmp_path)
    assert onnx_form((tmp_path / "model.int8.onnx").read_bytes()) == (20, True)
    assert digests.is_whole(tmp_path, "model.int8.onnx")
    (tmp_path / "model.onnx").write_bytes(network_alone(content))
    follow(tmp_path)
    assert (tmp_path / "model.int8.onnx").read_bytes() == network_alone(content)


def test_the_card_tells_what_goes_in(tmp_path, whole):
    _, _, found, _ = whole
    (tmp_path / "README.md").write_text("# card\n")
    add_exports(tmp_path, found.written)
    text = (tmp_path / "README.md").read_text()
    assert "`model.onnx`: input `pixels` (batch, channels, height, width) bytes of any size" in text
    assert "takes prepared images" not in text


@pytest.mark.parametrize(("size", "to"), [(16, 12), (16, 16), (12, 31), (45, 7)])
def test_the_second_resize_is_torchs(size, to):
    images = torch.rand(1, 1, size, size)
    weights = torch.tensor(resize_weights(size, to))
    expected = F.interpolate(images, size=(to, to), mode="bilinear", antialias=True)
    torch.testing.assert_close(weights @ images @ weights.T, expected, rtol=1e-5, atol=1e-5)


# ExecuTorch


def test_without_executorch_it_is_left_out_with_the_reason(member, images, monkeypatch):
    monkeypatch.setitem(sys.modules, "executorch", None)
    found = export_member(member, images=images, onnx=False, program=False, executorch=True)
    ((name, reason),) = found.skipped
    assert (name, found.written) == (PTE_FILE, ())
    assert "pip install executorch" in reason


def test_with_executorch_it_is_written_and_agrees(member, images):
    pytest.importorskip("executorch", reason="the package executorch is not installed")
    found = export_member(member, images=images, onnx=False, program=False, executorch=True)
    (parity,) = found.written
    assert parity.name == PTE_FILE
    assert (member / PTE_FILE).stat().st_size > 1000
