"""Scaling the best network of a design space to other budgets."""

from __future__ import annotations

import pytest

from escalade.core.network import cost
from escalade.core.numbers.budget import Budget
from escalade.core.numbers.seeds import generator
from escalade.core.scaling.hybrid import scale_to
from escalade.core.scaling.rules import rule
from escalade.core.scaling.solve_factor import solve_factor
from escalade.search.alone.random_models import draw_models
from escalade.spaces import known
from escalade.spaces.load import load


def bases(name, target, num):
    space = load(name).with_data(in_channels=1, num_classes=10)
    genomes = draw_models(space, budget=Budget(target), num=num, rng=generator(0, "hybrid"))
    return [space.path(genome).architecture for genome in genomes]


def test_a_published_network_is_scaled_as_the_factor_says():
    """RegNetZ-500MF by a factor near 8.1 is the paper's 4GF network (Table 7)."""
    base = known.load("regnet_z_500mf")
    made = scale_to(base, rule="dWr", budget=Budget(4e9), stage=3.0, name="S3")
    solved = solve_factor(base, "dWr", 4e9)
    assert made.architecture.key == solved.architecture.key
    assert made.architecture.name == "S3"
    assert made.solved == rule("dWr", solved.factor)
    assert made.predicted == rule("dWr", 8.0)
    assert made.gap == pytest.approx(cost.of(made.architecture).macs / 4e9 - 1)
    assert made.interval is None


@pytest.mark.slow
@pytest.mark.parametrize("name", ["regnet_y_small", "regnet_z_small"])
@pytest.mark.parametrize("factor", [1.5, 2.0, 4.0])
def test_small_networks_meet_budgets_that_rounding_jumps_over(name, factor):
    budget, jumped = Budget(1e6 * factor), 0
    for base in bases(name, 1e6, 4):
        try:
            solve_factor(base, "dWr", budget.target)
        except ValueError:
            jumped += 1
        made = scale_to(base, rule="dWr", budget=budget, stage=1.0)
        assert budget.contains(cost.of(made.architecture).macs)
        assert len(made.architecture.stages) == len(base.stages)
    if factor < 4:
        assert jumped, "the test is to cover such budgets"


@pytest.mark.parametrize("kind", ["params", "activations", "memory", "memory_int8"])
def test_other_kinds_of_budgets(kind):
    for base in bases("regnet_y_small", 1e6, 2):
        budget = Budget(2.5 * getattr(cost.of(base), kind), kind)
        made = scale_to(base, rule="dwr", budget=budget, stage=1.3)
        assert budget.contains(getattr(cost.of(made.architecture), kind))


@pytest.mark.slow
def test_a_budget_out_of_reach_is_named():
    base = bases("regnet_y_small", 1e6, 1)[0]
    tight = Budget(3.456789e6, tolerance=1e-6)
    with pytest.raises(
        ValueError, match=r"budgets: 3.457M macs: .*nearest: .* below .* and .* above"
    ):
        scale_to(base, rule="w", budget=tight, stage=1.8)
