"""Known architectures against torchvision's and timm's own models, and against published tables."""

from __future__ import annotations

import json
from dataclasses import replace

import others_models as others
import pytest

from escalade.core.network import cost
from escalade.nets.build import blank
from escalade.spaces import known

# torchvision's parameter counts; where it has no such model, timm's.
PARAMS = {
    "efficientnet_b0": 5_288_548,
    "efficientnet_b1": 7_794_184,
    "efficientnet_b2": 9_109_994,
    "efficientnet_b3": 12_233_232,
    "efficientnet_b4": 19_341_616,
    "efficientnet_b5": 30_389_784,
    "efficientnet_b6": 43_040_704,
    "efficientnet_b7": 66_347_960,
    "regnet_x_200mf": 2_684_792,
    "regnet_x_400mf": 5_157_512,
    "regnet_x_600mf": 6_196_040,
    "regnet_x_800mf": 7_259_656,
    "regnet_x_1_6gf": 9_190_136,
    "regnet_x_3_2gf": 15_296_552,
    "regnet_x_4gf": 22_118_248,
    "regnet_x_6_4gf": 26_209_256,
    "regnet_x_8gf": 39_572_648,
    "regnet_x_12gf": 46_106_056,
    "regnet_x_16gf": 54_278_536,
    "regnet_x_32gf": 107_811_560,
    "regnet_y_200mf": 3_162_996,
    "regnet_y_400mf": 4_344_144,
    "regnet_y_600mf": 6_055_160,
    "regnet_y_800mf": 6_263_168,
    "regnet_y_1_6gf": 11_202_430,
    "regnet_y_3_2gf": 19_436_338,
    "regnet_y_4gf": 20_646_656,
    "regnet_y_6_4gf": 30_583_252,
    "regnet_y_8gf": 39_180_068,
    "regnet_y_12gf": 51_822_544,
    "regnet_y_16gf": 83_590_140,
    "regnet_y_32gf": 145_046_770,
    "regnet_z_500mf": 7_092_550,
    "regnet_z_4gf": 28_118_800,
    "resnet50": 25_557_032,
    "resnext50_32x4d": 25_028_904,
    "mobilenet_v2": 3_504_872,
    "mobilenet_v3_large": 5_483_032,
    "bignas_659m": 6_693_484,
    "scarlet_a": 6_707_720,
    "scarlet_b": 6_531_556,
    "scarlet_c": 6_073_684,
    "efficientnet_lite0": 4_652_008,
    "efficientnet_lite1": 5_416_680,
    "efficientnet_lite2": 6_092_072,
    "efficientnet_lite3": 8_197_096,
    "efficientnet_lite4": 13_006_568,
    "tinynet_a": 6_187_972,
    "tinynet_b": 3_730_562,
    "tinynet_c": 2_457_234,
    "tinynet_d": 2_338_446,
    "tinynet_e": 2_042_972,
    "mnasnet_100": 4_383_312,
    "mobilenetv3_small_100": 2_542_856,
    "mobilenetv3_small_075": 2_041_872,
    "mobilenetv3_small_050": 1_593_224,
    "efficientnetv2_s": 21_458_488,
    "mobilenetv4_conv_small": 3_774_024,
    "mobilenetv4_conv_medium": 9_715_512,
}
# No library has them: tests/core/test_transition.py and space/test_choice_list.py hold them to
# the papers' figures.
ALONE = ("bignas_659m", "scarlet_a", "scarlet_b", "scarlet_c")
# torchvision rounds widths that do not fit the group width by a rule of its own, so that these
# are not the published networks (its parameter counts). timm's are.
TORCHVISIONS_OWN = {
    "regnet_x_400mf": 5_495_976,
    "regnet_y_800mf": 6_432_512,
    "regnet_y_8gf": 39_381_472,
}
# flops (B), params (M), activations (M): the model zoo of the RegNet paper
MODEL_ZOO = {
    "regnet_x_200mf": ("0.2", "2.7", "2.2"),
    "regnet_x_400mf": ("0.4", "5.2", "3.1"),
    "regnet_x_600mf": ("0.6", "6.2", "4.0"),
    "regnet_x_800mf": ("0.8", "7.3", "5.1"),
    "regnet_x_1_6gf": ("1.6", "9.2", "7.9"),
    "regnet_x_3_2gf": ("3.2", "15.3", "11.4"),
    "regnet_x_4gf": ("4.0", "22.1", "12.2"),
    "regnet_x_6_4gf": ("6.5", "26.2", "16.4"),
    "regnet_x_8gf": ("8.0", "39.6", "14.1"),
    "regnet_x_12gf": ("12.1", "46.1", "21.4"),
    "regnet_x_16gf": ("15.9", "54.3", "25.5"),
    "regnet_x_32gf": ("31.7", "107.8", "36.3"),
    "regnet_y_200mf": ("0.2", "3.2", "2.2"),
    "regnet_y_400mf": ("0.4", "4.3", "3.9"),
    "regnet_y_600mf": ("0.6", "6.1", "4.3"),
    "regnet_y_800mf": ("0.8", "6.3", "5.2"),
    "regnet_y_1_6gf": ("1.6", "11.2", "8.0"),
    "regnet_y_3_2gf": ("3.2", "19.4", "11.3"),
    "regnet_y_4gf": ("4.0", "20.6", "12.3"),
    "regnet_y_6_4gf": ("6.4", "30.6", "16.4"),
    "regnet_y_8gf": ("8.0", "39.2", "18.0"),
    "regnet_y_12gf": ("12.1", "51.8", "21.4"),
    "regnet_y_16gf": ("15.9", "83.6", "23.0"),
    "regnet_y_32gf": ("32.3", "145.0", "30.3"),
}
TRACED_WHOLE = (
    *("efficientnet_b0", "efficientnet_b3", "efficientnet_lite0", "efficientnetv2_s", "tinynet_a"),
    *("regnet_x_200mf", "regnet_y_200mf", "regnet_z_500mf", "resnet50", "resnext50_32x4d"),
    *("mobilenet_v2", "mobilenet_v3_large", "mobilenetv4_conv_small", "mnasnet_100"),
)
RESOLUTIONS = (224, 240, 260, 300, 380, 456, 528, 600)


def test_every_known_architecture_is_tested():
    assert list(PARAMS) == known.names()


@pytest.mark.parametrize("name", PARAMS)
def test_params_are_the_known(name):
    architecture = known.load(name)
    assert cost.of(architecture).params == PARAMS[name]
    assert architecture.name == name
    assert (architecture.in_channels, architecture.num_classes) == (3, 1000)


@pytest.mark.parametrize("name", PARAMS)
def test_params_are_the_built_networks(name):
    network = blank(known.load(name))
    assert sum(parameter.numel() for parameter in network.parameters()) == PARAMS[name]


def slow_if(slow, name):
    return pytest.param(name, marks=[pytest.mark.slow] if slow else [])


@pytest.mark.parametrize(
    "name",
    [
        slow_if(PARAMS[n] > 8e6, n)
        for n in PARAMS
        if n not in ALONE and (n in TORCHVISIONS_OWN or not others.has_torchvision(n))
    ],
)
def test_costs_are_timms(name):
    """Of the networks that torchvision has not, or has in another form."""
    check_costs(name, others.timm_model(name))


@pytest.mark.parametrize(
    "name",
    [slow_if(PARAMS[n] > 8e6, n) for n in PARAMS if others.has_torchvision(n)],
)
def test_costs_are_torchvisions(name):
    model = others.torchvision_model(name)
    if name in TORCHVISIONS_OWN:
        assert others.num_params(model) == TORCHVISIONS_OWN[name] != PARAMS[name]
    else:
        check_costs(name, model)


def check_costs(name, model):
    """Macs at the full resolution; activations where tracing is quick, at an odd one.

    Macs have the sides of all layers in them, so that activations need not be traced at full size.
    """
    architecture = known.load(name)
    found = cost.of(architecture)
    assert others.num_params(model) == found.params
    odd = max(33, architecture.resolution // 4 + 1)
    check_activations(replace(architecture, resolution=odd), model)
    assert others.flop_counter_macs(model, architecture.resolution) == found.macs


@pytest.mark.slow
@pytest.mark.parametrize("name", TRACED_WHOLE)
def test_activations_at_full_resolution(name):
    """One network of each kind: of all of them the macs have the sides in them."""
    check_activations(known.load(name), others.timm_model(name))


def check_activations(architecture, model):
    """fvcore does not count the stem's max pool, which published figures do."""
    side = architecture.resolution
    pool = sum(layer.activations for layer in cost.layers(architecture) if "pool" in layer.name)
    assert (pool > 0) == architecture.name.startswith("res")
    assert others.fvcore_activations(model, side) == cost.of(architecture).activations - pool


@pytest.mark.parametrize("name", MODEL_ZOO)
def test_regnets_are_the_published(name):
    found = cost.of(known.load(name))
    amounts = (found.macs / 1e9, found.params / 1e6, found.activations / 1e6)
    assert tuple(f"{amount:.1f}" for amount in amounts) == MODEL_ZOO[name]


def test_resolutions():
    found = tuple(known.load(f"efficientnet_b{i}").resolution for i in range(8))
    assert found == RESOLUTIONS
    named = [n for n in PARAMS if not n.startswith(("efficientnet", "tinynet"))]
    others_at = {known.load(n).resolution for n in named}
    assert others_at == {224, 256}
    assert known.load("regnet_z_4gf").resolution == 256


@pytest.mark.parametrize("name", PARAMS)
def test_json_round_trip(name):
    architecture = known.load(name)
    text = json.dumps(architecture.to_json())
    assert type(architecture).from_json(json.loads(text)) == architecture


def test_an_architecture_file(tmp_path):
    path = tmp_path / "mine.json"
    path.write_text(json.dumps(known.load("efficientnet_b1").renamed("mine").to_json()))
    assert known.load(str(path)) == known.load("efficientnet_b1").renamed("mine")


def test_the_folder_of_a_member(tmp_path):
    mine = known.load("scarlet_c").renamed("S1")
    config = {"architecture": "escalade_net", "model_args": {"architecture_json": mine.to_json()}}
    (tmp_path / "config.json").write_text(json.dumps(config))
    assert known.load(str(tmp_path)) == mine


@pytest.mark.parametrize("content", ["[]", "{}", '{"model_args": {"width": 1}}'])
def test_folders_of_other_models(tmp_path, content):
    (tmp_path / "config.json").write_text(content)
    with pytest.raises(ValueError, match="not the configuration of a family's member"):
        known.load(str(tmp_path))


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


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("efficientnet_b77", "efficientnet_b7"),
        ("EfficientNet-B0", "efficientnet_b0"),
        ("RegNetY-4GF", "regnet_y_4gf"),
        ("resnet-50", "resnet50"),
        ("resnext50", "resnext50_32x4d"),
        ("mobilenetv3_large", "mobilenet_v3_large"),
    ],
)
def test_unknown_names(name, meant):
    with pytest.raises(ValueError, match=rf"did you mean {meant}\?"):
        known.load(name)


def test_names_near_to_none():
    with pytest.raises(ValueError, match="cost --list"):
        known.load("xyz")
