from __future__ import annotations

import pytest

from escalade.core.network import cost
from escalade.core.network.architecture import Architecture
from escalade.core.numbers.budget import Budget
from escalade.core.values.codec import encode
from escalade.search.growing.fitted import compare
from escalade.spaces import known


@pytest.fixture(scope="module")
def base() -> Architecture:
    return known.load("efficientnet_b0")


@pytest.mark.parametrize("kind", ["macs", "params", "activations"])
def test_networks_of_rules_meet_the_budget(base, kind):
    target = 4 * getattr(cost.of(base), kind)
    made = compare(base, rules=["dWr", "w"], budget=Budget(target, kind), stage=2.0)
    assert [each.rule for each in made] == ["dWr", "w"]
    for each in made:
        found = encode(each)
        assert found["note"] == ""
        assert abs(found[kind] / target - 1) <= 0.05
        assert found["gap"] == pytest.approx(found[kind] / target - 1)
        counts = cost.of(Architecture.from_json(found["architecture"]))
        assert (found["macs"], found["params"]) == (counts.macs, counts.params)
        assert "latency" not in found


@pytest.mark.slow
def test_at_equal_macs_width_costs_fewer_activations(base):
    """The paper's point: dWr has fewer than dwr (Fast and Accurate Model Scaling, Table 4)."""
    budget = Budget(8 * cost.of(base).macs)
    fast, uniform = compare(base, rules=["dWr", "dwr"], budget=budget, stage=3.0)
    assert encode(fast)["activations"] < 0.8 * encode(uniform)["activations"]
    assert encode(fast)["scaling"]["width"] > encode(uniform)["scaling"]["width"]


def test_a_latency_budget_is_solved_for_with_the_table(base):
    def seconds(architecture: Architecture) -> float:
        return 1e-3 + 1e-9 * cost.of(architecture).activations

    target = 2 * seconds(base)
    (made,) = compare(
        base,
        rules=["dwr"],
        budget=Budget(target, "latency"),
        stage=1.0,
        latency_of=seconds,
    )
    assert encode(made)["latency"] == pytest.approx(target, rel=0.05)


@pytest.mark.slow
def test_a_rule_that_cannot_meet_the_budget_says_so(base):
    budget = Budget(1.37 * cost.of(base).params, "params", 1e-6)
    (made,) = compare(base, rules=["r"], budget=budget, stage=0.5)
    found = encode(made)
    assert set(found) == {"rule", "note"}
    assert "use another rule" in found["note"]
