"""Finalists: who they are, who goes on, and who is chosen."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from escalade.artefacts.scored import Scored
from escalade.config import resolve
from escalade.config.member_training import RetrainConfig
from escalade.core.values.invalid import Invalid
from escalade.search import drive
from escalade.search.methods import METHODS
from escalade.search.surrogate.finalists import confirmed, final, weighed
from made_searches import scores_of, task_of

NUM = 500


def searched(space, method, **settings):
    """A search's result, and all of its scores."""
    task, kept = task_of(space, method, **settings), Scored()

    def score(population):
        nonlocal kept
        told = scores_of(population)
        kept = kept.with_scores(
            population.genomes, population.strategies,
            num_correct=np.round(told * NUM).astype(int).tolist(), num_images=NUM,
        )  # fmt: skip
        return told

    found = drive(METHODS[method].begin(task, num_images=NUM), score=score)
    choice = METHODS[method].choice(task, num_images=NUM)
    return task, found, choice, kept, score


def field_of(space, method, *, num=4, **settings):
    _, found, choice, kept, score = searched(space, method, **settings)
    made = final(choice, found, kept, num=num, seed=0)
    made.complete(score)
    return made


@pytest.mark.parametrize(
    ("space", "method"),
    [("small", "random"), ("bignas_small", "coarse_to_fine"), ("scarlet_small", "nsga2")],
)
def test_finalists_meet_their_budgets_and_the_choice_is_one(space, method):
    field = field_of(space, method)
    budgets = field.choice.problem.budgets
    everyone = field.finalists()
    assert all(budgets[each.stage].contains(each.macs) for each in everyone)
    assert len({(each.stage, field.path(each).key) for each in everyone}) == len(everyone)
    firsts = {each.stage: each for each in everyone if each.number == 0}
    for stage, first in firsts.items():
        assert first.genome == field.found.stages[stage].genome
    assert max(each.number for each in everyone) <= 3
    assert field.finalists() == field_of(space, method).finalists()


def told(everyone, best, *, step=10):
    """Finalists with trainings in which one number is far ahead."""
    return [
        replace(
            each,
            confirmed=(
                *each.confirmed,
                confirmed(400 if each.number == best else 300, NUM, num_steps=step),
            ),
        )
        for each in everyone
    ]


@pytest.mark.parametrize("space_method", [("small", "random"), ("bignas_small", "random")])
def test_what_is_far_better_when_trained_is_chosen(space_method):
    field = field_of(*space_method)
    everyone = field.finalists()
    last = max(each.number for each in everyone if each.stage == 1)
    result = field.concluded(told(everyone, last))
    chosen = [each for each in result.finalists if each.chosen]
    assert {each.number for each in chosen if each.stage == 1} == {last}
    for each in chosen:
        assert result.stages[each.stage].genome == each.genome
        assert result.confirmed(each.stage).accuracy == 0.8 or each.number != last
    assert len({stage.genome for stage in result.stages}) == 1 or space_method[0] != "small"
    assert all(np.isfinite(stage.score) for stage in result.stages)


def test_half_go_on_and_only_they_can_win():
    field = field_of("small", "random")
    everyone = field.finalists()
    assert {number for _, number in field.survivors(everyone, most=9)} == {
        each.number for each in everyone
    }
    first = told(everyone, 2)
    kept = field.survivors(first, most=2)
    numbers = {number for _, number in kept}
    assert len(numbers) == 2
    assert 2 in numbers
    second = [
        told([each], (numbers - {2}).pop(), step=20)[0] if each.number in numbers else each
        for each in first
    ]
    assert field.survivors(second, most=1) <= kept


def test_differences_count_as_far_as_they_are_no_noise():
    prior = np.array([0.02, 0.0, -0.02])
    noisy = weighed(prior, np.array([0.70, 0.705, 0.71]), noise=0.02)
    assert noisy.argmax() == 0
    clear = weighed(prior, np.array([0.70, 0.75, 0.80]), noise=0.002)
    assert clear == pytest.approx([-0.05, 0.0, 0.05], abs=1e-3)


def test_where_there_are_none_the_reason_is_told():
    _, found, choice, kept, _ = searched("regnet_y_small", "models", num_models=5)
    assert final(choice, found, kept, num=3, seed=0).startswith("5 scores are too few")
    _, found, choice, kept, _ = searched("bignas_small", "random")
    assert "no budget has a second network" in final(choice, found, kept, num=1, seed=0)


def test_settings_that_confirm_nothing_are_refused():
    given = {"budgets": ["1M", "2M"], "search": {"finalists": 3}}
    with pytest.raises(Invalid, match=r"retrain.searched: members that are slices"):
        resolve(given, {"retrain": {"searched": "slice"}})
    task = task_of("scarlet_small", "nsga2", finalists=3)
    with pytest.raises(Invalid, match=r"search.finalists: 3 are chosen for each budget"):
        METHODS["nsga2"].check(task.settings, has_budgets=False)


def test_a_round_is_a_share_of_a_members_training():
    settings = RetrainConfig(recipe=replace(RetrainConfig().recipe, epochs=10.0, batch_size=50))
    recipe = settings.recipe_confirming(1000, share=0.1, starts=True)
    assert (recipe.steps, recipe.epochs) == (20, None)
    assert recipe.learning_rate == settings.recipe.learning_rate * settings.finetune_rate
    scratch = settings.recipe_confirming(1000, share=0.1, starts=False)
    assert scratch.learning_rate == settings.recipe.learning_rate
