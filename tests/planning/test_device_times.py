"""Timing a run's own trainings on tiny images."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from escalade.config import Recipe
from escalade.core.network import cost
from escalade.core.numbers.seeds import generator
from escalade.family.trainings.members_rehearsal import Rehearsed
from escalade.planning import device_times, examples
from escalade.planning.examples import example_members, near_budgets
from escalade.planning.member_sizes import sizes_of
from escalade.train.console import Console
from escalade.train.steps import path_sampler
from escalade.train.steps.fair import FairStep
from escalade.train.steps.path_sequence import PathSequence
from noise_runs import RUNTIME, run_of

SETTINGS = {
    "budgets": "0.4M,0.8M",
    "grow": {"num": 1},
    "space": "small",
    "supernet": {"recipe": {"steps": 100, "batch_size": 16}},
    "retrain": {"recipe": {"epochs": 3, "batch_size": 16}},
}


@pytest.fixture(scope="module")
def run():
    return run_of(SETTINGS)


@pytest.fixture
def quick(monkeypatch, tmp_path):
    monkeypatch.setenv("ESCALADE_CACHE", str(tmp_path))
    monkeypatch.setattr(device_times, "SUPERNET_SECONDS", 0.2)
    monkeypatch.setattr(device_times, "MEMBER_SECONDS", 0.05)


def test_the_supernets_steps_are_timed_over_its_own_paths(monkeypatch, run):
    """Steps of 1 ms and 2 ns a mac: whatever the paths drawn, the mean over all comes out."""
    sampler = path_sampler(run.config.supernet, run.space, run.budgets)
    paths = PathSequence(run.space, sampler=sampler, seed=run.config.seed)

    def steps(step, *, recipe, **_):
        macs = [cost.of(paths.at(1 + i).architecture).macs for i in range(5)]
        return [1e-3 + 2e-9 * each for each in macs]

    monkeypatch.setattr(device_times, "rehearse", steps)
    drawn = sampler.draw(generator(1, "other"), 4096)
    expected = (1e-3 + 2e-9 * run.space.costs(drawn).mean()) / 16
    assert device_times.time_supernet(run, RUNTIME) == pytest.approx(expected, rel=0.05)


def test_a_plan_times_all_passes_of_a_step(monkeypatch):
    run, steps = run_of({"space": "scarlet_small", "supernet": {"recipe": {"batch_size": 4}}}), []

    def rehearse(step, *, recipe, **_):
        steps.append(step)
        return [2.0, 4.0]

    monkeypatch.setattr(device_times, "rehearse", rehearse)
    assert device_times.time_supernet(run, RUNTIME) == 3.0 / 4
    assert isinstance(steps[0], FairStep)


@pytest.mark.slow
def test_a_run_is_timed(quick, run):
    state = torch.random.get_rng_state()
    found = device_times.time_run(run, sizes_of(run))
    assert torch.equal(torch.random.get_rng_state(), state)
    assert found.processes == 1
    assert found.alone == 1.0
    assert found.path > 0
    assert 0 < found.image(0.4e6) <= found.image(1.6e6)
    assert found.peak_memory > 0
    assert found.together == 0


def test_what_was_timed_here_is_not_timed_again(quick, run, monkeypatch, capsys):
    sizes, data = sizes_of(run), run.data
    run = replace(run, console=Console())
    run.__dict__["data"] = data
    found = device_times.time_run(run, sizes)
    assert capsys.readouterr().err == ""
    monkeypatch.setattr(device_times, "_timed", lambda *_: pytest.fail("timed again"))
    assert device_times.time_run(run, sizes) == found
    longer = run.with_config(replace(run.config, hours=9.0))
    assert device_times.time_run(longer, sizes) == found
    assert "plan: trainings were timed here" in capsys.readouterr().err
    others = [
        run.with_config(replace(run.config, threads=7)),
        run.with_config(replace(run.config, seed=run.config.seed + 1)),
    ]
    monkeypatch.setattr(device_times, "_timed", lambda *_: replace(found, path=9.0))
    assert [device_times.time_run(other, sizes).path for other in others] == [9.0, 9.0]


def test_a_training_together_is_timed_with_a_path_near_each_budget(quick, run):
    macs = [cost.of(path.architecture).macs for path in near_budgets(run, sizes_of(run))]
    assert macs == pytest.approx([0.4e6, 0.8e6], rel=0.05)
    state = torch.random.get_rng_state()
    assert device_times.time_together(run, sizes_of(run), RUNTIME) > 0
    assert torch.equal(torch.random.get_rng_state(), state)


def test_members_times_are_a_line_through_their_macs(monkeypatch, run):
    """A tenth of a millisecond an image, and 2 ps a mac."""
    networks = example_members(run, sizes_of(run))
    seconds = tuple(1e-4 + 2e-12 * cost.of(each).macs for each in networks)
    measured = Rehearsed(together=seconds, alone=0.7 * seconds[-1], threaded=0.5 * seconds[-1])
    monkeypatch.setattr(device_times, "rehearse_all", lambda *_, **__: measured)
    found = device_times.time_members(run, networks, num_jobs=3)
    assert (found.fixed, found.per_mac) == pytest.approx((1e-4, 2e-12))
    assert found.image(5e6) == pytest.approx(1.1e-4)
    assert (found.alone, found.threaded) == pytest.approx((0.7, 0.5))


def test_examples_are_of_three_sizes_the_largest_last(run):
    macs = [cost.of(each).macs for each in example_members(run, sizes_of(run))]
    targets = np.repeat([0.4e6, 0.8e6, 1.6e6], examples.EXAMPLES)
    assert np.abs(np.log(macs / targets)).max() < 0.35
    one = run_of(SETTINGS, {"grow": {"num": 0}})
    assert len(example_members(one, sizes_of(one))) == 2 * examples.EXAMPLES


def test_lines_through_times_have_no_negative_part():
    line = device_times._line
    assert line([1e6, 3e6], [2e-3, 4e-3]) == pytest.approx((1e-3, 1e-9))
    fixed, slope = line([1e6, 3e6], [1e-3, 9e-3])
    assert fixed == 0
    assert slope > 0
    fixed, slope = line([1e6, 3e6], [4e-3, 2e-3])
    assert fixed > 0
    assert slope == 0


def test_batches_on_a_cpu_are_as_large_as_seconds_allow(run):
    recipe = Recipe(epochs=1, batch_size=32)

    def size(macs: float) -> int:
        return device_times._affordable(run, recipe, macs).batch_size

    assert size(1e6) == 32
    assert size(device_times.MOST_MACS / 10) == 10
    assert size(1e15) == 2


def test_members_of_a_front_that_train_together_are_timed_in_the_one_stage_there_is():
    front = run_of(SETTINGS, {"search": {"method": "nsga2"}})
    assert len(near_budgets(front, sizes_of(front))) == 2
