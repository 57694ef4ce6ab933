"""Networks at every budget without a score."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from escalade.core.network import cost
from escalade.core.numbers.budget import Budget
from escalade.search.joint.plainest import Plainest
from escalade.spaces import load


@pytest.mark.parametrize(
    ("name", "targets"),
    [("small", (5e5, 1e6, 2e6)), ("bignas_small", (1e6, 2e6)), ("scarlet_small", (1e6, 2e6))],
)
def test_the_plainest_networks_meet_all_budgets_without_a_score(name, targets):
    factors = [target / targets[0] for target in targets]
    budgets = [Budget(target, "macs", 0.05) for target in targets]
    search = Plainest(load.load(name, factors=factors), budgets=budgets, seed=0, num_images=100)
    assert len(search.ask()) == 0
    found = search.result()
    for stage, budget in zip(found.stages, budgets, strict=True):
        assert budget.contains(cost.of(stage.architecture).macs)
        assert (stage.score, stage.standard_error, stage.tied) == (None, None, ())
    assert (found.evaluations.asked, found.iterations) == (0, ())


def test_the_base_is_the_plain_one_where_that_meets_them():
    space = load.load("small", factors=(1.0, 2.0))
    own = cost.of(replace(space.layout.plain_base, resolution=24)).macs
    budgets = [Budget(target, "macs", 0.05) for target in (own, 2 * own)]
    base = Plainest(space, budgets=budgets, seed=0, num_images=100)
    base.ask()
    network = base.result().stages[0].architecture
    plain = space.layout.plain_base
    assert (network.widths, network.depths) == (plain.widths, plain.depths)
    assert np.unique([b.kernel for s in network.stages for b in s.blocks]).tolist() == [3]
