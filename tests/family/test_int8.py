"""INT8 beside the fp32 file: what it loses, and which layers cost it."""

from __future__ import annotations

import onnx
import pytest
import torch
from tiny_members import packaged, trained

from escalade.artefacts.latencies import Quartiles
from escalade.artefacts.quantisations import QuantisedMember
from escalade.core.network.architecture import Architecture
from escalade.core.network.block import Block, Head, Stage, Stem
from escalade.core.numbers.score_words import SCORE_WORDS
from escalade.family.exports import quantising
from escalade.family.exports.exporting import onnx_session
from escalade.family.exports.member_exports import export_member
from escalade.family.packaging import card_exports, package

# Between these two a channel is a thousand times larger, which changes nothing in fp32.
WRITES, READS = "blocks.1.0.conv_pwl", "blocks.2.0.conv_pw"


def network(*, outlier):
    blocks = [
        Block(kind="dsconv", expansion=1.0, width=8, activation="relu6"),
        Block(expansion=2.0, width=12, stride=2, activation="relu6"),
        Block(expansion=2.0, width=16, activation="relu6"),
    ]
    architecture = Architecture(
        name="plain",
        resolution=12,
        in_channels=1,
        num_classes=3,
        stem=Stem(width=8, activation="relu6"),
        stages=tuple(Stage(blocks=(block,)) for block in blocks),
        head=Head(width=24, activation="relu6"),
    )
    made = trained(architecture)
    if outlier:
        with torch.no_grad():
            for tensor in (made.blocks[1][0].bn3.weight, made.blocks[1][0].bn3.bias):
                tensor[0] *= 1000
            made.blocks[2][0].conv_pw.weight[:, 0] /= 1000
    return architecture, made


@pytest.fixture(scope="module")
def quantised(tmp_path_factory):
    """Folder and findings with the outlier and without, by whether there is one."""
    images = torch.randn(96, 1, 12, 12, generator=torch.Generator().manual_seed(1))
    found = {}
    for outlier in (False, True):
        folder = tmp_path_factory.mktemp("int8")
        architecture, made = network(outlier=outlier)
        package.write(folder, package=packaged(architecture), state=made.state_dict())
        export_member(folder, images=images[:9], program=False)
        with torch.no_grad():
            labels = made(images).argmax(1)
        batches = list(zip(images.split(40), labels.split(40), strict=True))
        done = quantising.quantise(folder, calibration=list(images.split(48)), search=batches)
        found[outlier] = folder, done, images, labels
    return found


@pytest.mark.slow
def test_little_is_lost_where_ranges_are_even(quantised):
    folder, found, images, labels = quantised[False]
    assert found.fp32 == 1.0
    assert found.int8 > 0.9
    logits = onnx_session((folder / quantising.INT8_FILE).read_bytes())(images)
    assert float((logits.argmax(1) == labels).double().mean()) == found.int8
    exact = onnx_session((folder / "model.onnx").read_bytes())(images)
    assert 0 < float((logits - exact).norm() / exact.norm()) < 0.15


def test_weights_are_int8_with_a_scale_a_channel(quantised):
    folder, *_ = quantised[False]
    graph = onnx.load(folder / quantising.INT8_FILE).graph
    tensors = {each.name: each for each in graph.initializer}
    weights = [each for each in graph.node if each.op_type == "DequantizeLinear"
               and each.input[0] in tensors and len(tensors[each.input[0]].dims) == 4]  # fmt: skip
    assert len(weights) == 10
    for node in weights:
        weight, scale = (tensors[name] for name in node.input[:2])
        assert weight.data_type == onnx.TensorProto.INT8
        assert list(scale.dims) == [weight.dims[0]]


def test_layers_that_cost_accuracy_are_named(quantised):
    _, found, *_ = quantised[True]
    assert found.fp32 == 1.0
    assert found.int8 < 0.99
    assert {each.name for each in found.layers[:2]} == {WRITES, READS}
    assert sum(each.share for each in found.layers) <= 1
    assert quantised[False][1].layers == () or quantised[False][1].int8 < 0.99


def test_without_images_there_is_nothing_to_calibrate_on(quantised):
    folder, *_ = quantised[False]
    for calibration in ([], [torch.empty(0, 1, 12, 12)]):
        with pytest.raises(
            ValueError, match=r"^there are no training images to calibrate on; INT8"
        ):
            quantising.quantise(folder, calibration=calibration, search=[])


def test_the_card_tells(quantised, tmp_path):
    _, found, *_ = quantised[True]
    times = Quartiles(median=1e-3, low=1e-3, high=1e-3)
    member = QuantisedMember(
        calibration="entropy", num_calibration=96, num_images=96, fp32=0.8, int8=0.75,
        fp32_latency=times, int8_latency=times, layers=found.layers,
    )  # fmt: skip
    (tmp_path / "README.md").write_text("# Card\n")
    told = card_exports.in_words(member, words=SCORE_WORDS["classification"])
    assert "spaces whose names end with `_int8`" in told
    words = SCORE_WORDS["classification"]
    seeded = card_exports.in_words(member, words=words, has_spaces=False)
    assert seeded.endswith("`escalade quantise RUN --tune` may get some of it back")
    card_exports.add_int8(tmp_path, told)
    card_exports.add_int8(tmp_path, told)
    text = (tmp_path / "README.md").read_text()
    assert text.count("`model.int8.onnx`") == 1
    assert "75.00 %, -5.00 points to fp32" in text
    assert f"`{READS}`" in text
    assert card_exports.is_noted(tmp_path, quantising.INT8_FILE)
