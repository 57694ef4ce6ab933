"""Named spaces and users' own."""

from __future__ import annotations

import os
from dataclasses import replace

import pytest

from escalade.core.numbers.budget import Budget, Ladder
from escalade.core.numbers.seeds import generator
from escalade.core.space.layouts import parse, to_json
from escalade.spaces import choose, load

OWN = """
format: 1
name: mine
resolutions: [24, 32]
in_channels: 1
num_classes: 4
stem: {widths: [8, 16]}
stages:
  - {depth: [1, 2], widths: [16], expansions: [2]}
  - {depth: [1, 3], widths: [24, 32], expansions: [3, 6], stride: 2}
head: {width: 64}
scaling:
  - {depth: [1], width: [1], resolution: [1]}
  - {depth: [1.5, 2], width: [1.25], resolution: [40/32]}
"""


def ladder(*targets, kind="macs"):
    return Ladder(tuple(Budget(float(target), kind) for target in targets))


DESIGNS = ["regnet_y", "regnet_y_small", "regnet_z", "regnet_z_small"]
SUPERNETS = ["medium", "medium_int8", "scalenet", "scalenet_half", "small", "small_int8"]
LAYERS = ["bignas", "bignas_small", "bignas_small_int8"]
CHOICES = ["scarlet", "scarlet_folds", "scarlet_small", "scarlet_small_folds"]


@pytest.mark.parametrize("name", SUPERNETS)
def test_every_named_space_loads_and_says_what_it_is_for(name):
    space = load.load(name, factors=(1.0, 2.0))
    assert space.name == name
    assert space.layout.description
    genomes = space.sample_genomes(generator(0, name), 3)
    assert len({space.path(g, space.strategies(1)[0]).key for g in genomes}) > 1


@pytest.mark.parametrize("name", DESIGNS)
def test_every_named_design_space_loads_and_says_what_it_is_for(name):
    space = load.load(name)
    assert (space.traits.noun, space.traits.has_supernet) == ("design space", False)
    assert (space.name, bool(space.layout.description)) == (name, True)
    assert parse(to_json(space.layout), where=name) == space.layout
    assert choose.space_for(name, ladder(1e6)).layout == space.layout
    assert space.largest_side == max(space.layout.resolutions)


@pytest.mark.parametrize("name", LAYERS)
def test_every_named_layer_space_loads_and_says_what_it_is_for(name):
    space = load.load(name, factors=(1.0, 2.0), kind="params", in_channels=1)
    assert space.traits.rises
    assert (space.name, bool(space.layout.description)) == (name, True)
    assert (space.factors, space.kind, space.layout.in_channels) == ((1.0, 2.0), "params", 1)
    assert parse(to_json(space.layout), where=name) == space.layout
    assert load.load(name, in_channels=1).layout == space.layout
    assert space.largest_side == max(space.layout.resolutions)
    low, _, high = choose.base_costs(space, "macs")
    assert low < high


@pytest.mark.parametrize("name", CHOICES)
def test_every_named_choice_space_loads_and_says_what_it_is_for(name):
    space = load.load(name, factors=(1.0, 2.0), kind="params", in_channels=1)
    assert space.traits.leaves_out
    assert (space.name, bool(space.layout.description)) == (name, True)
    assert (space.factors, space.kind, space.layout.in_channels) == ((1.0, 2.0), "params", 1)
    assert space.layout.folds is name.endswith("folds")
    assert parse(to_json(space.layout), where=name) == space.layout
    assert load.load(name, in_channels=1).layout == space.layout
    chosen = choose.space_for(name, ladder(1e6)).with_data(in_channels=1, num_classes=1000)
    assert chosen.layout == space.layout
    assert space.largest_side == space.layout.resolution
    low, _, high = choose.base_costs(space, "macs")
    assert low < high


@pytest.mark.parametrize("name", ["scarlet", "scarlet_small"])
def test_the_folding_variants_are_the_spaces_themselves(name):
    usual, folds = load.load(name), load.load(f"{name}_folds")
    changes = {"name": folds.name, "description": folds.layout.description, "folds": True}
    assert folds.layout == replace(usual.layout, **changes)


def test_a_space_like_another(tmp_path):
    path = tmp_path / "own.yaml"
    path.write_text("like: bignas_small\nname: mine\nresolutions: [20, 28]\n")
    usual = load.load("bignas_small").layout
    found = load.load(str(path)).layout
    assert found == replace(usual, name="mine", resolutions=(20, 28), plain=None)
    path.write_text("like: scarlet_folds\nidentity: plain\nname: mine\n")
    assert load.load(str(path)).layout.identity == "plain"
    assert load.load(str(path)).layout.folds
    path.write_text("like: scarlet\nresolution: 16\n")
    with pytest.raises(ValueError, match=r"own\.yaml\.resolution: 16 is too small"):
        load.load(str(path))


@pytest.mark.parametrize(
    ("like", "words"),
    [("scarlt", "did you mean scarlet?"), ("[1]", "use bignas"), ("zzz", "use ")],
)
def test_a_space_like_none(tmp_path, like, words):
    path = tmp_path / "own.yaml"
    path.write_text(f"like: {like}\nname: mine\n")
    with pytest.raises(ValueError) as caught:
        load.load(str(path))
    assert str(caught.value).startswith(f"{path}.like: ")
    assert "is not a space that comes with the package" in str(caught.value)
    assert words in str(caught.value)


def test_a_layer_space_for_a_ladder():
    space = choose.space_for("bignas_small", ladder(1e6, 2e6))
    assert space.traits.rises
    assert space.factors == (1.0, 2.0)


def test_an_unknown_kind(tmp_path):
    path = tmp_path / "own.yaml"
    path.write_text("format: 1\nkind: layer\n" + OWN.replace("format: 1", ""))
    words = r"own\.yaml\.kind: 'layer' .* kind: regnet, layers or choices"
    with pytest.raises(ValueError, match=words):
        load.load(str(path))


def test_a_design_space_has_no_supernet():
    with pytest.raises(ValueError, match=r"regnet_y is a design space, .* such as small"):
        _ = load.load("regnet_y").shape


def test_names():
    assert load.names() == sorted(DESIGNS + SUPERNETS + LAYERS + CHOICES)


@pytest.mark.parametrize("name", ["small", "medium", "bignas_small"])
def test_spaces_for_int8_differ_in_what_int8_serves_badly(name):
    """Neither hard swish nor squeeze-excitation; all else is the same."""
    usual, plain = (load.load(each, factors=(1.0, 2.0)) for each in (name, f"{name}_int8"))
    assert plain.genes == usual.genes
    genome = usual.sample_genomes(generator(0, "int8"), 1)[0]
    before, after = (space.path(genome).architecture for space in (usual, plain))
    assert "hard_swish" not in str(after)
    assert "SqueezeExcite(" not in str(after)
    blocks = [
        replace(stage, blocks=tuple(replace(b, activation="relu6", se=None) for b in stage.blocks))
        for stage in before.stages
    ]
    assert after.stages == tuple(blocks)
    assert after.head == replace(before.head, activation="relu6")


def test_a_space_of_ones_own(tmp_path):
    path = tmp_path / "own.yaml"
    path.write_text(OWN)
    space = load.load(str(path))
    assert (space.name, space.num_stages, space.layout.num_classes) == ("mine", 2, 4)
    assert len(space.strategies(1)) == 2
    found = space.path(space.sample_genomes(generator(0, "own"), 1)[0], space.strategies(1)[0])
    assert found.architecture.resolution in (30, 40)
    other = load.load(str(path), in_channels=3)
    assert (other.layout.in_channels, other.layout.num_classes) == (3, 4)
    assert choose.space_for(str(path), ladder(1e6, 2e6)).num_stages == 2


def test_errors_of_ones_own(tmp_path):
    path = tmp_path / "own.yaml"
    path.write_text(OWN.replace("expansions: [2]", "expansion: [2]"))
    words = r"own\.yaml\.stages\[0\]\.expansion: no such setting; did you mean expansions\?"
    with pytest.raises(ValueError, match=words):
        load.load(str(path))
    path.write_text("a: [")
    with pytest.raises(ValueError, match=r"own\.yaml: not valid YAML"):
        load.load(str(path))
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ValueError, match=r"own\.yaml: "):
        load.load(str(path))
    path.write_text("!!python/object/apply:os.getcwd []")
    with pytest.raises(ValueError, match=r"own\.yaml: not valid YAML"):
        load.load(str(path))


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read(tmp_path):
    path = tmp_path / "own.yaml"
    path.write_text(OWN)
    path.chmod(0)
    with pytest.raises(ValueError, match="ermission"):
        load.load(str(path))


def test_unknown_spaces():
    with pytest.raises(ValueError, match="did you mean scalenet"):
        load.load("scalnet")
    with pytest.raises(ValueError, match=r"use bignas, bignas_small, .*, medium, .*, small"):
        load.load("xyz")


@pytest.mark.parametrize(
    ("base", "name"),
    [(1e6, "small"), (30e6, "medium"), (120e6, "scalenet_half"), (4e8, "scalenet")],
)
def test_the_nearest_space_is_chosen(base, name):
    assert choose.space_for(None, ladder(base, 2 * base)).name == name


def test_the_nearest_space_in_another_kind():
    assert choose.space_for(None, ladder(5e6, 8e6, kind="params")).name.startswith("scalenet")


def test_a_named_space_is_taken_whatever_the_budget():
    assert choose.space_for("scalenet", ladder(1.0)).name == "scalenet"


def test_largest_resolution():
    assert load.load("scalenet").largest_side == 352
    assert load.load("scalenet", factors=(1.0,)).largest_side == 224
    assert load.load("small", factors=(1.0, 2.0)).largest_side == 64


def test_base_costs(tmp_path):
    low, mean, high = choose.base_costs(load.load("scalenet"), "macs")
    assert low < mean < high
    assert mean == pytest.approx(400e6, rel=0.05)
