"""The plain base of every space, and what rules make of it where images have few pixels."""

from __future__ import annotations

from dataclasses import replace

import pytest

from escalade.core.network import cost
from escalade.core.numbers.budget import Budget
from escalade.core.scaling.hybrid import scale_within
from escalade.core.space import layouts
from escalade.nets.build import build
from escalade.spaces import load

RULES = ("dWr", "dwr", "wr")


def blocks(network):
    return [block for stage in network.stages for block in stage.blocks]


@pytest.mark.parametrize("name", load.names())
def test_every_named_space_names_its_plain_base(name):
    layout = load.read(name)
    assert layout.plain is not None
    base = layout.plain_base
    assert (base.depths, base.widths) == (layout.plain.depths, layout.plain.widths)
    assert base.resolution == layout.plain.resolution
    assert {block.kernel for block in blocks(base)} == {3}
    assert {block.se for block in blocks(base)} == {None}
    assert len({block.expansion for block in blocks(base) if block.kind != "dsconv"}) == 1
    inner = [d for d, stage in zip(base.depths, base.stages, strict=True) if d > 1]
    assert set(inner) == {2}
    build(replace(base, num_classes=3, resolution=base.resolution // 2))


@pytest.mark.parametrize("name", load.names())
def test_without_a_name_it_is_the_plainest_in_the_middle(name):
    layout = replace(load.read(name), plain=None)
    base, middle = layout.plain_base, layout.middle
    assert (base.depths, base.widths) == (middle.depths, middle.widths)
    assert (base.stem, base.head, base.resolution) == (middle.stem, middle.head, middle.resolution)
    assert {block.kernel for block in blocks(base)} == {3}
    assert {block.se for block in blocks(base)} == {None}
    for network in (base, middle):
        assert [b.expansion for b in blocks(network)][-1] == blocks(middle)[-1].expansion


def test_the_middle_of_the_small_space_by_hand():
    base = replace(load.read("small"), plain=None).plain_base
    assert (base.resolution, base.stem.width) == (20, 16)
    assert (base.widths, base.depths) == ((16, 20, 48), (2, 2, 2))
    assert [block.stride for block in blocks(base)] == [1, 1, 2, 1, 2, 1]


def test_the_middle_of_a_list_of_choices_leaves_nothing_out():
    choices = ["identity", {"expansion": 6, "kernel": 5}, {"expansion": 2, "kernel": 3, "se": True},
               {"expansion": 4, "kernel": 3}]  # fmt: skip
    content = layouts.to_json(load.read("scarlet_small")) | {"choices": choices, "plain": None}
    base = layouts.parse(content).plain_base
    assert base.depths == (1, 3, 3, 3)
    assert {block.expansion for block in blocks(base)[1:]} == {4.0}


def test_a_space_like_another_has_choices_of_its_own(tmp_path):
    own = tmp_path / "own.yaml"
    own.write_text("like: small\nname: own\nresolutions: [40, 48]\n")
    layout = load.read(str(own))
    assert layout.plain is None
    assert layout.plain_base.resolution == 40


@pytest.mark.parametrize(
    ("plain", "message"),
    [
        ({"depths": [2, 2]}, r"plain\.depths: 2 stages, but networks of the space have 3"),
        ({"widths": [8, 8, 8, 8]}, r"plain\.widths: 4 stages, but"),
        ({"resolution": 4}, r"plain"),
        ({"kernel": 5}, r"plain\.kernel: no such setting"),
        ({"depths": [2, 0, 2]}, r"plain\.depths\[1\]: expected a positive whole number"),
    ],
)
def test_a_wrong_plain_base_is_named(plain, message):
    content = layouts.to_json(load.read("small"))
    content["plain"] = content["plain"] | plain
    with pytest.raises(ValueError, match=message):
        layouts.parse(content)


def test_the_file_of_a_space_keeps_it():
    layout = load.read("small")
    assert layouts.parse(layouts.to_json(layout)) == layout


# Rules, with few pixels


def small_base():
    return replace(load.read("small").plain_base, num_classes=10)


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("macs", [0.4e6, 4e6, 32e6])
@pytest.mark.parametrize("side", [20, 28, 64])
def test_no_pixel_more_than_there_are_and_the_budget_met(rule, macs, side):
    budget = Budget(macs)
    made = scale_within(small_base(), rule=rule, budget=budget, stage=0.0, side=side).architecture
    assert made.resolution <= side
    assert budget.contains(cost.of(made).macs)


@pytest.mark.slow
def test_depth_and_width_share_what_the_resolution_cannot_have():
    args = {"budget": Budget(32e6), "stage": 0.0}
    free = scale_within(small_base(), rule="wr", side=1000, **args).architecture
    held = scale_within(small_base(), rule="wr", side=28, **args).architecture
    assert free.resolution > 28 == held.resolution
    assert free.depths == held.depths == (2, 2, 2)  # wr leaves depths alone, held or not
    assert all(h > f for h, f in zip(held.widths, free.widths, strict=True))
    deeper = scale_within(small_base(), rule="dwr", side=28, **args).architecture
    assert sum(deeper.depths) > 6


def test_a_rule_of_pixels_alone_ends_where_they_do():
    args = {"rule": "r", "budget": Budget(8e6), "stage": 0.0}
    with pytest.raises(ValueError, match=r"the rule r scales nothing but the resolution, to \d+ "):
        scale_within(small_base(), side=28, **args)
    assert scale_within(small_base(), side=500, **args).asked is None


def test_what_a_rule_asked_for_is_told():
    args = {"rule": "dWr", "budget": Budget(32e6), "stage": 5.0, "base_stage": 2.0}
    free, held = (scale_within(small_base(), side=side, **args) for side in (1000, 28))
    assert held.asked == free.architecture.resolution > 28
    assert held.predicted.depth == pytest.approx(8 ** (1 / 9))  # of the rest, in its own ratio
    assert free.predicted.depth == pytest.approx(8**0.1)


def test_enough_pixels_change_nothing():
    from escalade.core.scaling.hybrid import scale_to

    args = {"rule": "dWr", "budget": Budget(4e6), "stage": 0.0}
    assert scale_within(small_base(), side=500, **args) == scale_to(small_base(), **args)


@pytest.mark.parametrize("space", ["small", "medium"])
def test_other_bases_differ_in_their_blocks(space):
    made = load.read(space).hand_made
    assert [*made] == ["plain", "conv", "fused"]
    strides = [stage.blocks[0].stride for stage in made["plain"].stages]
    for name, kind in (("conv", "conv"), ("fused", "fused_mbconv")):
        assert {block.kind for block in blocks(made[name])} == {kind}
        assert [stage.blocks[0].stride for stage in made[name].stages] == strides
        build(replace(made[name], num_classes=3))


@pytest.mark.parametrize("name", ["plain", "conv", "fused"])
@pytest.mark.parametrize("macs", [4e6, 8e6, 16e6, 32e6, 64e6])
def test_bases_of_medium_reach_its_budgets(name, macs):
    base = replace(load.read("medium").hand_made[name], num_classes=10)
    budget = Budget(macs)
    made = scale_within(base, rule="dWr", budget=budget, stage=0.0, side=224).architecture
    assert budget.contains(cost.of(made).macs)
    assert 48 <= made.resolution <= 96


@pytest.mark.parametrize(
    ("base", "words"),
    [
        (
            {"name": "plain"},
            r"bases\[0\].name: 'plain' is already the name of another base",
        ),
        ({"kind": "convs"}, r"bases\[0\].kind: 'convs' is not"),
        ({"depths": [2, 2]}, r"bases\[0\].depths: 2 stages, but networks of the space have 3"),
    ],
)
def test_a_base_that_is_none(base, words):
    content = layouts.to_json(load.read("small"))
    content["bases"] = [content["bases"][0] | base]
    with pytest.raises(ValueError, match=words):
        layouts.parse(content)
