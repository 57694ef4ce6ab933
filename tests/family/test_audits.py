"""What an audit samples, and what it makes of trainings."""

from __future__ import annotations

import numpy as np
import pytest

from escalade.artefacts.audited import Audited
from escalade.core.numbers.budget import Budget
from escalade.core.space.path import Population
from escalade.core.values.codec import decode, encode
from escalade.evaluate.score import Score
from escalade.family.analysis.audits import LEAST_NETWORKS, audited, samples
from escalade.report.terminal import audit_table
from escalade.search import drive
from escalade.search.methods import METHODS
from made_searches import scores_of, task_of

NUM_IMAGES = 500


def sampled(num=8, *, budgets=None):
    task = task_of("bignas_small", "random", population=20, generations=4)
    seen = []

    def score(population):
        seen.append(population)
        return scores_of(population)

    found = drive(METHODS["random"].begin(task, num_images=NUM_IMAGES), score=score)
    population = Population.concatenate(seen)
    return samples(
        task.space, searched=found, budgets=budgets or task.budgets, population=population,
        scores=scores_of(population), worth=None, num=num, seed=0,
    ), found  # fmt: skip


def test_samples_meet_budgets_and_have_the_choice():
    (made, left_out), found = sampled()
    assert left_out == []
    for sample, stage in zip(made, found.stages, strict=True):
        assert 7 <= len(sample.networks) <= 8 < sample.num_scored
        scores = [one.score for one in sample.networks]
        assert scores == sorted(scores, reverse=True)
        assert [one.path.genome for one in sample.networks if one.chosen] == [stage.genome]
        assert len({one.name for one in sample.networks}) == len(sample.networks)
        assert np.ptp(scores) > 0.5 * np.ptp([0.4, 0.6]) * 0.1
    again, _ = sampled()
    assert again[0] == made


def test_a_budget_without_networks_is_left_out_with_the_reason():
    (made, left_out), _ = sampled(budgets=(Budget(0.8e6), Budget(5.9e6)))
    assert [sample.name for sample in made] == ["S0"]
    assert left_out == ["S1 at 5.9M macs has 0"]
    assert LEAST_NETWORKS > 0


@pytest.mark.slow
@pytest.mark.parametrize(("sign", "words"), [(1, "can be trusted:"), (-1, "told from chance")])
def test_the_verdict_follows_the_numbers(sign, words):
    (made, _), _ = sampled(16)

    def trained(sample, one):
        best = max(each.score for each in sample.networks)
        return Score(num_correct=round(5000 * (0.7 + sign * (one.score - best))), num_images=10000)

    found = audited(
        made, left_out=["S2 at 9M has 1"], budget_kind="macs", weights="finetuned",
        num_steps=[9, 5], trained=trained, seed=0,
    )  # fmt: skip
    assert words in found.sentence
    assert found.budgets[0].by_score.kendall == pytest.approx(sign, abs=0.05)
    assert found.budgets[0].by_worth is None
    assert decode(Audited, encode(found)) == found
    assert audit_table(found).row_count == len(made)
    told = audited(
        made, left_out=[], budget_kind="macs", weights="retrained", num_steps=[9, 5],
        trained=trained, seed=0, by_hand="Others stand in their place",
    )  # fmt: skip
    assert told.sentence == f"{found.sentence} Others stand in their place."
