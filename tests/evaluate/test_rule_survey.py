"""Latency tables of scaled networks on a made-up device whose latencies add up."""

from __future__ import annotations

import numpy as np
import pytest

from additive_device import Additive
from escalade.core.network import cost
from escalade.core.numbers.budget import Budget, Ladder
from escalade.core.numbers.seeds import generator
from escalade.core.scaling.hybrid import scale_to
from escalade.core.scaling.scale_by import scale
from escalade.core.scaling.solve_factor import solve_factor
from escalade.core.space.path import Population
from escalade.evaluate.timing import rule_survey
from escalade.evaluate.timing.rule_survey import survey_alone, survey_scaled
from escalade.spaces import known
from escalade.spaces.load import load

LADDER = Ladder(tuple(Budget(seconds, "latency") for seconds in (1.2e-3, 2.4e-3)))


def small(name: str):
    """A known network at a quarter of its resolution and half of its width."""
    base = known.load(name)
    return scale(scale(base, "r", 1 / 16), "w", 1 / 4)


def truth(network) -> float:
    from escalade.nets.build import build

    shape = (network.in_channels, network.resolution, network.resolution)
    return Additive(overhead=1e-4)([(build(network).eval(), shape)])[0]


@pytest.fixture(scope="module", params=["efficientnet_b0", "regnet_z_500mf"])
def scaled(request):
    base = small(request.param)
    timer = Additive(overhead=1e-4)
    table = survey_scaled(base, rule="dWr", low=0.7, high=6.0, timer=timer, settings="fake")
    return base, table


@pytest.mark.slow
def test_networks_of_any_rule_between_the_factors_are_predicted(scaled):
    base, table = scaled
    assert table.check.worst < 0.02
    for rule, factor in (("dWr", 1.0), ("dWr", 4.0), ("w", 3.0), ("d", 3.0), ("dwr", 5.0)):
        network = scale(base, rule, factor)
        assert table.of(network) == pytest.approx(truth(network), rel=0.03), (rule, factor)


@pytest.mark.slow
def test_both_ends_and_the_base_are_measured_whole(scaled):
    base, table = scaled
    whole = [network for network, _ in (*table.calibration, *table.checked)]
    assert base in whole
    ratios = [cost.of(network).macs / cost.of(base).macs for network in whole]
    assert min(ratios) < 0.85
    assert max(ratios) > 3.5
    fitted = {network.key for network, _ in table.calibration}
    assert not fitted & {network.key for network, _ in table.checked}
    assert len(whole) > 0.8 * rule_survey.NUM_WHOLE


@pytest.mark.slow
def test_a_factor_is_found_for_a_latency(scaled):
    base, table = scaled
    target = 2.5 * truth(base)
    solved = solve_factor(base, "dWr", target, "latency", cost_of=table.of)
    assert truth(solved.architecture) == pytest.approx(target, rel=0.06)


@pytest.mark.slow
def test_a_design_space_is_predicted_at_its_budgets():
    space = load("regnet_y_small").with_data(in_channels=1, num_classes=10)
    timer = Additive(overhead=1e-4)
    table = survey_alone(
        space, ladder=LADDER, num_grown=1, rule="dWr", timer=timer, settings="fake"
    )
    whole = [network.key for network, _ in (*table.calibration, *table.checked)]
    assert len(set(whole)) == len(whole)
    assert len(table.checked) == 20
    assert table.check.median < 0.01
    assert table.check.worst < 0.05
    timed = space.with_latency(table)
    genomes = timed.sample_genomes(generator(3, "drawn"), 4000)
    seconds = timed.costs(Population.unscaled(genomes), "latency")
    near = genomes[np.argsort(np.abs(seconds - LADDER.budgets[0].target))[:3]]
    for row in near:
        base = timed.path(row).architecture
        assert truth(base) == pytest.approx(1.2e-3, rel=0.05)
        for budget in (LADDER.budgets[1], LADDER.grown(1)[0]):
            made = scale_to(base, rule="dWr", budget=budget, stage=1.0, cost_of=table.of)
            assert truth(made.architecture) == pytest.approx(budget.target, rel=0.1)


@pytest.mark.slow
def test_memory_bounds_what_is_measured_whole(monkeypatch):
    base = small("efficientnet_b0")
    monkeypatch.setattr(rule_survey, "MOST_PARAMS", 8 * cost.of(base).params)
    timer = Additive()
    table = survey_scaled(base, rule="w", low=0.8, high=4.0, timer=timer, settings="fake")
    whole = [network for network, _ in (*table.calibration, *table.checked)]
    assert 4 <= len(whole) < 10
    ratios = [cost.of(network).macs / cost.of(base).macs for network in whole]
    assert min(ratios) < 1 < 3 < max(ratios)
