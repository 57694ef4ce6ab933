"""A per-layer space's file: every error names the path inside it."""

from __future__ import annotations

from copy import deepcopy

import pytest
import yaml

from escalade.core.space.layouts import parse, to_json

TEXT = """
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


def changed(path, value):
    data = deepcopy(yaml.safe_load(TEXT))
    *way, last = path
    place = data
    for step in way:
        place = place[step]
    if value is ...:
        del place[last]
    else:
        place[last] = value
    return data


def test_a_space_is_read():
    space = parse(yaml.safe_load(TEXT))
    assert (space.name, space.resolutions, space.selection_step) == ("mine", (24, 32), 4)
    assert (space.width_divisor, space.in_channels, space.num_classes) == (8, 3, 1000)
    first, second = space.stages
    assert (first.depth, first.transition, first.se is None) == ((1, 1), False, False)
    assert (second.kernels, second.transition) == ((3, 5), True)
    assert (space.head.widths, space.head.activation) == ((64, 72), "relu")


def test_round_trip():
    space = parse(yaml.safe_load(TEXT))
    assert parse(to_json(space)) == space


@pytest.mark.parametrize(
    ("path", "value", "words"),
    [
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
)
def test_errors_name_the_path(path, value, words):
    with pytest.raises(ValueError) as caught:
        parse(changed(path, value), where="file")
    assert words in str(caught.value)
    assert str(caught.value).startswith("file.")
    assert len(str(caught.value).splitlines()) == 1
