"""Timing a run's own trainings on tiny images."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from escalade.api import timing
from escalade.api.session import path_sampler
from escalade.config import resolve
from escalade.config.recipe import Recipe
from escalade.core.network import cost
from escalade.core.numbers.seeds import generator
from escalade.data.image_data import ImageData
from escalade.data.split import Split
from escalade.family.trainings.members_rehearsal import Rehearsed
from escalade.spaces.load import load
from escalade.train.runtime import Runtime
from escalade.train.steps import PathSequence

RUNTIME = Runtime(device="cpu")
CONFIG = resolve(
    {
        "data": "noise",
        "budgets": "0.4M,0.8M",
        "grow": {"num": 1},
        "workers": 1,
        "space": "small",
        "supernet": {"recipe": {"steps": 100, "batch_size": 16}},
        "retrain": {"recipe": {"epochs": 3, "batch_size": 16}},
    }
)


def split(num: int) -> Split:
    rng = torch.Generator().manual_seed(num)
    images = torch.randint(0, 256, (num, 1, 28, 28), generator=rng).to(torch.uint8)
    return Split(images, torch.randint(0, 3, (num,), generator=rng))


@pytest.fixture(scope="module")
def data() -> ImageData:
    return ImageData(
        name="noise",
        classes=("a", "b", "c"),
        in_channels=1,
        side=28,
        train=split(40),
        search=split(30),
        test=split(20),
        mean=(0.5,),
        std=(0.25,),
        flip=False,
        train_digest="train",
        search_digest="search",
        test_digest="test",
    )


@pytest.fixture(scope="module")
def space():
    return load("small", factors=(1.0, 2.0), in_channels=1, num_classes=3)


def test_the_supernets_steps_are_timed_over_its_own_paths(monkeypatch, space, data):
    """Steps of 1 ms and 2 ns a mac: whatever the paths drawn, the mean over all comes out."""
    sampler = path_sampler(CONFIG, space)
    paths = PathSequence(space, sampler=sampler, seed=CONFIG.seed)

    def steps(step, *, recipe, **_):
        macs = [cost.of(paths.at(1 + i).architecture).macs for i in range(5)]
        return [1e-3 + 2e-9 * each for each in macs]

    monkeypatch.setattr(timing, "rehearse", steps)
    found = timing.time_supernet(CONFIG, space, data, RUNTIME)
    drawn = sampler.draw(generator(1, "other"), 4096)
    expected = (1e-3 + 2e-9 * space.costs(drawn).mean()) / 16
    assert found == pytest.approx(expected, rel=0.05)


def test_a_run_is_timed(monkeypatch, space, data):
    monkeypatch.setattr(timing, "SUPERNET_SECONDS", 0.2)
    monkeypatch.setattr(timing, "MEMBER_SECONDS", 0.05)
    state = torch.random.get_rng_state()
    found = timing.time_run(CONFIG, space, data, RUNTIME)
    assert torch.equal(torch.random.get_rng_state(), state)
    assert found.processes == 1
    assert found.alone == 1.0
    assert found.path > 0
    assert 0 < found.image(0.4e6) <= found.image(1.6e6)
    assert found.peak_memory > 0
    assert found.together == 0


def test_a_training_together_is_timed_with_a_path_near_each_budget(monkeypatch, space, data):
    monkeypatch.setattr(timing, "SUPERNET_SECONDS", 0.2)
    paths = timing._near_budgets(CONFIG, space)
    macs = [cost.of(path.architecture).macs for path in paths]
    assert macs == pytest.approx([0.4e6, 0.8e6], rel=0.05)
    state = torch.random.get_rng_state()
    assert timing.time_together(CONFIG, space, data, RUNTIME) > 0
    assert torch.equal(torch.random.get_rng_state(), state)


def test_members_times_are_a_line_through_their_macs(monkeypatch, space, data):
    """A tenth of a millisecond an image, and 2 ps a mac."""
    examples = timing.example_members(CONFIG, space)
    seconds = tuple(1e-4 + 2e-12 * cost.of(each).macs for each in examples)
    measured = Rehearsed(together=seconds, alone=0.7 * seconds[-1])
    monkeypatch.setattr(timing, "rehearse_all", lambda *_, **__: measured)
    found = timing.time_members(CONFIG, examples, data, RUNTIME, num_jobs=3)
    assert (found.fixed, found.per_mac) == pytest.approx((1e-4, 2e-12))
    assert found.image(5e6) == pytest.approx(1.1e-4)
    assert found.alone == pytest.approx(0.7)


def test_examples_are_of_three_sizes_the_largest_last(space):
    macs = [cost.of(each).macs for each in timing.example_members(CONFIG, space)]
    targets = np.repeat([0.4e6, 0.8e6, 1.6e6], timing.EXAMPLES)
    assert np.abs(np.log(macs / targets)).max() < 0.35
    one = replace(CONFIG, grow=replace(CONFIG.grow, num=0))
    assert len(timing.example_members(one, space)) == 2 * timing.EXAMPLES


def test_lines_through_times_have_no_negative_part():
    assert timing._line([1e6, 3e6], [2e-3, 4e-3]) == pytest.approx((1e-3, 1e-9))
    fixed, slope = timing._line([1e6, 3e6], [1e-3, 9e-3])
    assert fixed == 0
    assert slope > 0
    fixed, slope = timing._line([1e6, 3e6], [4e-3, 2e-3])
    assert fixed > 0
    assert slope == 0


def test_batches_on_a_cpu_are_as_large_as_seconds_allow(data):
    recipe = Recipe(epochs=1, batch_size=32)

    def size(macs: float) -> int:
        return timing._affordable(recipe, data, macs, RUNTIME).batch_size

    assert size(1e6) == 32
    assert size(timing.MOST_MACS / 10) == 10
    assert size(1e15) == 2


def test_members_of_a_front_that_train_together_are_timed_in_the_one_stage_there_is():
    front = load("small", factors=(1.0,), in_channels=1, num_classes=3)
    config = replace(CONFIG, search=replace(CONFIG.search, method="nsga2"))
    assert len(timing._near_budgets(config, front)) == 2
