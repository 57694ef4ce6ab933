from __future__ import annotations

import hashlib
import json
from copy import deepcopy
from dataclasses import replace

import pytest

from escalade.core.network import kinds
from escalade.core.network.architecture import Architecture
from escalade.core.network.block import Block, Head, Stage, Stem
from escalade.core.numbers.seeds import generator
from escalade.spaces import known


def change(data, path, value):
    """The JSON with one entry set, or removed if the value is `...`."""
    changed = deepcopy(data)
    *way, last = path
    place = changed
    for step in way:
        place = place[step]
    if value is ...:
        del place[last]
    else:
        place[last] = value
    return changed


def test_json_round_trip(architecture):
    text = json.dumps(architecture.to_json())
    again = Architecture.from_json(json.loads(text))
    assert again == architecture
    assert again.key == architecture.key
    assert json.dumps(again.to_json()) == text


def test_json_round_trip_of_drawn_networks(small):
    genomes = small.sample_genomes(generator(0, "round trip"), 50)
    for row, strategy in enumerate(small.strategies(2)[:50]):
        drawn = small.path(genomes[row], strategy).architecture
        assert Architecture.from_json(drawn.to_json()) == drawn


def test_json_has_the_documented_form(architecture):
    data = architecture.to_json()
    top = "format name resolution in_channels num_classes stem stages head"
    assert " ".join(data) == top
    assert data["format"] == 1
    block = "kind kernel stride expansion width se group_width activation"
    assert " ".join(data["stages"][1]["blocks"][0]) == block
    assert data["stages"][0]["blocks"][0]["se"] is None


def test_fields_with_defaults_may_be_left_out(architecture):
    data = architecture.to_json()
    block = {"width": 20}
    read = Architecture.from_json(change(data, ["stages", 1, "blocks", 1], block))
    made = read.stages[1].blocks[1]
    assert (made.kind, made.kernel, made.expansion) == ("mbconv", 3, 6.0)


@pytest.mark.parametrize(
    ("path", "value", "words"),
    [
        (["format"], 2, "file.format: 2 is not known"),
        (["format"], ..., "file.format: null is not known"),
        (["resolution"], "big", "file.resolution: expected a whole number, got 'big'"),
        (["resolution"], 2.5, "file.resolution: expected a whole number, got 2.5"),
        (["resolution"], True, "file.resolution: expected a whole number, got true"),
        (["resolution"], ..., "file.resolution: missing"),
        (["resolution"], 1, "resolution: 1 is too small for strides whose product is 2"),
        (["name"], 3, "file.name: expected a text, got 3"),
        (["colour"], 1, "file.colour: no such setting"),
        (["stem"], ..., "file.stem: missing"),
        (["stem", "width"], 0, "stem.width: 0 is not positive"),
        (["stem", "width"], ..., "file.stem.width: missing"),
        (["stem", "kernel"], "3", "file.stem.kernel: expected a whole number"),
        (["stem", "kernel"], 4, "stem.kernel: 4"),
        (["stem", "stride"], 0, "stem.stride: 0"),
        (["stem", "activation"], "gelu", "stem.activation: 'gelu' is not known; use one of relu"),
        (["head", "width"], -1, "head.width: -1 is not positive"),
        (["stages"], [], "file.stages: expected a list"),
        (["stages", 1], 7, "file.stages[1]: expected a mapping"),
        (["stages", 1, "blocks"], [], "file.stages[1].blocks: expected a list"),
        (["stages", 1, "blocks", 0], 7, "file.stages[1].blocks[0]: expected a mapping"),
        (
            ["stages", 1, "blocks", 0, "kernl"],
            3,
            "file.stages[1].blocks[0].kernl: no such setting; did you mean kernel",
        ),
        (["stages", 1, "blocks", 0, "kernel"], 4, "stages[1].blocks[0].kernel: 4 is not odd"),
        (["stages", 1, "blocks", 0, "stride"], 3, "stages[1].blocks[0].stride: 3 is neither"),
        (["stages", 0, "depth"], 2, "file.stages[0].depth: no such setting; use blocks"),
        (["stages", 1, "blocks", 0, "expansion"], 0, "blocks[0].expansion: 0 is outside (0, 1,0"),
        (
            ["stages", 1, "blocks", 0, "expansion"],
            float("nan"),
            "blocks[0].expansion: expected a number, got nan",
        ),
        (["stages", 1, "blocks", 0, "expansion"], 1e308, "blocks[0].expansion: 1e+308 is outside"),
        (["stages", 1, "blocks", 0, "expansion"], True, "blocks[0].expansion: expected a number"),
        (["stages", 1, "blocks", 0, "kind"], "cnv", "blocks[0].kind: 'cnv' is not known"),
        (["stages", 1, "blocks", 0, "group_width"], 8, "blocks[0].group_width"),
        (["stages", 1, "blocks", 0, "transition"], 1, "transition: expected true or false, got 1"),
        (["stages", 1, "blocks", 0, "se", "ratio"], 2, "blocks[0].se.ratio: 2 is outside (0, 1]"),
        (["stages", 1, "blocks", 0, "se", "ratio"], 0.001, "se.ratio: 0.001 of "),
        (["stages", 1, "blocks", 0, "se", "of"], "all", "blocks[0].se.of: 'all' is not known"),
        (["stages", 1, "blocks", 0, "se", "gate"], "relu", "blocks[0].se.gate: 'relu'"),
        (["stages", 1, "blocks", 0, "se"], 0.25, "blocks[0].se: expected a mapping"),
    ],
)
def test_errors_name_the_path(architecture, path, value, words):
    data = change(architecture.to_json(), path, value)
    with pytest.raises(ValueError) as caught:
        Architecture.from_json(data, where="file")
    assert words in str(caught.value)
    assert str(caught.value).startswith("file")
    assert "\n" not in str(caught.value)


def test_the_key_is_of_the_network_not_of_its_name(architecture):
    assert architecture.renamed("other").key == architecture.key
    assert architecture.renamed("other") != architecture
    assert replace(architecture, resolution=22).key != architecture.key
    assert len(architecture.key) == 16


def test_keys_never_change():
    """Runs that were begun with an older version go on with theirs."""
    assert known.load("efficientnet_b0").key == "5d00aec6fb49b538"
    assert known.load("mobilenet_v3_large").key == "1db2c6eb3cb7ba26"
    names = known.names()[: known.names().index("bignas_659m")]
    keys = "".join(known.load(name).key for name in names)
    assert hashlib.sha256(keys.encode()).hexdigest().startswith("7f93d1d726fab899")


def test_a_transition_is_in_the_file_only_where_there_is_one(architecture):
    assert "transition" not in json.dumps(architecture.to_json())
    made = with_transitions(architecture)
    assert made.to_json()["stages"][1]["blocks"][0]["transition"] is True
    assert Architecture.from_json(made.to_json()) == made
    assert made.key != architecture.key


def test_a_transition_counts_only_where_the_shape_changes(architecture):
    """Blocks of stages[0] and the second of stages[1] keep their input's shape."""
    first, second = architecture.stages[1].blocks
    only = Stage(blocks=(replace(first, transition=True), second))
    made = replace(architecture, stages=(architecture.stages[0], only))
    assert made != with_transitions(architecture)
    assert made.key == with_transitions(architecture).key


def with_transitions(architecture):
    stages = [
        Stage(blocks=tuple(replace(block, transition=True) for block in stage.blocks))
        for stage in architecture.stages
    ]
    return replace(architecture, stages=tuple(stages))


@pytest.mark.parametrize(
    ("changes", "in_width", "shortcut", "projection"),
    [
        ({}, 16, True, False),
        ({}, 8, False, False),
        ({"stride": 2}, 16, False, False),
        ({"transition": True}, 16, True, False),
        ({"transition": True}, 8, True, True),
        ({"transition": True, "stride": 2}, 16, True, False),
        ({"transition": True, "stride": 2, "kind": "dsconv"}, 8, True, True),
        ({"kind": "bottleneck"}, 16, True, False),
        ({"kind": "bottleneck", "stride": 2}, 16, True, True),
        ({"kind": "regnet_z", "stride": 2}, 16, False, False),
    ],
)
def test_shortcuts(changes, in_width, shortcut, projection):
    block = Block(width=16, **changes)
    assert kinds.layers(block, in_width).adds is shortcut
    assert kinds.layers(block, in_width).projects is projection


@pytest.mark.parametrize("kind", ["bottleneck", "regnet_z"])
def test_transitions_of_other_kinds_are_refused(kind):
    block = Block(kind=kind, width=8, transition=True)
    stages = (Stage(blocks=(block,)),) * 2
    with pytest.raises(ValueError, match=rf"blocks\[0\].transition: {kind} has none; use false"):
        Architecture(resolution=32, stem=Stem(width=8), stages=stages, head=Head(width=8))


def test_every_field_counts_in_the_key(architecture):
    data = architecture.to_json()
    changes = [
        (["num_classes"], 6),
        (["in_channels"], 3),
        (["stem", "kernel"], 3),
        (["head", "activation"], "relu"),
        (["stages", 1, "blocks", 0, "se", "ratio"], 0.25),
        (["stages", 1, "blocks", 0, "se"], None),
        (["stages", 1, "blocks", 1, "expansion"], 3.0),
    ]
    keys = {Architecture.from_json(change(data, path, value)).key for path, value in changes}
    assert len(keys | {architecture.key}) == len(changes) + 1


def test_depths_and_widths(architecture):
    assert architecture.depths == (1, 2)
    assert architecture.widths == (12, 20)
    block = architecture.stages[1].blocks[0]
    assert kinds.hidden(block, 12) == 40  # make_divisible(42)
    assert kinds.se_width(block, 12) == 6  # half of the input
    assert kinds.hidden(architecture.stages[0].blocks[0], 12) == 12


def test_an_expansion_that_leaves_no_channel_is_refused():
    data = known.load("regnet_z_500mf").to_json()
    thin = change(data, ["stages", 0, "blocks", 0, "expansion"], 0.01)
    with pytest.raises(
        ValueError, match=r"expansion: 0.01 of 16 channels is below 1; use 0.062 or"
    ):
        Architecture.from_json(thin)
