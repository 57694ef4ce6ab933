"""Sizes of members in runs without budgets: expected before the search, found after it."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest

from escalade.api import sizes
from escalade.api.run_folder import RunFolder
from escalade.config import resolve
from escalade.core.space.population import Population
from escalade.family.family import Accuracy, FamilyMember
from escalade.spaces.load import load

SPACE = load("scarlet_small", factors=(1.0,), in_channels=1, num_classes=10)


def configured(**search):
    settings = {"data": "demo", "space": "scarlet_small", "grow": {"num": 2}}
    return resolve(settings, {"search": search})


def ends():
    genomes = np.stack([SPACE.smallest, SPACE.largest])
    return SPACE.costs(Population(genomes, np.repeat(SPACE.base_triple[None], 2, axis=0)))


def test_expected_sizes_reach_over_the_space():
    low, high = ends()
    budgets = sizes.expected(configured(), SPACE).budgets
    assert len(budgets) == 3
    assert low <= budgets[0] < 0.4 * high
    assert high >= budgets[-1] > 0.8 * high
    assert math.isclose(budgets[1], (budgets[0] + budgets[2]) / 2)


def test_expected_sizes_keep_to_the_constraints():
    limits = ["macs < 2M", "accuracy > 0.4", "macs > 1M"]
    budgets = sizes.expected(configured(constraints=limits, members=4), SPACE).budgets
    assert len(budgets) == 4
    assert 1e6 < budgets[0] < budgets[-1] < 2e6
    costs, share = sizes.allowed_costs(configured(constraints=limits), SPACE)
    assert 0 < share < 0.7
    assert 1e6 < costs.min() < costs.max() < 2e6


def test_one_member_is_in_the_middle():
    low, high = ends()
    (budget,) = sizes.expected(configured(members=1), SPACE).budgets
    assert low < budget < high


def test_constraints_that_no_drawn_path_meets_leave_the_nearest():
    low, _ = ends()
    costs, share = sizes.allowed_costs(configured(constraints=[f"macs < {low}"]), SPACE)
    assert share == 0
    assert costs.min() < 2 * low


def test_given_budgets_stay():
    config = resolve({"budgets": "1M,2M", "space": "scarlet_small"})
    assert sizes.expected(config, SPACE) is config
    assert sizes.found(config, RunFolder("nowhere")) is config
    assert sizes.num_members(config) == 2


def test_found_sizes_and_the_members_beyond_them(tmp_path):
    """The largest member is doubled, whatever ratio the chosen ones stand in."""
    stages = [{"budget": cost} for cost in (1e6, 1.2e6, 1.3e6)]
    (tmp_path / "search.json").write_text(json.dumps({"stages": stages}))
    config = sizes.found(configured(), RunFolder(tmp_path))
    assert config.budgets == [1e6, 1.2e6, 1.3e6]
    assert [budget.target for budget in config.grown] == [2.6e6, 5.2e6]
    assert config.ladder.stage(2.6e6) == pytest.approx(math.log2(2.6))


def test_members_of_equal_cost_make_one_rung(tmp_path):
    stages = [{"budget": cost} for cost in (1e6, 1e6, 2e6)]
    (tmp_path / "search.json").write_text(json.dumps({"stages": stages}))
    assert sizes.found(configured(), RunFolder(tmp_path)).budgets == [1e6, 2e6]


def test_a_run_that_was_not_searched(tmp_path):
    with pytest.raises(ValueError, match="escalade search"):
        sizes.found(configured(), RunFolder(tmp_path))


def member(macs, budget):
    return FamilyMember(
        name="S0", stage=0, origin="searched", weights="sliced", budget=budget, macs=macs,
        params=9_000, activations=1, resolution=28, accuracy=Accuracy(), folder="S0",
    )  # fmt: skip


def test_limits_that_a_costlier_slice_misses():
    limits = ["macs < 2M", "params > 9k", "accuracy > 0.4"]
    config = configured(constraints=limits)
    assert sizes.missed_limits(config, member(1_999_999, 1.9e6)) == ["params > 9k"]
    assert sizes.missed_limits(config, member(2_000_000, 1.9e6)) == ["macs < 2M", "params > 9k"]


def test_budgets_that_a_costlier_slice_misses():
    config = resolve({"budgets": "1M,2M", "space": "scarlet_small", "tolerance": 0.1})
    assert sizes.missed_limits(config, member(2_190_000, 2e6)) == []
    told = "the budget of 2M macs within 10%"
    assert sizes.missed_limits(config, member(2_210_000, 2e6)) == [told]
    assert sizes.missed_limits(config, member(1_790_000, 2e6)) == [told]
