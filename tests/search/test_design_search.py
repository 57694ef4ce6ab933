"""Random search over a design space, without networks."""

from __future__ import annotations

import json

import numpy as np
import pytest

from escalade.core.latency.latency_table import LatencyTable
from escalade.core.latency.work import works_of
from escalade.core.numbers.budget import Budget
from escalade.core.numbers.seeds import generator
from escalade.core.numbers.statistics import empirical_distribution
from escalade.core.space.path import Population
from escalade.core.values.codec import encode
from escalade.search import RandomModels, drive
from escalade.search.alone.random_models import draw_models
from escalade.spaces.load import load

BUDGET = Budget(1e6)


@pytest.fixture(scope="module")
def space():
    return load("regnet_y_small").with_data(in_channels=1, num_classes=10)


def deeper_is_better(paths):
    """An accuracy of 0.5 to 0.9, with many ties."""
    return 0.5 + 0.4 * (paths.genomes[:, 0] / 11)


def found(space, *, seed=0, num=12, budget=BUDGET):
    search = RandomModels(space, budget=budget, seed=seed, num_images=1000, num_models=num)
    return drive(search, score=deeper_is_better)


def test_distinct_networks_inside_the_budget(space):
    search = RandomModels(space, budget=BUDGET, seed=0, num_images=100, num_models=32)
    asked = search.ask()
    assert len(asked) == 32
    assert len({path.key for path in space.paths(asked)}) == 32
    costs = space.costs(asked)
    assert ((costs >= BUDGET.low) & (costs <= BUDGET.high)).all()


def test_the_best_is_kept_and_all_are_recorded(space):
    result = found(space)
    scores = [model.score for model in result.models]
    assert scores == sorted(scores, reverse=True)
    assert result.stages[0].score == scores[0]
    assert result.stages[0].architecture.key == result.models[0].key
    assert abs(result.stages[0].gap) <= BUDGET.tolerance
    assert result.num_tied >= scores.count(scores[0])


def test_the_record_is_plain_json_and_holds_the_distribution_of_errors(space):
    result = found(space)
    content = json.loads(json.dumps(encode(result)))
    errors = np.array([1 - model["score"] for model in content["models"]])
    distribution = content["distribution"]
    for error, share in zip(distribution["errors"], distribution["shares"], strict=True):
        assert share == pytest.approx(np.mean(errors <= error))
    assert distribution["errors"] == sorted(set(errors.tolist()))
    assert content["evaluations"] == {"asked": 12, "distinct": 12}
    assert content["stages"][0]["tied"] == []
    assert content["pi"] == [1.0]


def test_it_is_deterministic_in_its_seed(space):
    assert found(space) == found(space)
    assert found(space).base != found(space, seed=1).base


def test_more_networks_begin_with_the_same(space):
    few = draw_models(space, budget=BUDGET, num=4, rng=generator(0, "few"))
    many = draw_models(space, budget=BUDGET, num=9, rng=generator(0, "few"))
    assert (many[:4] == few).all()


@pytest.mark.parametrize("kind", ["params", "activations"])
def test_budgets_of_other_kinds(space, kind):
    typical = float(np.median(space.costs(Population.unscaled(space.sample_genomes(
        generator(0, "kind"), 500)), kind)))  # fmt: skip
    budget = Budget(typical, kind)
    result = found(space, num=5, budget=budget)
    assert all(budget.contains(getattr(model, kind)) for model in result.models)
    assert budget.contains(getattr(result.stages[0], kind))


@pytest.mark.slow
def test_a_budget_out_of_reach_names_the_range(space):
    with pytest.raises(ValueError, match=r"budgets\[0\]: no network of space regnet_y_small .*"
                       r"networks range from [\d.]+k to [\d.]+M"):  # fmt: skip
        found(space, budget=Budget(9e9))


def test_latency_needs_a_table(space):
    with pytest.raises(ValueError, match="latency needs a table"):
        found(space, budget=Budget(1e-3, "latency"))


@pytest.mark.slow
def test_latency_is_a_budget_with_a_table(space):
    """A device that takes a nanosecond for two numbers read."""
    timed = space.with_latency(LatencyTable(settings="fake", parts=reading_time(space)))
    drawn = Population.unscaled(timed.sample_genomes(generator(0, "drawn"), 500))
    budget = Budget(float(np.median(timed.costs(drawn, "latency"))), "latency")
    result = found(timed, num=5, budget=budget)
    for model in result.models:
        seconds = timed.latency.of(timed.path(model.genome).architecture)
        assert budget.contains(seconds)
    assert result.stages[0].gap == budget.gap(timed.latency.of(result.stages[0].architecture))
    with pytest.raises(ValueError, match=r"budgets\[0\]: no .* 9s latency; .* from .*s to .*s"):
        found(timed, budget=Budget(9.0, "latency"))


def reading_time(space):
    genomes = space.sample_genomes(generator(0, "parts"), 60)
    works = {work for row in genomes for work in works_of(space.path(row).architecture)}
    return {work: 5e-10 * dict(work.terms)["input"] for work in works}


@pytest.mark.parametrize("num", [1, 7, 50])
def test_distributions_against_numpy(num):
    values = np.random.default_rng(num).integers(0, 9, num) / 10
    distinct, shares = empirical_distribution(values)
    ordered = np.sort(values)
    assert distinct == np.unique(values).tolist()
    expected = np.searchsorted(ordered, distinct, side="right") / num
    assert shares == pytest.approx(expected.tolist())
    assert shares[-1] == 1


def test_a_distribution_of_nothing():
    with pytest.raises(ValueError, match="no values"):
        empirical_distribution([])
