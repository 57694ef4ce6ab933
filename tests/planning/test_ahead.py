"""The plan of a run: what its budgets or its front may cost, who grows, and a schedule."""

from __future__ import annotations

import pytest
import torch

from escalade import api
from escalade.config import Config
from escalade.planning import ahead
from escalade.planning.ahead import with_threads
from escalade.planning.device_times import DeviceTimes
from escalade.train.runtime import Runtime, limit_threads
from noise_runs import run_of

# Two thousand images a second at a million macs.
TIMES = DeviceTimes(path=2e-3, fixed=0.0, per_mac=5e-10, processes=2, alone=1.0, peak_memory=0)
FRONT = {"data": "demo", "space": "scarlet_small"}


@pytest.fixture
def sized(monkeypatch):
    """The sizes that members are timed with."""
    seen = []

    def time_run(run, sizes):
        seen.append([budget.target for budget in sizes.all])
        return TIMES

    monkeypatch.setattr(ahead, "time_run", time_run)
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
    (sizes,) = sized
    assert len(sizes) == 6
    assert sizes[-1] == 4 * sizes[3]
    text = made.text(command="next")
    assert "S0 to S3: 4 equispaced on the front of error, macs, -params" in text
    assert "where macs < 2M and accuracy > 0.4" in text
    assert " scores, and those that accuracy > 0.4 rejects)" in text
    assert "S5  twice the macs of S4: the largest searched member scaled by dWr" in text


def test_the_schedule_is_fitted_and_budgets_stay_away(sized):
    made = plan({"hours": 1.0})
    config = made.run.config
    assert config.fitted
    assert not made.given.fitted
    assert config.budgets == []
    search = config.search
    assert search.population * search.generations == made.seconds.evaluations
    assert made.seconds.total == pytest.approx(3600, rel=0.1)


def test_with_budgets_there_is_no_front(sized):
    made = plan({"budgets": "1M,2M", "grow": {"num": 0}})
    assert made.to_json()["front"] is None
    assert [row.budget for row in made.stages] == [1e6, 2e6]
    assert "front" not in made.text(command="next")


def test_a_search_too_short_to_be_itself_is_told_of(sized):
    short, usual = plan({"search": {"generations": 2}}), plan()
    assert "search  nsga2 is random search here" in short.text(command="next")
    assert "random search" not in usual.text(command="next")


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (
            {"search": {"constraints": ["macs < 10k"]}},
            "search.constraints: none of .* meets macs < 10k; the nearest has ",
        ),
        ({"search": {"method": "coarse_to_fine"}}, "search.method: coarse_to_fine needs"),
        ({"search": {"method": "random"}}, "budgets: random needs a ladder"),
        ({"budgets": "1k"}, "budgets: 1k macs at stage 0 is outside"),
        ({"supernet": {"step": "sandwich"}}, "supernet.step: sandwich"),
        (
            {"memory": "100MB"},
            "memory: 0.09GiB is too little: also with one worker .* give .*GiB, a ",
        ),
        ({"memory": "much"}, "memory: cannot read 'much' as an amount; write it like 256kB"),
    ],
)
def test_what_the_plan_refuses(sized, more, words):
    with pytest.raises(ValueError, match=words):
        plan(more)
    assert not sized


@pytest.mark.slow
@pytest.mark.parametrize(
    ("settings", "grown"),
    [
        ({"budgets": "0.4M,0.8M"}, [1.6e6, 3.2e6]),
        ({"budgets": "0.4M"}, []),
        ({"budgets": "0.4M,0.8M", "search": {"method": "independent"}}, []),
    ],
)
def test_members_that_will_be_grown(sized, settings, grown):
    """A plan promises grown members only where the run will grow some."""
    given = {"data": "demo", "dataset": {"limit": 200}, "space": "small", "grow": {"num": 2}}
    made = api.plan([given, settings, {"hours": 1}])
    assert made.to_json()["grown"] == grown
    assert sized[0][len(made.run.budgets) :] == grown
    assert ("none is grown" in made.text(command="")) == (not grown)
    assert made.run.config.grow.num == 2  # what the run is told stays what the user said


@pytest.mark.slow
def test_the_first_of_networks_trained_alone_is_scaled_to_all_others(sized):
    given = {"data": "demo", "dataset": {"limit": 200}, "space": "regnet_y_small"}
    made = api.plan([given, {"budgets": "0.4M,1.6M", "grow": {"num": 1}}])
    assert made.to_json()["grown"] == [1.6e6, 6.4e6]
    assert [row.budget for row in made.stages] == [0.4e6]
    text = made.text(command="next")
    assert "S1  1.6M: the largest searched member scaled by dWr" in text
    assert "32 trainings" in text


SETTINGS = {"space": "small", "budgets": "0.4M,0.8M", "grow": {"num": 0}}


@pytest.mark.parametrize(
    ("seconds", "chosen"),
    [({2: 0.6, 1: 1.0}, 2), ({2: 0.95, 1: 1.0}, 1), ({2: 2.5, 1: 1.0}, 1)],
)
def test_all_threads_only_where_they_are_clearly_faster(monkeypatch, seconds, chosen):
    monkeypatch.setattr(ahead, "_look", lambda *_: seconds)
    with limit_threads(2):
        run = with_threads(run_of(SETTINGS))
        assert run.config.threads == run.runtime.threads == chosen


def test_what_was_said_is_not_looked_at(monkeypatch):
    monkeypatch.setattr(ahead, "_look", lambda *_: pytest.fail("looked"))
    with limit_threads(2):
        assert with_threads(run_of(SETTINGS, {"threads": 2})).config.threads == 2
        no_supernet = {"space": "regnet_y_small", "budgets": "0.4M"}
        assert with_threads(run_of(no_supernet)).config.threads == 2
    with limit_threads(1):
        assert with_threads(run_of(SETTINGS)).config.threads == 1


def test_the_look_times_both_and_leaves_everything_as_it_was(monkeypatch):
    monkeypatch.setattr(ahead, "SECONDS", 0.01)
    run = run_of(SETTINGS, {"supernet": {"recipe": {"batch_size": 8}}})
    network = run.space.layout.plain_base
    with limit_threads(2):
        torch.manual_seed(3)
        before = torch.get_rng_state()
        found = ahead._look(run, network, (2, 1))
        assert torch.equal(torch.get_rng_state(), before)
        assert Runtime(device="cpu").threads == 2
    assert set(found) == {1, 2}
    assert all(seconds > 0 for seconds in found.values())
    assert Config().threads is None
