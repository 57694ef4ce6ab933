"""A space's file: every error names the path inside it."""

from __future__ import annotations

from copy import deepcopy

import pytest
import yaml

from escalade.core.space.layouts import parse

TEXT = """
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
    assert space.name == "mine"
    assert space.stages[0].depth == (1, 1)
    assert space.stages[0].se is not None
    assert space.stages[1].kernels == (3, 5, 7)
    assert space.scaling[1].resolution == (1.25,)
    assert (space.width_divisor, space.in_channels, space.grid) == (8, 3, None)


@pytest.mark.parametrize(
    ("path", "value", "words"),
    [
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
        (["stages", 0, "se", "ratio"], 0.05, "file.stages[0].se.ratio: 0.05 of 8 channels is none"),
        (["stages", 1, "se"], {"ratio": 0.01}, "0.01 of 48 channels is none; use 0.021 or more"),
        (["stages", 1, "se"], {"ratio": 0.02, "of": "input"}, "0.02 of 16 channels is none"),
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
)
def test_errors_name_the_path(path, value, words):
    with pytest.raises(ValueError) as caught:
        parse(changed(path, value), where="file")
    assert words in str(caught.value)


@pytest.mark.parametrize("data", [None, [1], "text", 3])
def test_a_space_is_a_mapping(data):
    with pytest.raises(ValueError, match="file: expected a mapping"):
        parse(data, where="file")


def test_scaling_or_grid():
    grid = {"depth": [1.0, 2.0], "width": [1.0], "resolution": [1.0]}
    with pytest.raises(ValueError, match=r"either scaling .* or grid"):
        parse(changed(["grid"], grid), where="file")
    data = changed(["scaling"], ...)
    assert parse(data | {"grid": grid}).grid.depth == (1.0, 2.0)
    wrong = data | {"grid": grid | {"width": [1.5]}}
    for slack in (0.8, 1):  # none of the combinations would belong to a stage
        with pytest.raises(ValueError, match=rf"file\.grid\.slack: {slack} is not above 1"):
            parse(data | {"grid": grid | {"slack": slack}}, where="file")
    with pytest.raises(ValueError, match=r"file\.grid: stage 0 is the base network"):
        parse(wrong, where="file")
