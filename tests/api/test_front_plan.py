"""The plan of a run without budgets: what its front may cost, and a schedule for it."""

from __future__ import annotations

import pytest

from escalade import api
from escalade.api import timing
from escalade.api.timing import Timing

# Two thousand images a second at a million macs.
TIMING = Timing(path=2e-3, fixed=0.0, per_mac=5e-10, processes=2, alone=1.0, peak_memory=0)
FRONT = {"data": "demo", "space": "scarlet_small"}


@pytest.fixture
def sized(monkeypatch):
    """The configurations that members are timed with."""
    seen = []

    def time_run(config, *_):
        seen.append(config)
        return TIMING

    monkeypatch.setattr(timing, "time_run", time_run)
    return seen


def plan(*layers):
    return api.plan([FRONT, *layers])


def test_what_a_front_may_cost(sized):
    limits = ["macs < 2M", "accuracy > 0.4"]
    made = plan({"search": {"constraints": limits, "members": 4}, "grow": {"num": 2}})
    front = made.to_json()["front"]
    assert (front["members"], front["constraints"]) == (4, limits)
    assert 0 < front["min"] < front["mean"] < front["max"] < 2e6
    assert 0 < front["share"] < 1
    assert (made.to_json()["stages"], made.to_json()["grown"]) == ([], [])
    (config,) = sized
    assert len(config.budgets) == 4
    assert config.grown[-1].target == 4 * config.budgets[-1]
    text = made.text(command="next")
    assert "S0 to S3: 4 equispaced on the front of error, macs, -params" in text
    assert "where macs < 2M and accuracy > 0.4" in text
    assert " scores, and those that accuracy > 0.4 rejects)" in text
    assert " scores at most)" in plan({"search": {"constraints": limits[:1]}}).text(command="next")
    assert "S5  twice the macs of S4: the largest searched member scaled by dWr" in text


def test_the_schedule_is_fitted_and_budgets_stay_away(sized):
    made = plan({"hours": 1.0})
    assert made.config.fitted
    assert made.config.budgets == []
    assert made.config.search.members is None
    search = made.config.search
    assert search.population * search.generations == made.estimate.evaluations
    assert made.estimate.total == pytest.approx(3600, rel=0.1)


def test_with_budgets_there_is_no_front(sized):
    made = plan({"budgets": "1M,2M", "grow": {"num": 0}})
    assert made.to_json()["front"] is None
    assert [row["budget"] for row in made.stages] == [1e6, 2e6]
    assert "front" not in made.text(command="next")


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (
            {"search": {"constraints": ["macs < 10k"]}},
            "search.constraints: none of .* meets macs < 10k; the nearest has ",
        ),
        ({"search": {"method": "coarse_to_fine"}}, "budgets: give a ladder"),
        ({"budgets": "1k"}, "budgets: 1k macs at stage 0 is outside"),
        ({"supernet": {"step": "sandwich"}}, "supernet.step: sandwich"),
    ],
)
def test_what_the_plan_refuses(sized, more, words):
    with pytest.raises(ValueError, match=words):
        plan(more)
    assert not sized
