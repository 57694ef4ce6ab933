"""A choice space's file: every error names the path inside it."""

from __future__ import annotations

from copy import deepcopy

import pytest
import yaml

from escalade.core.network.block import SqueezeExcite
from escalade.core.space.choice_list import IDENTITY, BlockChoice, ChoiceStage, FirstBlock
from escalade.core.space.layouts import parse, to_json

TEXT = """
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


def changed(path, value):
    data = deepcopy(yaml.safe_load(TEXT))
    *way, last = path
    place = data
    for step in way:
        place = place[step]
    if value is ...:
        del place[last]
    elif value == "+":
        place[last].append(deepcopy(place[last][0]))
    else:
        place[last] = value
    return data


def test_a_space_is_read():
    space = parse(yaml.safe_load(TEXT))
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
    data = changed(["choices"], ["identity", {"expansion": 2, "kernel": 3}])
    assert parse(data).identities == {0}
    data = changed(["choices", 2], {"expansion": 2, "kernel": 7})
    assert parse(data).identities == frozenset()
    data["stages"][1]["width"] = 8  # nothing is left out, so widths may fall
    assert parse(data).stages[1].width == 8


@pytest.mark.parametrize(
    "change",
    [
        (["se"], {"ratio": 0.5, "of": "input", "gate": "sigmoid", "activation": "swish"}),
        (["folds"], True),
        (["identity"], "plain"),
    ],
)
def test_round_trip(change):
    space = parse(changed(*change))
    assert parse(to_json(space)) == space != parse(yaml.safe_load(TEXT))


@pytest.mark.parametrize(
    ("path", "value", "words"),
    [
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
        (["choices"], "+", "file.choices[3]: the same as choices[0]; leave one out"),
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
        (["choices", 1, "expansion"], 0, "file.choices[1].expansion: expected a positive number"),
        (
            ["choices", 1, "se"],
            {"ratio": 1},
            "file.choices[1].se: expected true or false, got {'ratio': 1}",
        ),
        (["se"], {"ratios": 1}, "file.se.ratios: no such setting; did you mean ratio?"),
        (["se"], {"ratio": 2}, "file.se.ratio: 2.0 is outside (0, 1]"),
        (["se"], {"ratio": 0.01}, "file.se.ratio: 0.01 of 40 channels is none; use 0.025 or more"),
        (["se"], {"ratio": 0.05, "of": "input"}, "file.se.ratio: 0.05 of 8 channels is none; use"),
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
)
def test_errors_name_the_path(path, value, words):
    with pytest.raises(ValueError) as caught:
        parse(changed(path, value), where="file")
    assert words in str(caught.value)
    assert str(caught.value).startswith("file.")
    assert len(str(caught.value).splitlines()) == 1


def test_identities_that_all_fold_have_no_relu():
    data = changed(["folds"], True) | {"identity": "let_relu"}
    with pytest.raises(ValueError) as caught:
        parse(data, where="file")
    assert str(caught.value).startswith("file.identity: let_relu puts a ReLU where identities are")
    assert "or folds: false" in str(caught.value)
    assert parse(data | {"folds": False}).identity == "let_relu"
    assert parse(data | {"identity": "plain"}).folds
