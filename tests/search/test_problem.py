from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from escalade.core.latency.latency_table import LatencyTable
from escalade.core.network import cost
from escalade.core.numbers.budget import Budget
from escalade.core.space.path import Population
from escalade.search.operators.bases import draw_bases
from escalade.search.operators.starts import draw_pairs
from escalade.search.problem import Problem
from part_times import measured


@pytest.fixture(scope="session")
def problem(space, budgets):
    return Problem.of(space, budgets=budgets)


@pytest.fixture(scope="session")
def bases(problem):
    return draw_bases(problem, num=30, rng=np.random.default_rng(0))


def test_drawn_bases_are_distinct_and_legal(problem, bases):
    assert len(np.unique(bases, axis=0)) == 30
    assert (problem.space.repair(bases) == bases).all()
    for genome in bases:
        macs = cost.of(problem.space.path(genome, problem.space.base_triple).architecture).macs
        assert problem.budgets[0].contains(macs)
    for stage in (1, 2):
        assert problem.feasible(bases, stage=stage).any(axis=1).all()


def test_feasible_is_the_cost_of_the_built_value(problem, bases):
    inside = problem.feasible(bases[:3], stage=1)
    for i, genome in enumerate(bases[:3]):
        for k, triple in enumerate(problem.strategies(1)):
            macs = cost.of(problem.space.path(genome, triple).architecture).macs
            assert inside[i, k] == problem.budgets[1].contains(macs)


@settings(
    max_examples=30,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(stage=st.integers(1, 2), pick=st.integers(0, 10**6))
def test_nearest_is_feasible_keeps_what_is_right_and_is_nearest(problem, bases, stage, pick):
    strategies = problem.strategies(stage)
    wanted = strategies[pick % len(strategies)]
    inside = problem.feasible(bases, stage=stage)
    chosen = problem.nearest(bases, stage=stage, wanted=wanted)
    distance = np.linalg.norm(
        problem.coordinates(strategies) - problem.coordinates(wanted[None]), axis=1
    )
    for i, triple in enumerate(chosen):
        at = int(np.flatnonzero((strategies == triple).all(axis=1))[0])
        assert inside[i, at]
        assert distance[at] == distance[inside[i]].min()
        if inside[i, pick % len(strategies)]:
            assert (triple == wanted).all()


def test_stage_0_has_only_the_base(problem):
    assert (problem.strategies(0) == problem.space.base_triple).all()


def test_default_weights_leave_the_base_out(space, budgets):
    assert Problem.of(space, budgets=budgets).weights == (0.0, 0.5, 0.5)
    assert Problem.of(space, budgets=budgets[:1]).weights == (1.0,)
    assert Problem.of(space, budgets=budgets, pi=[1, 1, 2]).weights == (0.25, 0.25, 0.5)


@pytest.mark.parametrize("pi", [[1, 1], [0, 0, 0], [1, -1, 1], [np.nan, 1, 1]])
def test_wrong_weights_are_refused(space, budgets, pi):
    with pytest.raises(ValueError, match="pi: "):
        Problem.of(space, budgets=budgets, pi=pi)


def test_more_budgets_than_stages_are_refused(published):
    budgets = [Budget(4e8 * 2**j) for j in range(5)]
    with pytest.raises(ValueError, match="5 given, but space scalenet has 4"):
        Problem.of(published, budgets=budgets)


def test_latency_needs_a_table_and_uses_it(space):
    def under_base(genomes):
        return Population(genomes, np.repeat(space.base_triple[None], len(genomes), axis=0))

    drawn = under_base(space.sample_genomes(np.random.default_rng(0), 120))
    networks = [path.architecture for path in space.paths(drawn)]
    timed = space.with_latency(LatencyTable(settings="fake", parts=measured(networks)))
    budgets = [Budget(float(np.median(timed.costs(drawn, "latency"))), "latency")]
    with pytest.raises(ValueError, match="needs a table"):
        Problem.of(space, budgets=budgets)
    bases = draw_bases(Problem.of(timed, budgets=budgets), num=5, rng=np.random.default_rng(0))
    seconds = timed.costs(under_base(bases), "latency")
    assert all(budgets[0].contains(each) for each in seconds)


@pytest.mark.parametrize("target", [1e4, 1e9])
def test_an_impossible_base_budget_tells_the_range(space, target):
    problem = Problem.of(space, budgets=[Budget(target)])
    with pytest.raises(ValueError, match=r"budgets\[0\]: no network .* base networks range from"):
        draw_bases(problem, num=1, rng=np.random.default_rng(0))
    with pytest.raises(ValueError, match=r"budgets\[0\]: no network .* networks range from"):
        draw_pairs(
            problem, strategies=problem.strategies(0), stage=0, num=1, rng=np.random.default_rng(0)
        )


@pytest.mark.slow
def test_an_impossible_stage_tells_which_and_its_range(published):
    problem = Problem.of(published, budgets=[Budget(4e8), Budget(3e9)])
    with pytest.raises(ValueError, match=r"budgets\[1\]: .* stage 1 of bases at 400M range from"):
        draw_bases(problem, num=1, rng=np.random.default_rng(0))


def test_limits_hold_beside_budgets(space, budgets):
    free = draw_bases(Problem.of(space, budgets=budgets), num=40, rng=np.random.default_rng(0))
    peaks = [cost.of(space.path(genome).architecture).memory_int8 for genome in free]
    limit = float(np.quantile(peaks, 0.3))
    limited = Problem.of(space.with_limits({"memory_int8": limit}), budgets=budgets)
    bases = draw_bases(limited, num=10, rng=np.random.default_rng(0))
    strategies = limited.strategies(1)
    for genome, inside in zip(bases, limited.feasible(bases, stage=1), strict=True):
        assert cost.of(space.path(genome).architecture).memory_int8 <= limit
        for triple, fits in zip(strategies, inside, strict=True):
            found = cost.of(space.path(genome, triple).architecture)
            kept = budgets[1].contains(found.macs) and found.memory_int8 <= limit
            assert fits == kept


def test_a_limit_below_every_network_tells_the_range(space):
    with pytest.raises(ValueError, match=r"limits.memory: 1kB is below .* unscaled ones have .*kB"):
        space.with_limits({"memory": 1e3})


def test_budgets_far_out_are_found_by_guiding(space):
    genomes = space.sample_genomes(np.random.default_rng(1), 20000)
    macs = space.costs(Population(genomes, np.repeat(space.base_triple[None], 20000, axis=0)))
    budget = Budget(float(macs.min()) * 0.85, tolerance=0.02)
    problem = Problem.of(space, budgets=[budget])
    bases = draw_bases(problem, num=8, rng=np.random.default_rng(0))
    assert problem.legal(bases).all()
