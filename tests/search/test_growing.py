"""How larger members follow from searched ones: by a fit, by a rule, or not at all."""

from __future__ import annotations

import json
import math
from dataclasses import replace

import pytest

from escalade.artefacts.grown import Grown
from escalade.artefacts.searched import Base, NumScores, Searched, TiedStrategy
from escalade.config import GrowConfig
from escalade.core.numbers.budget import Budget, Ladder
from escalade.core.scaling.hybrid import scale_to
from escalade.core.scaling.ratios import realised
from escalade.core.space.path import Path
from escalade.core.values.codec import decode, encode
from escalade.search.growing.by_rule import ByRule
from escalade.search.growing.fitted import Fitted
from escalade.search.growing.found import Ends, Found
from escalade.search.recording import searched_stage
from escalade.spaces import known

BASE = known.load("efficientnet_b0")


def found(*networks, budgets, kind="macs", **settings) -> Found:
    """Members of these networks, tied with themselves alone."""
    stages = []
    for i, network in enumerate(networks):
        scaling = realised(networks[0], network)
        tie = TiedStrategy(**scaling.to_json(), score=0.5, architecture=network)
        made = searched_stage(
            Path((), (0, 0, 0), network), stage=i, budget=budgets[i], gap=0.0, scaling=scaling,
            score=0.5, num_images=100, tied=(tie,),
        )  # fmt: skip
        stages.append(made)
    searched = Searched(
        searcher="mcea", seed=0, budget_kind=kind, space="s", pi=(1.0,) * len(stages),
        stages=tuple(stages),
        base=Base(genome=(), resolution=1, widths=(), depths=()), iterations=(),
        evaluations=NumScores(asked=1, distinct=1), divisors=(8, 4),
    )  # fmt: skip
    ladder = Ladder(tuple(Budget(budget, kind) for budget in budgets))
    return Found(searched=searched, ladder=ladder, settings=GrowConfig(**settings), seed=0)


def scaled(factor: float):
    target = factor * 390e6
    return scale_to(BASE, rule="dwr", budget=Budget(target), stage=math.log2(factor)).architecture


@pytest.fixture(scope="module")
def family():
    return found(BASE, scaled(2.0), scaled(4.0), budgets=(390e6, 780e6, 1560e6), compare=["d"])


@pytest.mark.slow
def test_what_is_grown_is_the_file_of_its_members(family):
    grown = Fitted().grow(family, (Budget(3120e6),))
    (member,) = grown.members
    assert (member.name, member.stage) == ("S3", 3.0)
    assert abs(member.gap) <= 0.05
    assert member.architecture.name == "S3"
    assert member.interval["depth"][0] == pytest.approx(member.interval["depth"][1])
    assert [rule.rule for rule in member.compared] == ["d"]
    assert grown.points[0].depth == 1.0
    plain = json.loads(json.dumps(encode(grown), allow_nan=False))
    assert decode(Grown, plain) == grown
    assert list(plain) == ["form", "notes", "points", "functions", "leave_last_out", "members"]


@pytest.mark.slow
def test_a_network_far_beyond_is_a_guess(family):
    near = Fitted().at(family, Budget(1200e6), name="near")
    assert not near.extrapolation
    far = Fitted().at(family, Budget(390e6 * 2**4.5), name="far")
    assert far.extrapolation
    assert any("a guess" in note for note in far.notes)
    assert not any("a guess" in note for note in near.notes)


def test_two_stages_fit_a_line():
    two = found(BASE, scaled(2.0), budgets=(390e6, 780e6), function="exponential")
    assert Fitted().grow(two, ()).form == "linear"


@pytest.mark.parametrize("kind", ["macs", "params"])
def test_a_rule_is_a_function_only_where_members_lie_on_it(kind):
    """Twice the params take more than twice the macs."""
    one = found(BASE, budgets=(390e6 if kind == "macs" else 5.3e6,), kind=kind)
    budget = Budget(2.0 * one.ladder.budgets[0].target, kind)
    grown = ByRule().grow(one, (budget,))
    at = {dim: math.exp(p["c"]) for dim, p in grown.functions.get("compound", {}).items()}
    predicted = grown.members[0].predicted.to_json()
    assert at == pytest.approx({} if kind == "params" else predicted)
    assert grown.form == (None if kind == "params" else "compound")


def test_a_rule_scales_the_largest(family):
    grown = ByRule().grow(family, (Budget(3120e6),))
    (member,) = grown.members
    assert grown.notes == ("scaled from S2 by the rule dWr: nothing was fitted",)
    assert (grown.form, grown.points[0].stage) == (None, 2.0)
    largest = family.searched.stages[-1].architecture
    assert sum(member.architecture.depths) >= sum(largest.depths)
    assert "S2 by dWr" in ByRule().told(family, member)


def test_where_growth_ends_the_reason_is_told(family):
    ends = Ends("no reason")
    assert ends.grow(family, ()).notes == ("no reason",)
    assert not ends.grows
    with pytest.raises(ValueError, match="no reason"):
        ends.at(family, Budget(1e9), name="x")


@pytest.mark.slow
def test_a_fitted_function_is_held_to_the_pixels_that_there_are(family):
    """And so are the rules beside it. What was searched may read more than the images have."""
    largest = family.searched.stages[-1].architecture.resolution
    free = Fitted().grow(family, (Budget(3120e6),)).members[0]
    assert free.notes is None
    held = replace(family, most_side=largest)
    grown = Fitted().grow(held, (Budget(3120e6),))
    (member,) = grown.members
    assert free.architecture.resolution > largest >= member.architecture.resolution
    assert abs(member.gap) <= 0.05
    (note,) = member.notes
    assert note == (
        f"growth asks for {free.architecture.resolution} pixels, but images are kept at {largest} "
        f"(dataset.side): inputs have {member.architecture.resolution}, and depth and width take "
        "the rest"
    )
    assert grown.notes[-1] == f"S3: {note}"
    assert Fitted().told(held, member).endswith(f"(extrapolated; {note})")
    assert all(rule.resolution <= largest for rule in member.compared)
    assert note in Fitted().at(held, Budget(3120e6), name="x").notes
    assert replace(family, most_side=20).side == largest


def test_a_rule_is_held_to_the_pixels_that_there_are(family):
    largest = family.searched.stages[-1].architecture.resolution
    held = replace(family, most_side=largest)
    free = ByRule().grow(family, (Budget(3120e6),)).members[0]
    grown = ByRule().grow(held, (Budget(3120e6),))
    (member,) = grown.members
    assert free.architecture.resolution > largest >= member.architecture.resolution
    assert abs(member.gap) <= 0.05
    assert grown.notes[1] == f"S3: {member.notes[0]}"
    assert ByRule().told(held, member).endswith(f"; {member.notes[0]}")
    assert ByRule().at(held, Budget(3120e6), name="x").notes[1] == member.notes[0]
