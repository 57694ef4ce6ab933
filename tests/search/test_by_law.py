"""Members grown by a law of all scores: what is found, told beforehand, and where it falls back."""

from __future__ import annotations

import json
import math
from dataclasses import replace

import numpy as np
import pytest

from escalade.api import describe_grown
from escalade.artefacts.grown import Grown
from escalade.artefacts.scored import Scored
from escalade.artefacts.searched import Searched
from escalade.config import GrowConfig
from escalade.core.network import cost
from escalade.core.numbers.budget import Budget, Ladder
from escalade.core.values.codec import decode, encode
from escalade.search import drive
from escalade.search.growing.by_law import GreedyGrowth, LeastErrorGrowth
from escalade.search.growing.by_rule import ByRule
from escalade.search.growing.found import Found
from escalade.search.growing.observed import Observed, observed
from escalade.search.methods import METHODS
from escalade.search.surrogate.finalists import confirmed
from made_searches import task_of

NUM = 2000


def share_of(architecture) -> float:
    """Wider and finer is better; depth says nothing."""
    width = math.exp(sum(math.log(w) for w in architecture.widths) / 3)
    return 0.9 - 0.2 * (architecture.resolution / 20) ** -0.8 - 0.15 * (width / 24) ** -0.6


def found_by(space="small", *, constant=False, function="law", budgets=None) -> Found:
    task, kept = task_of(space, "random", population=12, generations=6), Scored()

    def score(population):
        nonlocal kept
        rng = np.random.default_rng(len(kept))
        shares = [share_of(path.architecture) for path in task.space.paths(population)]
        told = rng.binomial(NUM, 0.5 if constant else shares, size=len(population))
        kept = kept.with_scores(
            population.genomes, population.strategies, num_correct=told.tolist(), num_images=NUM
        )
        return told / NUM

    result = drive(METHODS["random"].begin(task, num_images=NUM), score=score)
    seen = observed(task.space, scored=kept, searched=result, share=0.1, most_side=40)
    return Found(
        searched=result, ladder=Ladder(task.budgets),
        settings=GrowConfig(function=function, compare=[]), seed=0, observed=seen,
    )  # fmt: skip


@pytest.fixture(scope="module")
def found() -> Found:
    return found_by()


def growing(kind=LeastErrorGrowth):
    return kind(ByRule(), shares_base=True)


@pytest.mark.slow
def test_members_meet_their_budgets_and_are_told_beforehand(found):
    grown = growing().grow(found, (Budget(4.8e6), Budget(9.6e6)))
    assert (grown.form, grown.functions, [m.name for m in grown.members]) == (
        "law",
        {},
        ["S2", "S3"],
    )
    assert grown.law.num_scores == len(found.observed.networks)
    assert grown.law.error < grown.law.constant
    assert "no finalist was trained" in grown.notes[0]
    for member in grown.members:
        assert abs(member.gap) <= 0.05
        assert member.architecture.resolution <= 40
        assert cost.of(member.architecture).macs == member.macs
        assert member.accuracy.contains(share_of(member.architecture))
        assert "predicted" in growing().told(found, member)
    assert grown.members[1].accuracy.mean > found.searched.stages[-1].score
    plain = json.loads(json.dumps(encode(grown), allow_nan=False))
    assert decode(Grown, plain) == grown
    assert growing().grow(found, (Budget(4.8e6), Budget(9.6e6))) == grown


@pytest.mark.slow
def test_what_helps_grows_and_what_does_not_stays(found):
    (member,) = growing().grow(found, (Budget(9.6e6),)).members
    base = found.searched.stages[0].architecture
    assert sum(member.architecture.depths) <= 1.5 * sum(base.depths)
    (greedy,) = growing(GreedyGrowth).grow(found, (Budget(9.6e6),)).members
    assert abs(greedy.gap) <= 0.05
    assert share_of(greedy.architecture) > share_of(base)


@pytest.mark.slow
def test_any_budget_is_met_and_far_ones_are_extrapolated(found):
    beyond = growing().at(found, Budget(6e6), name="to")
    assert beyond.extrapolation
    assert f"predicted accuracy {100 * beyond.accuracy.mean:.1f} %" in describe_grown(beyond)
    assert not growing().at(found, Budget(1.8e6), name="to").extrapolation


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"observed": None}, "no scores are kept (scores.json) that a law could be fitted to"),
        ({"few": 9}, "9 scores are too few for a law of growth (it takes 24)"),
        ({"same": True}, "scores are the same, so there is no law of growth"),
    ],
)
def test_where_there_is_no_law_members_grow_otherwise_and_it_is_said(found, change, words):
    seen = found.observed
    if "few" in change:
        seen = few(seen, change["few"])
    if "same" in change:
        seen = replace(seen, accuracies=np.full(len(seen.networks), 0.5))
    changed = replace(found, observed=None if "observed" in change else seen)
    grown = growing().grow(changed, (Budget(4.8e6),))
    assert words in grown.notes[0]
    assert grown.notes[0].endswith(": members grow by the rule dWr")
    assert growing().at(changed, Budget(4.8e6), name="to").notes[0] == grown.notes[0]
    assert (grown.law, grown.members[0].accuracy) == (None, None)
    assert "S1" in growing().story(changed)


def few(seen: Observed, num: int) -> Observed:
    return replace(
        seen,
        networks=seen.networks[:num],
        accuracies=seen.accuracies[:num],
        shares=seen.shares[:num],
    )


def test_noise_falls_back_to_the_compound_function():
    noise = found_by(constant=True)
    method = METHODS["mcea"]
    traits = task_of("small", "mcea").space.traits
    made = method.growing(traits, num_searched=2, function="law")
    grown = made.grow(noise, (Budget(4.8e6),))
    if grown.law is None:  # noise may look like a law, but then hardly
        assert "their mean alone by" in grown.notes[0]
        assert grown.notes[0].endswith(": members grow by the compound function")
        assert grown.form == "compound"
    else:
        assert grown.law.error > 0.95 * grown.law.constant


@pytest.mark.slow
def test_confirmations_set_the_level_that_members_reach(found):
    """Rounds that gain two points a doubling; a whole training is twice the longer one."""
    searched: Searched = found.searched
    seen = found.observed
    networks = [stage.architecture for stage in searched.stages]
    shares = [0.25] * 2 + [0.5] * 2
    extra = [share_of(n) + 0.05 for n in networks] + [share_of(n) + 0.07 for n in networks]
    trained = replace(
        seen,
        networks=(*seen.networks, *networks, *networks),
        accuracies=np.concatenate([seen.accuracies, extra]),
        shares=np.concatenate([seen.shares, shares]),
    )
    assert trained.rounds == [0.25, 0.5]
    assert trained.level() == (pytest.approx(0.02), pytest.approx(math.hypot(0.01, 0.005)))
    grown = growing().grow(replace(found, observed=trained), (Budget(4.8e6),))
    (member,) = grown.members
    assert member.accuracy.contains(share_of(member.architecture) + 0.09)
    assert grown.law.num_confirmed == 4


def test_finalists_are_among_what_was_observed(found):
    stage = found.searched.stages[0]
    task = task_of("small", "random")
    kept = Scored().with_scores(
        np.array([stage.genome]), np.array([stage.strategy]), num_correct=[1000], num_images=NUM
    )
    from escalade.artefacts.searched import Finalist, Worth

    finalist = Finalist(
        stage=0, number=0, genome=stage.genome, strategy=stage.strategy, resolution=20, macs=1,
        score=0.5, worth=Worth(mean=0.5, sd=0.1),
        confirmed=(confirmed(1200, NUM, num_steps=50),),
    )  # fmt: skip
    seen = observed(
        task.space, scored=kept, searched=replace(found.searched, finalists=(finalist,)),
        share=0.1,
    )  # fmt: skip
    assert seen.accuracies.tolist() == [0.5, 0.6]
    assert (seen.shares.tolist(), seen.rounds) == ([0.0, 0.1], [0.1])
    assert seen.networks[0].key == seen.networks[1].key == stage.architecture.key
