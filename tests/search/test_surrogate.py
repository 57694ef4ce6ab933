"""Choosing by a model of all scores, and proposing by it, in every space."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from escalade.artefacts.scored import Scored
from escalade.artefacts.searched import Searched
from escalade.core.space.path import Population
from escalade.core.values.codec import decode, encode
from escalade.core.values.invalid import Invalid
from escalade.search import drive
from escalade.search.methods import METHODS
from escalade.search.surrogate.plain_start import plain_genomes
from escalade.spaces.load import load
from made_searches import scores_of, task_of

EACH = [
    ("small", "mcea"), ("small", "random"), ("small", "independent"), ("small", "surrogate"),
    ("small", "nsga2"), ("bignas_small", "coarse_to_fine"), ("bignas_small", "surrogate"),
    ("scarlet_small", "nsga2"), ("scarlet_small", "surrogate"), ("regnet_y_small", "models"),
]  # fmt: skip


@pytest.mark.parametrize(("space", "method"), EACH)
def test_every_search_chooses_by_the_posterior(space, method):
    task = task_of(space, method, chosen_by="posterior")
    searched = drive(METHODS[method].begin(task, num_images=500), score=scores_of)
    assert searched.surrogate.num_scores == searched.evaluations.distinct
    assert searched.surrogate.note == ""
    for stage, budget in zip(searched.stages, task.budgets, strict=False):
        path = task.space.path(stage.genome, stage.strategy)
        assert path.architecture == stage.architecture
        assert budget.contains(float(stage.macs))
        one = Population(np.array([stage.genome]), np.array([stage.strategy]))
        assert stage.score == scores_of(one)[0]
        assert 0.5 < stage.worth.mean < 0.9
        assert 0 < stage.worth.sd < 0.1
    assert searched.base.genome == searched.stages[0].genome
    assert decode(Searched, encode(searched)) == searched
    if searched.front is not None:
        placed = [searched.front.networks[at].genome for at in searched.front.members]
        assert placed == [stage.genome for stage in searched.stages]
    again = drive(METHODS[method].begin(task, num_images=500), score=scores_of)
    assert again == searched


@pytest.mark.parametrize(("space", "method"), EACH)
def test_nothing_changes_where_scores_choose(space, method):
    task = task_of(space, method, chosen_by="score")
    plain = drive(METHODS[method].searcher(task, num_images=500), score=scores_of)
    begun = drive(METHODS[method].begin(task, num_images=500), score=scores_of)
    assert begun == plain
    assert (begun.surrogate, begun.stages[0].worth) == (None, None)
    assert "worth" not in encode(begun)["stages"][0]


@pytest.mark.slow
def test_the_posterior_chooses_what_is_truly_better(space, budgets, make_landscape):
    """The best of random networks by their noisy scores, and by a model of these."""
    gains = []
    for seed in range(4):
        truth = {}
        for by in ("score", "posterior"):
            task = replace(
                task_of("small", "random", chosen_by=by, population=10, generations=4),
                space=space, budgets=budgets, seed=seed,
            )  # fmt: skip
            landscape = make_landscape(space, seed=seed, noise=0.01)
            found = drive(METHODS["random"].begin(task, num_images=1500), score=landscape)
            rows = Population(
                np.array([stage.genome for stage in found.stages]),
                np.array([stage.strategy for stage in found.stages]),
            )
            truth[by] = float(np.dot(found.pi, landscape.true(rows)))
        gains.append(truth["posterior"] - truth["score"])
    assert np.mean(gains) > 0


def test_too_few_scores_and_equal_ones_are_told():
    task = task_of("regnet_y_small", "models", chosen_by="posterior", num_models=5)
    few = drive(METHODS["models"].begin(task, num_images=500), score=scores_of)
    assert few.surrogate.note.startswith("5 scores are too few for a model of them")
    assert few.stages[0].score == max(model.score for model in few.models)
    task = task_of("bignas_small", "coarse_to_fine", chosen_by="posterior")
    flat = drive(
        METHODS["coarse_to_fine"].begin(task, num_images=500),
        score=lambda population: np.full(len(population), 0.5),
    )
    assert "are the same, so there is nothing to model" in flat.surrogate.note


def test_too_few_batches_are_refused():
    with pytest.raises(Invalid, match=r"search.population: 3 in 2 batches are too few scores"):
        task_of("small", "surrogate", population=3, generations=2)


def test_no_network_is_asked_twice_and_numbers_are_kept():
    task = task_of("small", "surrogate")
    searcher = METHODS["surrogate"].begin(task, num_images=500)
    keys, num = [], 0
    while len(population := searcher.ask()):
        keys += [path.key for path in task.space.paths(population)]
        num += len(population)
        searcher.tell(scores_of(population))
    assert len(set(keys)) == num
    assert num <= METHODS["surrogate"].num_scores(task) + 8


def test_scores_are_kept_as_they_were_asked():
    genomes, strategies = np.array([[0, 3], [1, 2]]), np.zeros((2, 3), dtype=np.int64)
    kept = Scored().with_scores(genomes, strategies, num_correct=[3, 4], num_images=5)
    kept = kept.with_scores(genomes[:1], strategies[:1], num_correct=[1], num_images=5)
    read = decode(Scored, encode(kept))
    assert read == kept
    assert read.population.genomes.tolist() == [[0, 3], [1, 2], [0, 3]]
    assert read.accuracies == [0.6, 0.8, 0.2]


def test_the_plain_base_is_begun_with_where_the_space_has_it():
    space = load("small", factors=(1.0, 2.0))
    plain = space.paths(Population.unscaled(plain_genomes(space)))
    assert len({path.architecture.resolution for path in plain}) == len(plain) > 4
    for path in plain:
        assert (path.architecture.widths, path.architecture.depths) == ((16, 24, 48), (2, 2, 2))
    assert plain_genomes(load("scarlet_small")).shape == (0, load("scarlet_small").num_genes)
