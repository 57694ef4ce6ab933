"""A plan promises grown members only where the run will grow some."""

from __future__ import annotations

import pytest

from escalade import api
from escalade.api import timing
from escalade.api.timing import Timing

TIMING = Timing(path=2e-3, fixed=0.0, per_mac=5e-10, processes=2, alone=1.0, peak_memory=0)


@pytest.mark.parametrize(
    ("settings", "grown"),
    [
        ({"budgets": "0.4M,0.8M"}, [1.6e6, 3.2e6]),
        ({"budgets": "0.4M"}, []),
        ({"budgets": "0.4M,0.8M", "search": {"method": "independent"}}, []),
    ],
)
def test_members_that_will_be_grown(monkeypatch, settings, grown):
    timed = []

    def time_run(config, *_):
        timed.append(config)
        return TIMING

    monkeypatch.setattr(timing, "time_run", time_run)
    given = {"data": "demo", "dataset": {"limit": 200}, "space": "small", "grow": {"num": 2}}
    plan = api.plan([given, settings, {"hours": 1}])
    assert plan.to_json()["grown"] == grown
    assert [budget.target for budget in timed[0].grown] == grown
    assert ("none is grown" in plan.text(command="")) == (not grown)
    assert plan.config.grow.num == 2  # what the run is told stays what the user said
