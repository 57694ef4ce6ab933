"""Training with the rounding of INT8 in place: what it is, and that it gets back what is lost."""

from __future__ import annotations

import shutil
from dataclasses import replace

import numpy as np
import onnx
import pytest
import torch
from tiny_members import packaged, patches, trained
from torch import nn

from escalade.artefacts.latencies import Quartiles
from escalade.artefacts.quantisations import CostlyLayer, QuantisedMember, Tuning
from escalade.config import EvaluationConfig, resolve
from escalade.config.recipe import Recipe
from escalade.core.network.architecture import Architecture
from escalade.core.network.block import Block, Head, SqueezeExcite, Stage, Stem
from escalade.core.numbers.score_words import SCORE_WORDS
from escalade.core.values.invalid import Invalid
from escalade.data import prepare
from escalade.data.splits.split import Split
from escalade.evaluate.path_meter import EvaluationSettings
from escalade.family.exports.exporting import (
    onnx_content,
    onnx_facts,
    onnx_session,
    trace,
)
from escalade.family.exports.member_exports import export_member
from escalade.family.exports.quantising import INT8_FILE, quantise
from escalade.family.exports.rounded import Rounded, with_rounding, without_rounding
from escalade.family.packaging import card_exports, package
from escalade.family.trainings.alone import RetrainJob
from escalade.family.trainings.kept import pack
from escalade.family.trainings.making import Workplace
from escalade.family.trainings.tuned import TuneJob, tuning_recipe
from escalade.supernet.recalibrate import fold
from escalade.train.interrupt import Interrupted
from escalade.train.runtime import Runtime

RECIPE = Recipe(steps=120, batch_size=32, learning_rate=0.1, padding=0, flip=False)
# Between two layers a channel is so much larger, which changes nothing in fp32: little is left of
# the levels for the others.
OUTLIER = 100
BLOCKS = (
    Block(kind="dsconv", expansion=1.0, width=8, activation="relu6"),
    Block(expansion=2.0, width=12, stride=2, activation="relu6"),
    Block(expansion=2.0, width=16, activation="relu6"),
)
NETWORK = Architecture(
    name="plain",
    resolution=16,
    in_channels=1,
    num_classes=3,
    stem=Stem(width=8, activation="relu6"),
    stages=tuple(Stage(blocks=(block,)) for block in BLOCKS),
    head=Head(width=24, activation="relu6"),
)


def faint(num, seed):
    """Noise with a patch that is little brighter, whose place is the class."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 3, num)
    images = rng.integers(0, 120, (num, 1, 16, 16))
    for image, label in zip(images, labels, strict=True):
        image[0, 4 * label : 4 * label + 5, 3:13] += 25
    return Split(torch.from_numpy(images.astype(np.uint8)), torch.from_numpy(labels))


DATA = replace(patches(), train=faint(400, 0), search=faint(400, 1))


def batches(split):
    images = prepare(split.images, resolution=16, mean=DATA.mean, std=DATA.std)
    return list(zip(images.split(64), split.labels.split(64), strict=True))


CALIBRATION = [images for images, _ in batches(DATA.train)][:4]
SEARCH = batches(DATA.search)


def place(**more):
    return Workplace(
        data=DATA,
        runtime=Runtime(device="cpu", threads=1, is_alone=True),
        settings=EvaluationSettings.of(EvaluationConfig(recalibration_images=128), num_train=400),
        **more,
    )


@pytest.fixture(scope="module")
def lossy(tmp_path_factory):
    """A trained member with an outlier, as a package with its ONNX file; not to be changed."""
    folder = tmp_path_factory.mktemp("lossy")
    job = RetrainJob(
        name="S0", architecture=NETWORK, recipe=RECIPE, seed=0, folder=folder / "training"
    )
    state = job.make(place()).state
    for name in ("blocks.1.0.bn3.weight", "blocks.1.0.bn3.bias"):
        state[name][0] *= OUTLIER
    state["blocks.2.0.conv_pw.weight"][:, 0] /= OUTLIER
    package.write(folder / "S0", package=pack(NETWORK, DATA), state=state)
    export_member(folder / "S0", images=SEARCH[0][0][:9], program=False)
    return folder / "S0"


def job_of(member, folder):
    recipe = tuning_recipe(replace(RECIPE, steps=600), num_train=400)
    return TuneJob(name="S0-int8", recipe=recipe, seed=0, folder=folder, member=member)


def content(member, network):
    facts = onnx_facts(package.read(member))
    return onnx_content(trace(network, CALIBRATION[0]), facts=facts)


def files(folder, member):
    """A copy of the member's folder."""
    return shutil.copytree(member, folder)


def test_what_a_layer_reads_and_its_weights_are_rounded():
    torch.manual_seed(0)
    layer = nn.Linear(4, 2)
    low, high = torch.tensor(-1.0), torch.tensor(4.1)
    x = torch.tensor([[0.031, -0.5, 3.999, 9.0]], requires_grad=True)
    found = Rounded(layer, low=low, high=high)(x)
    found.sum().backward()
    step = 5.1 / 255  # in steps from the least: 0 is the 50th
    read = (np.clip(np.rint(x.detach().numpy() / step) + 50, 0, 255) - 50) * step
    weight = layer.weight.detach().numpy()
    largest = np.abs(weight).max(axis=1, keepdims=True) / 64
    rounded = np.rint(weight / largest) * largest
    wanted = read @ rounded.T + layer.bias.detach().numpy()
    np.testing.assert_allclose(found.detach().numpy(), wanted, rtol=1e-5)
    passes = np.array([1, 1, 1, 0])  # what is beyond the range no longer matters
    np.testing.assert_allclose(x.grad.numpy()[0], rounded.sum(axis=0) * passes, rtol=1e-5)
    np.testing.assert_allclose(layer.weight.grad.numpy(), np.repeat(read, 2, axis=0), rtol=1e-5)


@pytest.mark.parametrize("activation", ["relu6", "hard_swish"])
def test_a_network_is_rounded_and_is_itself_again(activation):
    se = SqueezeExcite() if activation == "hard_swish" else None
    blocks = tuple(replace(block, activation=activation, se=se) for block in BLOCKS)
    network = trained(replace(NETWORK, stages=tuple(Stage(blocks=(block,)) for block in blocks)))
    rounded = with_rounding(network, CALIBRATION)
    images = SEARCH[0][0]
    with torch.no_grad():
        exact, made = network(images), rounded(images)
        plain = without_rounding(rounded)(images)
        torch.testing.assert_close(plain, exact, rtol=1e-4, atol=1e-4)
    assert {type(m) for m in rounded.modules()} == {type(m) for m in fold(network).modules()}
    error = float((made - exact).norm() / exact.norm())
    assert 1e-3 < error < 0.3


def test_the_file_rounds_no_more_than_that(tmp_path):
    """Also on processors that add products in 16 bits, where weights and pixels are all large."""
    network = trained(NETWORK)
    nn.init.uniform_(network.conv_stem.weight, 0.09, 0.1)
    package.write(tmp_path, package=packaged(NETWORK), state=network.state_dict())
    export_member(tmp_path, images=SEARCH[0][0][:9], program=False)
    quantise(tmp_path, calibration=CALIBRATION, search=SEARCH)
    images = SEARCH[0][0]
    found = onnx_session((tmp_path / INT8_FILE).read_bytes())(images)
    with torch.no_grad():
        exact, rounded = network(images), with_rounding(network, CALIBRATION)(images)
    assert 0 < (found - exact).norm() < 2 * (rounded - exact).norm()


def test_what_is_lost_comes_back(lossy, tmp_path):
    folder, before = files(tmp_path / "S0", lossy), (lossy / "model.safetensors").read_bytes()
    job = job_of(lossy, tmp_path / "training")

    def tune():
        return content(lossy, job.make(place(), calibration=CALIBRATION))

    found = quantise(folder, calibration=CALIBRATION, search=SEARCH, tune=tune)
    assert found.fp32 > 0.98
    assert found.before < found.fp32 - 0.1
    assert found.int8 == found.after > found.before + 0.1
    session = onnx_session((folder / INT8_FILE).read_bytes())
    right = sum(int((session(images).argmax(1) == labels).sum()) for images, labels in SEARCH)
    assert right / len(DATA.search) == found.int8
    graph = onnx.load(folder / INT8_FILE).graph
    assert {"QuantizeLinear", "DequantizeLinear"} <= {node.op_type for node in graph.node}
    # The member itself and its fp32 file are what they were.
    assert (lossy / "model.safetensors").read_bytes() == before
    assert (folder / "model.onnx").read_bytes() == (lossy / "model.onnx").read_bytes()


def test_a_kill_on_the_way_ends_in_the_same_bits(lossy, tmp_path):
    straight = job_of(lossy, tmp_path / "straight").make(place(), calibration=CALIBRATION)
    job, asked = job_of(lossy, tmp_path / "killed"), iter(range(1000))
    with pytest.raises(Interrupted):
        job.make(place(should_stop=lambda: next(asked) > 7), calibration=CALIBRATION)
    resumed = job.make(place(), calibration=CALIBRATION)
    again = job.make(place(), calibration=CALIBRATION)  # which only reads what was made
    for other in (resumed, again):
        for name, tensor in straight.state_dict().items():
            assert torch.equal(tensor, other.state_dict()[name]), name
    assert not any(isinstance(module, Rounded) for module in straight.modules())


def test_what_is_not_better_is_not_kept(lossy, tmp_path):
    folder = files(tmp_path / "S0", lossy)
    alone = quantise(folder, calibration=CALIBRATION, search=SEARCH)
    static = (folder / INT8_FILE).read_bytes()
    spoilt = package.load_network(lossy)
    for parameter in spoilt.parameters():
        parameter.data.zero_()
    worse = content(lossy, spoilt)
    for tune in (lambda: worse, lambda: None):
        found = quantise(folder, calibration=CALIBRATION, search=SEARCH, tune=tune)
        assert (found.int8, found.before) == (alone.int8, alone.int8)
        assert (folder / INT8_FILE).read_bytes() == static
        assert found.after is None or found.after < found.before


def test_where_little_is_lost_nothing_is_trained(tmp_path):
    network = trained(NETWORK)
    with torch.no_grad():
        network.classifier.bias[0] += 100
    package.write(tmp_path, package=packaged(NETWORK), state=network.state_dict())
    export_member(tmp_path, images=SEARCH[0][0][:9], program=False)
    search = [(images, torch.zeros_like(labels)) for images, labels in SEARCH]
    found = quantise(
        tmp_path, calibration=CALIBRATION, search=search, tune=lambda: pytest.fail("trained")
    )
    assert (found.fp32, found.int8, found.before, found.after) == (1.0, 1.0, None, None)


def test_it_is_a_sixth_of_a_training_at_most_200_steps_in_small_ones():
    usual = Recipe(epochs=30, batch_size=64, learning_rate=0.5, drop_rate=0.2, clip_grad_norm=5.0)
    made = tuning_recipe(usual, num_train=640)
    assert (made.steps, made.epochs, made.drop_rate) == (50, None, 0.0)
    assert (made.learning_rate, made.clip_grad_norm) == (0.005, 0.3)
    assert tuning_recipe(replace(usual, epochs=300), num_train=640).steps == 200
    assert tuning_recipe(replace(usual, clip_grad_norm=0.1), num_train=640).clip_grad_norm == 0.1


@pytest.mark.parametrize(
    ("tuning", "words"),
    [
        (None, "`escalade quantise RUN --tune` may get some of it back"),
        (Tuning(num_steps=50, before=0.7, after=0.75),
         "50 steps of training with the rounding in place brought it from 70.00 % to 75.00 % "
         "(kept)"),
        (Tuning(num_steps=50, before=0.75, after=0.7), "from 75.00 % to 70.00 % (not kept)"),
        (Tuning(num_steps=50, before=0.75, after=None), "were tried, and diverged"),
    ],
)  # fmt: skip
def test_the_card_says_what_it_was_worth(tuning, words):
    times = Quartiles(median=1e-3, low=1e-3, high=1e-3)
    member = QuantisedMember(
        calibration="entropy", num_calibration=96, num_images=96, fp32=0.8, int8=0.75,
        fp32_latency=times, int8_latency=times, layers=(CostlyLayer(name="a", share=0.5),),
        tuning=tuning,
    )  # fmt: skip
    told = card_exports.in_words(member, words=SCORE_WORDS["classification"])
    assert words in told
    assert ("--tune" in told) == (tuning is None) == member.wants_tuning


def test_the_setting_goes_with_int8():
    with pytest.raises(Invalid, match=r"export\.int8_tune: it tunes model\.int8\.onnx"):
        resolve({"data": "demo", "export": {"int8_tune": True}})
