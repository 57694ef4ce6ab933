"""Layers at their places: identities that were left out, folded, or stay."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from escalade.core.network.architecture import Architecture
from escalade.core.network.block import Block, Head, SqueezeExcite, Stage, Stem
from escalade.report.slots import in_words, num_identities, slots
from escalade.spaces import known
from escalade.spaces.load import load
from escalade.supernet.folding import fold
from escalade.supernet.make import make_supernet

FIRST = Block(kind="dsconv", width=8)
WIDE = Block(kernel=5, width=16, stride=2, expansion=6.0, se=SqueezeExcite())
SLIM = Block(kernel=3, width=16, expansion=3.0)
TO_POOL = Block.linear(24, stride=2)


def network(*stages, **more):
    blocks = tuple(Stage(blocks=tuple(stage)) for stage in stages)
    return Architecture(
        resolution=28, in_channels=1, num_classes=10, stem=Stem(width=16), stages=blocks,
        head=Head(width=64), **more,
    )  # fmt: skip


RUNNING = network(
    [FIRST], [WIDE, Block.linear(16), SLIM], [Block.linear(24)] * 2, [TO_POOL, Block.linear(24)]
)
ALONE = network([FIRST], [WIDE, SLIM], [Block.identity(16, stride=2)])


def test_removed_identities_stand_where_they_were():
    found = slots(ALONE, RUNNING)
    assert in_words(found) == "8: k3\n16: k5e6se id k3e3\n16: id id\n16: pool id"
    assert num_identities(found) == 5
    assert [slot.removed for slot in found[1]] == [False, True, False]
    assert [slot.width for slot in found[3]] == [16, 16]


def test_a_slice_shows_what_stays_and_what_folded():
    folded = replace(SLIM, expansion=48 / 16)
    kept = network([FIRST], [WIDE, folded], [Block.linear(24)], [TO_POOL])
    assert (
        in_words(slots(kept, RUNNING)) == "8: k3\n16: k5e6se id k3e3\n24: id 1x1\n24: pool+1x1 id"
    )
    whole = slots(RUNNING, RUNNING)
    assert in_words(whole) == "8: k3\n16: k5e6se 1x1 k3e3\n24: 1x1 1x1\n24: pool+1x1 1x1"
    assert not any(slot.removed for stage in whole for slot in stage)


@pytest.mark.parametrize("name", ["scarlet_small", "scarlet_small_folds"])
def test_what_stays_in_a_slice_stands_where_folding_left_it(name):
    space = load(name, in_channels=1, num_classes=10)
    supernet, rng = make_supernet(space.shape), np.random.default_rng(0)
    for genome in np.where(rng.random((100, 9)) < 0.6, 12, space.sample_genomes(rng, 100)):
        running = space.path(genome).running
        folded = fold(supernet.slices(running), running)
        stays = {position for position, _ in folded.kept}
        found = {
            (i, k): slot
            for i, stage in enumerate(slots(folded.architecture, running))
            for k, slot in enumerate(stage)
        }
        for position in folded.folded:
            assert found[position].removed or found[position].glyph.short == "pool"
        for position in stays:
            assert not found[position].removed
            assert found[position].glyph.short in ("1x1", "pool+1x1")


@pytest.mark.parametrize(
    "other",
    [
        network([FIRST], [WIDE], [SLIM, SLIM]),  # another layer
        network([FIRST], [WIDE, SLIM], [Block.identity(16, stride=2), SLIM]),  # one too many
        network([FIRST], [WIDE]),  # one too few
    ],
)
def test_a_network_that_is_not_made_of_the_layers_is_drawn_as_it_is(other):
    assert slots(other, RUNNING) == slots(other)
    assert [len(stage) for stage in slots(other)] == list(other.depths)


def test_every_path_of_a_choice_space_has_its_genome_s_identities():
    space = load("scarlet_small")
    for genome in space.sample_genomes(np.random.default_rng(0), 100):
        path = space.path(genome, space.base_triple)
        found = slots(path.architecture, path.runs)
        assert num_identities(found) == np.isin(genome, list(space.layout.identity_choices)).sum()
        assert sum(map(len, found)) == 1 + space.num_genes
        left = [slot.block for stage in found for slot in stage if not slot.removed]
        assert left == [block for stage in path.architecture.stages for block in stage.blocks]
        widths = [slot.width for stage in found for slot in stage if not slot.removed]
        assert widths == [block.width for block in left]


def test_other_kinds_of_block():
    assert in_words(slots(known.load("resnet50"))).splitlines()[0] == "256: k3e0.25 k3e0.25 k3e0.25"
    assert in_words(slots(known.load("regnet_z_500mf"))).startswith("16: k3e4se\n")
    assert num_identities(slots(known.load("efficientnet_b0"))) == 0
