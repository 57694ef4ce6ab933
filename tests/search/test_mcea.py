from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from escalade.core.network import cost
from escalade.core.network.architecture import Architecture
from escalade.core.numbers.budget import Budget
from escalade.core.numbers.statistics import difference_standard_error
from escalade.core.space.path import Population
from escalade.core.values.codec import encode
from escalade.search import MCEA, Evolution, IndependentSearch, RandomSearch, drive
from escalade.search.joint.strategy_search import _effects

QUICK = Evolution(population=8, generations=3)
SEARCHES = {
    "mcea": lambda space, **kw: MCEA(space, num_bases=5, iterations=2, evolution=QUICK, **kw),
    "random": lambda space, **kw: RandomSearch(space, num_evaluations=120, **kw),
    "independent": lambda space, **kw: IndependentSearch(space, evolution=QUICK, **kw),
}


@pytest.fixture(params=list(SEARCHES))
def make(request, space, budgets):
    def searcher(seed: int = 0, **options):
        chosen = {"space": space, "budgets": budgets, "num_images": 5000} | options
        return SEARCHES[request.param](chosen.pop("space"), seed=seed, **chosen)

    return searcher


@pytest.mark.slow
@settings(
    max_examples=3,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(seed=st.integers(0, 10**6))
def test_every_asked_path_is_legal_in_budget_and_new(make, space, budgets, seed):
    searcher, rng, seen = make(seed), np.random.default_rng(seed), set()
    while len(population := searcher.ask()):
        assert (space.repair(population.genomes) == population.genomes).all()
        for genome, strategy in zip(population.genomes, population.strategies, strict=True):
            path = space.path(genome, strategy)
            macs = cost.of(path.architecture).macs
            assert any(budget.contains(macs) for budget in budgets)
            assert path.key not in seen
            seen.add(path.key)
        searcher.tell(rng.random(len(population)))
    result = searcher.result()
    assert result.evaluations.distinct == len(seen)
    assert result.evaluations.asked >= result.evaluations.distinct


def test_a_replay_asks_the_same_and_finds_the_same(make, landscape):
    first, asked = make(), []
    while len(population := first.ask()):
        asked.append((population, landscape(population)))
        first.tell(asked[-1][1])
    again = make()
    for population, scores in asked:
        replayed = again.ask()
        assert (replayed.genomes == population.genomes).all()
        assert (replayed.strategies == population.strategies).all()
        again.tell(scores)
    assert len(again.ask()) == 0
    assert again.result() == first.result()


def test_seeds_differ(make, landscape):
    assert drive(make(0), score=landscape) != drive(make(1), score=landscape)


def test_result_agrees_with_itself_and_its_json(make, landscape, space, budgets):
    result = drive(make(), score=landscape)
    data = json.loads(json.dumps(encode(result), allow_nan=False))
    assert list(data) == [
        "searcher", "seed", "budget_kind", "space", "pi", "base", "stages", "iterations",
        "evaluations", "divisors",
    ]  # fmt: skip
    assert data["base"]["resolution"] == result.base.resolution
    for j, (stage, found) in enumerate(zip(data["stages"], result.stages, strict=True)):
        architecture = Architecture.from_json(stage["architecture"])
        assert architecture == space.path(found.genome, found.strategy).architecture
        assert stage["macs"] == cost.of(architecture).macs
        assert stage["gap"] == pytest.approx(stage["macs"] / budgets[j].target - 1)
        assert abs(stage["gap"]) <= 0.05
        score = landscape.true(Population(np.array([found.genome]), np.array([found.strategy])))
        assert stage["score"] == pytest.approx(float(score[0]))
        assert stage["tied"][0] == stage["scaling"] | {
            "score": stage["score"], "architecture": stage["architecture"],
        }  # fmt: skip
    for record in data["iterations"]:
        assert record["best"] >= record["mean"]
        assert record["num"] >= 1


@pytest.mark.parametrize("pi", [None, [1, 0, 1]])
def test_mcea_shares_one_base_and_random_too(space, budgets, landscape, pi):
    for name in ("mcea", "random"):
        searcher = SEARCHES[name](space, budgets=budgets, seed=3, num_images=5000, pi=pi)
        result = drive(searcher, score=landscape)
        assert len({stage.genome for stage in result.stages}) == 1
        assert result.stages[0].scaling.to_json() == {"depth": 1, "width": 1, "resolution": 1}
        assert result.fitness == pytest.approx(
            sum(w * s.score for w, s in zip(result.pi, result.stages, strict=True))
        )


def test_random_search_stays_within_its_evaluations(space, budgets, landscape):
    for num in (3, 50, 200):
        searcher = RandomSearch(
            space, budgets=budgets, seed=0, num_images=5000, num_evaluations=num
        )
        assert num - 3 < drive(searcher, score=landscape).evaluations.distinct <= num
    with pytest.raises(ValueError, match="num_evaluations: 2"):
        RandomSearch(space, budgets=budgets, seed=0, num_images=5000, num_evaluations=2)


@pytest.mark.slow
@pytest.mark.parametrize("noise", [0.0, 0.002])
def test_mcea_beats_random_search_at_equal_evaluations(space, budgets, make_landscape, noise):
    ahead = []
    for seed in range(3):
        landscape = make_landscape(space, seed=seed, noise=noise)
        options = {"budgets": budgets, "seed": seed, "num_images": 5000}
        settings = Evolution(population=16, generations=8)
        found = drive(
            MCEA(space, num_bases=5, iterations=2, evolution=settings, **options), score=landscape
        )
        num = found.evaluations.distinct
        other = drive(
            RandomSearch(space, num_evaluations=num, **options),
            score=landscape,
        )
        ahead.append(fitness(landscape, found) - fitness(landscape, other))
    assert min(ahead) > 0
    assert np.mean(ahead) > 0.003


def fitness(landscape, result) -> float:
    chosen = [s for s, weight in zip(result.stages, result.pi, strict=True) if weight]
    population = Population(
        np.array([s.genome for s in chosen]), np.array([s.strategy for s in chosen])
    )
    return float(landscape.true(population).mean())


@pytest.mark.slow
def test_rounds_never_lose_what_they_found(space, budgets, landscape):
    """The chain keeps its best family: fitness rises with T, given the same seed and scores."""
    found = [
        drive(
            MCEA(space, budgets=budgets, seed=1, num_images=5000, num_bases=5, iterations=t,
                 evolution=QUICK),
            score=landscape,
        ).fitness
        for t in (1, 2, 4)
    ]  # fmt: skip
    assert found == sorted(found)
    assert found[-1] > found[0]


def test_strategies_are_the_best_of_all_for_the_final_base(space, budgets, landscape):
    result = drive(
        SEARCHES["mcea"](space, budgets=budgets, seed=0, num_images=5000), score=landscape
    )
    genome = np.array(result.stages[0].genome)
    for stage in result.stages[1:]:
        strategies = space.strategies(stage.stage)
        paths = Population(np.repeat(genome[None], len(strategies), axis=0), strategies)
        inside = np.abs(space.costs(paths) / stage.budget - 1) <= 0.05
        scores = landscape.true(paths)[inside]
        assert stage.score == scores.max()
        margin = difference_standard_error(stage.score, num_images=5000)
        assert len(stage.tied) == (scores >= stage.score - margin).sum()


def test_many_strategies_are_evolved_within_the_limit(space, budgets, make_landscape):
    wide = tuple(Budget(b.target, tolerance=0.3) for b in budgets)
    found = {}
    for most in (8, 500):
        landscape = make_landscape(space, seed=5)
        searcher = MCEA(
            space, budgets=wide, seed=0, num_images=5000, num_bases=3, iterations=1,
            evolution=QUICK, strategies_per_stage=most,
        )  # fmt: skip
        result = drive(searcher, score=landscape)
        found[most] = result
        per_stage = [r.num for r in result.iterations if r.phase == "strategy" and r.stage == 2]
        initial = [r for r in result.iterations if r.phase == "initial" and r.stage == 2]
        assert sum(per_stage) <= most
        assert initial[0].num <= 3 * most
    assert found[8].evaluations.distinct < found[500].evaluations.distinct
    many = [r.num for r in found[500].iterations if r.phase == "strategy" and r.stage == 2]
    assert len(many) == 1
    assert many[0] > 8


def test_records_tell_every_round_phase_and_stage(space, budgets, landscape):
    result = drive(
        MCEA(space, budgets=budgets, seed=0, num_images=5000, num_bases=5, iterations=2,
             evolution=QUICK), score=landscape,
    )  # fmt: skip
    seen = {(r.iteration, r.phase, r.stage) for r in result.iterations}
    rounds = {(t, "base", stage) for t in (1, 2) for stage in (None, 1, 2)}
    rounds |= {(t, "strategy", stage) for t in (1, 2) for stage in (1, 2)}
    assert seen == rounds | {(0, "initial", 1), (0, "initial", 2)}


def test_one_budget_searches_the_base_alone(space, budgets, landscape):
    result = drive(
        SEARCHES["mcea"](space, budgets=budgets[:1], seed=0, num_images=100), score=landscape
    )
    assert result.pi == (1.0,)
    assert len(result.stages) == 1


def test_the_published_space(published, make_landscape):
    budgets = [Budget(4e8 * 2**j) for j in range(4)]
    landscape = make_landscape(published)
    result = drive(
        SEARCHES["mcea"](published, budgets=budgets, seed=0, num_images=5000), score=landscape
    )
    assert all(abs(stage.gap) <= 0.05 for stage in result.stages)
    assert all(
        stage.strategy in map(tuple, published.strategies(stage.stage).tolist())
        for stage in result.stages
    )
    assert result.evaluations.distinct < result.evaluations.asked


def test_the_independent_search_is_free_of_the_shared_base(space, budgets, landscape):
    settings = Evolution(population=16, generations=6)
    searcher = IndependentSearch(
        space, budgets=budgets, seed=0, num_images=5000, evolution=settings
    )
    result = drive(searcher, score=landscape)
    assert len({stage.genome for stage in result.stages}) > 1
    phases = [(r.phase, r.stage) for r in result.iterations]
    assert phases == [("base", stage) for stage in range(3) for _ in range(6)]


@pytest.mark.parametrize(
    "settings",
    [{"population": 1}, {"generations": 0}, {"crossover": 1.5}, {"mutation": 0}, {"pressure": 0.5}],
)
def test_wrong_settings_are_refused(settings):
    with pytest.raises(ValueError, match=r"evolution"):
        Evolution(**settings)


def test_a_budget_no_network_meets_is_told_at_the_first_ask(make):
    with pytest.raises(ValueError, match="range from"):
        make(budgets=[Budget(1e3), Budget(2e3)]).ask()


def test_complete_data_rank_by_the_mean_over_bases():
    rng = np.random.default_rng(0)
    table = rng.random((5, 4))
    rows, picks = np.indices(table.shape).reshape(2, -1)
    effects = _effects(rows, picks, table.ravel())
    assert np.argsort(effects).tolist() == np.argsort(table.mean(axis=0)).tolist()
    # The ridge shrinks the centred means by n / (n + 1).
    centred = table.mean(axis=0) - table.mean()
    assert effects == pytest.approx(centred * 5 / 6, abs=1e-9)


def test_a_strategy_does_not_win_through_better_bases():
    # Base 0 is much better, and only strategy 1 is feasible for it; strategy 0 is the better one.
    scores = {(0, 1): 0.90, (1, 0): 0.62, (1, 1): 0.60, (2, 0): 0.52, (2, 1): 0.50}
    rows, picks = np.array(list(scores)).T
    values = np.array(list(scores.values()))
    effects = _effects(rows, picks, values)
    assert values[picks == 1].mean() > values[picks == 0].mean()
    assert effects[0] > effects[1]
