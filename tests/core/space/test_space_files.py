"""Files of spaces: what they hold, and that every error names the path inside them."""

from __future__ import annotations

from copy import deepcopy

import pytest
import yaml

from escalade.core.network.block import SqueezeExcite
from escalade.core.space.choice_list import IDENTITY, BlockChoice, ChoiceStage, FirstBlock
from escalade.core.space.layouts import parse, to_json
from escalade.spaces.load import read

STAGED = """
format: 1
name: mine
resolutions: [24, 32]
stem: {widths: [8, 16]}
stages:
  - {depth: 1, widths: [16], expansions: [1], kind: dsconv, se: {ratio: 0.25}}
  - {depth: [1, 3], widths: [24, 32], expansions: [3, 6], stride: 2}
head: {width: 64}
scaling:
  - {depth: [1.0], width: [1.0], resolution: [1]}
  - {depth: [1.5], width: [1.25], resolution: [40/32]}
"""

LAYERS = """
format: 1
kind: layers
name: mine
resolutions: [24, 32]
selection_step: 4
stem: {widths: [8, 16]}
stages:
  - {depth: 1, widths: [16], expansions: [1], kernels: [3], kind: dsconv, se: {ratio: 0.25}}
  - {depth: [1, 3], widths: [24, 32], expansions: [3, 6], stride: 2, transition: true}
head: {widths: [64, 72], activation: relu}
"""

CHOICES = """
format: 1
kind: choices
name: mine
resolution: 32
stem: {width: 16}
first: {width: 8}
choices:
  - {expansion: 3, kernel: 3}
  - {expansion: 4.5, kernel: 5, se: true}
  - identity
stages:
  - {depth: 2, width: 16, stride: 2}
  - {depth: 3, width: 24}
head: {width: 64, activation: relu}
"""

DATA = {
    "staged": yaml.safe_load(STAGED),
    "layers": yaml.safe_load(LAYERS),
    "choices": yaml.safe_load(CHOICES),
    "regnet": to_json(read("regnet_y")),
}


def changed(kind, path, value):
    """A file with a value in the place of another; ... takes it out."""
    data = deepcopy(DATA[kind])
    *way, last = path
    place = data
    for step in way:
        place = place[step]
    if value is ...:
        del place[last]
    else:
        place[last] = value
    return data


def test_a_staged_space_is_read():
    space = parse(DATA["staged"])
    assert space.name == "mine"
    assert space.stages[0].depth == (1, 1)
    assert space.stages[0].se is not None
    assert space.stages[1].kernels == (3, 5, 7)
    assert space.scaling[1].resolution == (1.25,)
    assert (space.width_divisor, space.in_channels, space.grid) == (8, 3, None)


def test_a_space_of_layers_is_read():
    space = parse(DATA["layers"])
    assert (space.name, space.resolutions, space.selection_step) == ("mine", (24, 32), 4)
    assert (space.width_divisor, space.in_channels, space.num_classes) == (8, 3, 1000)
    first, second = space.stages
    assert (first.depth, first.transition, first.se is None) == ((1, 1), False, False)
    assert (second.kernels, second.transition) == ((3, 5), True)
    assert (space.head.widths, space.head.activation) == ((64, 72), "relu")


def test_a_space_of_choices_is_read():
    space = parse(DATA["choices"])
    assert (space.name, space.resolution, len(space.genes)) == ("mine", 32, 5)
    assert (space.width_divisor, space.in_channels, space.num_classes) == (8, 3, 1000)
    assert space.choices == (
        BlockChoice(expansion=3.0, kernel=3),
        BlockChoice(expansion=4.5, kernel=5, se=True),
        IDENTITY,
    )
    assert (space.identities, space.identity, space.folds) == ({2}, "let", False)
    assert space.stages == (
        ChoiceStage(depth=2, width=16, stride=2),
        ChoiceStage(depth=3, width=24, stride=1),
    )
    assert space.first == FirstBlock(width=8, kernel=3, stride=1, activation="relu6")
    assert (space.se, space.activation) == (SqueezeExcite(), "hard_swish")
    assert (space.head.width, space.head.activation) == (64, "relu")


def test_an_identity_may_stand_anywhere_or_nowhere():
    data = changed("choices", ["choices"], ["identity", {"expansion": 2, "kernel": 3}])
    assert parse(data).identities == {0}
    data = changed("choices", ["choices", 2], {"expansion": 2, "kernel": 7})
    assert parse(data).identities == frozenset()
    data["stages"][1]["width"] = 8  # nothing is left out, so widths may fall
    assert parse(data).stages[1].width == 8


@pytest.mark.parametrize(
    ("kind", "path", "value"),
    [
        ("layers", ["selection_step"], 2),
        (
            "choices",
            ["se"],
            {"ratio": 0.5, "of": "input", "gate": "sigmoid", "activation": "swish"},
        ),
        ("choices", ["folds"], True),
        ("choices", ["identity"], "plain"),
    ],
)
def test_round_trip(kind, path, value):
    space = parse(changed(kind, path, value))
    assert parse(to_json(space)) == space != parse(DATA[kind])


WRONG = {
    "staged": [
        (["format"], ..., "file.format: null is not known; write format: 1"),
        (["format"], 2, "file.format: 2"),
        (["name"], ..., "file.name: missing"),
        (["name"], 3, "file.name: expected a text, got 3"),
        (
            ["resolutoins"],
            [3],
            "file.resolutoins: no such setting; did you mean resolutions?",
        ),
        (["resolutions"], [], "file.resolutions: expected a list"),
        (["resolutions"], ["big"], "file.resolutions: expected a number, got 'big'"),
        (["resolutions"], [24.5], "file.resolutions: expected a positive whole number, got 24.5"),
        (["resolutions"], [-24], "file.resolutions: expected a positive whole number, got -24"),
        (["resolutions"], [True], "file.resolutions: expected a number, got true"),
        (["resolutions"], [10**400], "0... is too large; use 1,000,000 or less"),
        (["shared_kernels"], 1, "file.shared_kernels: expected true or false, got 1"),
        (["stem"], ..., "file.stem: missing"),
        (["stem", "width"], 3, "file.stem.width: no such setting; did you mean widths?"),
        (["stem", "activation"], "gelu", "file.stem.activation: 'gelu' is not known"),
        (["stem", "kernel"], 4, "file.stem.kernel: 4"),
        (["stem", "widths"], [10], "file.stem.widths: 10 is not a multiple of width_divisor 8"),
        (["head"], {}, "file.head.width: missing"),
        (["head", "activation"], "gelu", "file.head.activation: 'gelu' is not known"),
        (["stages"], [], "file.stages: expected a list"),
        (["stages", 1], 7, "file.stages[1]: expected a mapping, got 7"),
        (
            ["stages", 1, "depths"],
            3,
            "file.stages[1].depths: no such setting; did you mean depth?",
        ),
        (["stages", 1, "depth"], [3, 1], "file.stages[1].depth: expected [least, most]"),
        (["stages", 1, "depth"], [1, 2, 3], "file.stages[1].depth: expected [least, most]"),
        (["stages", 1, "depth"], 0, "file.stages[1].depth: expected a positive whole number"),
        (
            ["stages", 1, "depth"],
            [1, 10**9],
            "file.stages[1].depth: 1000000000 is too large; use 1",
        ),
        (
            ["stages", 1, "expansions"],
            [2_000],
            "file.stages[1].expansions: 2000 is outside (0, 1,0",
        ),
        (["stages", 1, "widths"], ..., "file.stages[1].widths: missing"),
        (["stages", 1, "widths"], [30], "file.stages[1].widths: 30 is not a multiple"),
        (["stages", 1, "kernels"], [3, 4], "file.stages[1].kernels: 4 is not odd"),
        (["stages", 1, "stride"], 3, "file.stages[1].stride: 3 is neither 1 nor 2"),
        (["stages", 1, "widths"], [32, 32], "file.stages[1].widths: 32 is listed twice"),
        (["stages", 0, "expansions"], [6], "file.stages[0].expansions: dsconv does not expand"),
        (["stages", 0, "se", "ratio"], 2, "file.stages[0].se.ratio: 2.0 is outside (0, 1]"),
        (
            ["stages", 0, "se", "ratio"],
            0.05,
            "file.stages[0].se.ratio: 0.05 of 8 channels is below 1",
        ),
        (["stages", 1, "se"], {"ratio": 0.01}, "0.01 of 48 channels is below 1; use 0.021 or more"),
        (["stages", 1, "se"], {"ratio": 0.02, "of": "input"}, "0.02 of 16 channels is below 1"),
        (["resolutions"], [3], "file.resolutions: 3 is too small for strides whose product is 4"),
        (
            ["stages", 1, "kind"],
            "cnv",
            "file.stages[1].kind: 'cnv' is not known; did you mean conv",
        ),
        (["stages", 1, "activation"], "gelu", "file.stages[1].activation: 'gelu'"),
        (["stages", 0, "se", "ratios"], 1, "file.stages[0].se.ratios: no such setting"),
        (["stages", 0, "se", "of"], "all", "file.stages[0].se.of: 'all' is not known"),
        (["scaling"], [], "file: give either scaling (a list of stages) or grid"),
        (["scaling", 1, "width"], ..., "file.scaling[1].width: missing"),
        (["scaling", 1, "width"], ["1/0"], "file.scaling[1].width: expected a number"),
        (["scaling", 0, "width"], [1.1], "file.scaling[0]: stage 0 is the base network"),
        (["scaling"], 3, "file.scaling: expected a list"),
    ],
    "layers": [
        (["format"], 2, "file.format: 2 is not known; write format: 1"),
        (
            ["kind"],
            "layer",
            "file.kind: 'layer' is not known; write kind: regnet, layers or choices",
        ),
        (["name"], ..., "file.name: missing"),
        (["resolution"], [3], "file.resolution: no such setting; did you mean resolutions?"),
        (["resolutions"], [], "file.resolutions: expected a list"),
        (["resolutions"], [32, 24], "file.resolutions: 32 stands before 24; list them from small"),
        (["resolutions"], [24, 24], "file.resolutions: 24 is listed twice"),
        (["resolutions"], [3], "file.resolutions: 3 is too small for strides whose product is 4"),
        (["resolutions"], [3, 24], "product is 4; use 4 or more, or fewer strides of 2"),
        (["selection_step"], 0, "file.selection_step: expected a positive whole number, got 0"),
        (["stem"], ..., "file.stem: missing"),
        (["stem", "kernel"], 4, "file.stem.kernel: 4 is not odd"),
        (["stem", "widths"], [10], "file.stem.widths: 10 is not a multiple of width_divisor 8"),
        (["stem", "widths"], [16, 8], "file.stem.widths: 16 stands before 8; list them from small"),
        (["head", "width"], 64, "file.head.width: no such setting; did you mean widths?"),
        (["head", "widths"], [72, 64], "file.head.widths: 72 stands before 64"),
        (["head", "activation"], "gelu", "file.head.activation: 'gelu' is not known"),
        (["stages"], 3, "file.stages: expected a list"),
        (["stages", 1], 7, "file.stages[1]: expected a mapping, got 7"),
        (["stages", 1, "depth"], [3, 1], "file.stages[1].depth: expected [least, most] with 1 <="),
        (["stages", 1, "widths"], [32, 24], "file.stages[1].widths: 32 stands before 24"),
        (["stages", 1, "widths"], [30], "file.stages[1].widths: 30 is not a multiple"),
        (["stages", 1, "expansions"], [6, 3], "file.stages[1].expansions: 6 stands before 3"),
        (["stages", 1, "kernels"], [5, 3], "file.stages[1].kernels: 5 stands before 3"),
        (["stages", 1, "kernels"], [3, 3], "file.stages[1].kernels: 3 is listed twice"),
        (["stages", 1, "kernels"], [3, 4], "file.stages[1].kernels: 4 is not odd; a smaller"),
        (["stages", 1, "stride"], 3, "file.stages[1].stride: 3 is neither 1 nor 2"),
        (
            ["stages", 1, "transition"],
            1,
            "file.stages[1].transition: expected true or false, got 1",
        ),
        (["stages", 1, "kind"], "cnv", "file.stages[1].kind: 'cnv' is not known"),
        (["stages", 0, "expansions"], [6], "file.stages[0].expansions: dsconv does not expand"),
        (["stages", 0, "se", "ratio"], 2, "file.stages[0].se.ratio: 2.0 is outside (0, 1]"),
        (["stages", 1, "se"], {"ratio": 0.002}, "file.stages[1].se.ratio: 0.002 of "),
        (["stages", 0, "se", "ratios"], 1, "file.stages[0].se.ratios: no such setting"),
        (["scaling"], [], "file.scaling: no such setting"),
    ],
    "choices": [
        (["format"], 2, "file.format: 2 is not known; write format: 1"),
        (
            ["kind"],
            "choice",
            "file.kind: 'choice' is not known; write kind: regnet, layers or choices",
        ),
        (["name"], ..., "file.name: missing"),
        (
            ["resolutions"],
            [3],
            "file.resolutions: no such setting; did you mean resolution?",
        ),
        (["resolution"], [28, 32], "file.resolution: expected a number, got [28, 32]"),
        (["resolution"], 3, "file.resolution: 3 is too small for strides whose product is 4; use"),
        (["resolution"], 0, "file.resolution: expected a positive whole number, got 0"),
        (["stem"], ..., "file.stem: missing"),
        (["stem", "widths"], [8], "file.stem.widths: no such setting; did you mean width?"),
        (["stem", "width"], 12, "file.stem.width: 12 is not a multiple of width_divisor 8"),
        (["stem", "kernel"], 4, "file.stem.kernel: 4 is not odd; use 3, 5 or 7"),
        (["stem", "max_pool"], True, "file.stem.max_pool: no network of depthwise blocks has it"),
        (["stem", "activation"], "relu7", "file.stem.activation: 'relu7' is not known; did you"),
        (["first"], ..., "file.first: missing"),
        (["first", "width"], ..., "file.first.width: missing"),
        (["first", "stride"], 4, "file.first.stride: 4 is neither 1 nor 2"),
        (["first", "kernel"], 2, "file.first.kernel: 2 is not odd"),
        (["head", "width"], None, "file.head: a supernet's head is one convolution; give only"),
        (["head", "hidden"], 8, "file.head: a supernet's head is one convolution; give only width"),
        (["head", "activation"], "gelu", "file.head.activation: 'gelu' is not known"),
        (["choices"], ..., "file.choices: missing"),
        (["choices"], ["identity"], "file.choices: expected a list with at least two entries"),
        (["choices"], ["identity"] * 2, "file.choices[1]: the same as choices[0]; leave one out"),
        (["choices", 0], "identity", "file.choices[2]: the same as choices[0]; leave one out"),
        (
            ["choices", 2],
            "identiy",
            "file.choices[2]: 'identiy' is not a choice; write identity, or",
        ),
        (["choices", 2], 12, "file.choices[2]: expected a mapping, got 12"),
        (["choices", 1, "kernel"], 4, "file.choices[1].kernel: 4 is not odd; use 3, 5 or 7"),
        (["choices", 1, "kernel"], ..., "file.choices[1].kernel: missing"),
        (
            ["choices", 1, "kernels"],
            3,
            "file.choices[1].kernels: no such setting; did you mean ker",
        ),
        (["stages", 1, "depth"], 10**5, "file.stages[1].depth: 100000 is too large; use 1,000 or"),
        (["choices", 1, "expansion"], 2e3, "file.choices[1].expansion: 2000 is outside (0, 1,000]"),
        (["choices", 1, "expansion"], 0, "file.choices[1].expansion: expected a positive number"),
        (
            ["choices", 1, "se"],
            {"ratio": 1},
            "file.choices[1].se: expected true or false, got {'ratio': 1}",
        ),
        (["se"], {"ratios": 1}, "file.se.ratios: no such setting; did you mean ratio?"),
        (["se"], {"ratio": 2}, "file.se.ratio: 2.0 is outside (0, 1]"),
        (
            ["se"],
            {"ratio": 0.01},
            "file.se.ratio: 0.01 of 40 channels is below 1; use 0.025 or more",
        ),
        (
            ["se"],
            {"ratio": 0.05, "of": "input"},
            "file.se.ratio: 0.05 of 8 channels is below 1; use",
        ),
        (["se"], {"gate": "hard"}, "file.se.gate: 'hard' is not known"),
        (["se"], None, "file.se: expected a mapping, got null"),
        (["activation"], "gelu", "file.activation: 'gelu' is not known"),
        (["identity"], "skip", "file.identity: 'skip' is not known; use let, let_relu, pl"),
        (["folds"], 1, "file.folds: expected true or false, got 1"),
        (["stages"], [], "file.stages: expected a list with at least one entry"),
        (["stages", 1], 7, "file.stages[1]: expected a mapping, got 7"),
        (["stages", 1, "depth"], [1, 3], "file.stages[1].depth: expected a number, got [1, 3]"),
        (["stages", 1, "depth"], 0, "file.stages[1].depth: expected a positive whole number"),
        (["stages", 1, "stride"], 3, "file.stages[1].stride: 3 is neither 1 nor 2"),
        (["stages", 1, "width"], 30, "file.stages[1].width: 30 is not a multiple of width_div"),
        (["stages", 1, "width"], 8, "file.stages[1].width: 8 is below the width before it, 16; an"),
        (["scaling"], [], "file.scaling: no such setting"),
    ],
    "regnet": [
        (["format"], 2, "file.format: 2 is not known"),
        (["kind"], "resnet", "file.kind: 'resnet' is not known; write kind: regnet"),
        (["block"], "w", "file.block: 'w' is not known; use x, y, z"),
        (["wm"], [1, 3], "file.wm: 1.0 is not above 1"),
        (["wa"], [8], "file.wa: expected [least, most]"),
        (["w0"], [4, 64], "file.w0: 4 is not a multiple of width_divisor 8"),
        (["depth"], [9, 2], "file.depth: expected [least, most]"),
        (["resolution"], [32], "file.resolution: no such setting; did you mean resolutions?"),
        (["resolutions"], [8, 16], "file.resolutions: 16 is too small for 4 stages"),
        (["group_widths"], [8, 4], "file.group_widths: list them from small to large"),
        (["first_stride"], 3, "file.first_stride: 3 is neither 1 nor 2"),
        (["w0"], "wide", "file.w0: expected"),
    ],
}


@pytest.mark.parametrize(
    ("kind", "path", "value", "words"),
    [(kind, *each) for kind, wrong in WRONG.items() for each in wrong],
)
def test_errors_name_the_path(kind, path, value, words):
    with pytest.raises(ValueError) as caught:
        parse(changed(kind, path, value), where="file")
    message = str(caught.value)
    assert words in message
    assert message.startswith("file")
    assert len(message.splitlines()) == 1


@pytest.mark.parametrize("data", [None, [1], "text", 3])
def test_a_space_is_a_mapping(data):
    with pytest.raises(ValueError, match="file: expected a mapping"):
        parse(data, where="file")


def test_scaling_or_grid():
    grid = {"depth": [1.0, 2.0], "width": [1.0], "resolution": [1.0]}
    with pytest.raises(ValueError, match=r"either scaling .* or grid"):
        parse(changed("staged", ["grid"], grid), where="file")
    data = changed("staged", ["scaling"], ...)
    assert parse(data | {"grid": grid}).grid.depth == (1.0, 2.0)
    wrong = data | {"grid": grid | {"width": [1.5]}}
    for slack in (0.8, 1):  # none of the combinations would belong to a stage
        with pytest.raises(ValueError, match=rf"file\.grid\.slack: {slack} is not above 1"):
            parse(data | {"grid": grid | {"slack": slack}}, where="file")
    with pytest.raises(ValueError, match=r"file\.grid: stage 0 is the base network"):
        parse(wrong, where="file")


def test_identities_that_all_fold_have_no_relu():
    data = changed("choices", ["folds"], True) | {"identity": "let_relu"}
    with pytest.raises(ValueError) as caught:
        parse(data, where="file")
    assert str(caught.value).startswith("file.identity: let_relu puts a ReLU where identities are")
    assert "or folds: false" in str(caught.value)
    assert parse(data | {"folds": False}).identity == "let_relu"
    assert parse(data | {"identity": "plain"}).folds
