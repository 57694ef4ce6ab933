"""How a supernet trains, from the settings to the step."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from escalade.core.sampling.fair_paths import FairPaths
from escalade.planning.resolved_run import Run
from escalade.train.step import Batch, Step
from escalade.train.steps import settings_used, training_of
from escalade.train.steps.fair import FairStep
from escalade.train.steps.single_path import SinglePathStep
from noise_runs import noise, run_of

DATA = noise(train=8, search=8, test=8)


def make(*, space: str = "scarlet_small", budgets: str = "1M", **supernet: Any) -> Run:
    recipe = {"steps": 20, "batch_size": 4}
    settings = {"budgets": budgets, "grow": {"num": 0}, "space": space}
    return run_of(settings | {"supernet": {"recipe": recipe} | supernet}, data=DATA)


def make_step(run: Run) -> tuple[Step, list[Any]]:
    """The step, and a list of what its supernet runs from now on."""
    supernet, seen = run.new_supernet(), []
    supernet.register_forward_pre_hook(lambda _, args: seen.append(args[1]))
    return training_of(run.config.supernet).step(run.supernet_task, supernet), seen


def check(run: Run) -> None:
    settings_used.check(run.supernet_task)


BATCH = Batch(images=DATA.train.images, labels=DATA.train.labels, step=3, share=1.0)


@pytest.mark.parametrize("settings", [{}, {"step": "fair"}])
def test_a_choice_space_trains_fairly(settings):
    run = make(**settings)
    assert run.space.traits.leaves_out
    step, seen = make_step(run)
    assert isinstance(step, FairStep)
    step(BATCH)
    assert seen == [path.running for path in FairPaths(run.space, seed=0).at(3)]
    assert len(seen) == 13


def test_a_choice_space_trains_single_paths():
    step, seen = make_step(make(step="single_path"))
    assert isinstance(step, SinglePathStep)
    assert step(BATCH).isfinite()
    assert len(seen) == 1


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (
            {"step": "sandwich"},
            r"supernet.step: sandwich .*scarlet_small .*use fair or single_path",
        ),
        ({"coupled": True}, r"supernet.coupled: only supernets of stages"),
        ({"zero_residual": True}, r"supernet.zero_residual: only supernets of stages"),
    ],
)
def test_what_a_choice_space_cannot_do_is_refused(settings, message):
    given = {"space": "scarlet_small", "supernet": settings, "retrain": {"searched": "retrain"}}
    with pytest.raises(ValueError, match=message):
        check(run_of({"budgets": "1M"}, given, data=DATA))


@pytest.mark.parametrize("name", ["small", "bignas_small"])
def test_other_spaces_do_not_train_fairly(name):
    with pytest.raises(ValueError, match=rf"supernet.step: fair .*space {name} .*scarlet_small"):
        make_step(make(space=name, step="fair"))


@pytest.mark.parametrize(
    ("space", "settings", "words"),
    [
        ("scarlet_small", {"sampler": "uniform"}, "sampler: uniform .*scarlet_small, .*no scaling"),
        ("scarlet_small", {"weights": "proportional"}, "weights: proportional .*fair or single"),
        ("scarlet_small", {"window": 2.0}, "window: 2.0 .*leave it out.*fair or single_path"),
        ("scarlet_small", {"balance": "depth"}, "balance: depth .*leave it out"),
        ("scarlet_small", {"num_random": 3}, "num_random: 3 .*no sandwich"),
        ("scarlet_small", {"patches": "different"}, "patches: different .*no sandwich"),
        ("scarlet_small", {"recipe": {"drop_rate": 0.2}}, "recipe.drop_rate: 0.2 .*no sandwich"),
        ("bignas_small", {"window": 2.0}, "window: 2.0 .*bignas_small.*single_path or sandwich"),
        ("bignas_small", {"weights": [1.0]}, r"weights: \[1.0\] .*no scaling stages"),
        ("bignas_small", {"patches": "different"}, "patches: different .*is single_path"),
        ("bignas_small", {"distillation": False}, "distillation: False .*step: sandwich"),
        ("small", {"num_random": 3}, "num_random: 3 .*sandwich step.*is single_path"),
        ("small", {"regularise": "all"}, "regularise: all .*is single_path"),
        ("small", {"recipe": {"drop_rate": 0.2}}, "recipe.drop_rate: 0.2 .*is single_path"),
    ],
)
def test_settings_of_paths_that_a_space_ignores_are_refused(space, settings, words):
    with pytest.raises(ValueError, match=rf"supernet\.{words}"):
        check(make(space=space, **settings))


@pytest.mark.parametrize(
    ("space", "settings"),
    [
        ("scarlet_small", {}),
        ("scarlet_small", {"window": None, "balance": "none"}),
        ("scarlet_small", {"step": "single_path", "sampler": "uniform"}),
        ("bignas_small", {"sampler": "uniform", "step": "sandwich", "num_random": 3}),
        ("small", {"window": 2.0, "sampler": "uniform", "balance": "depth"}),
        ("small", {"step": "sandwich", "num_random": 3, "recipe": {"drop_rate": 0.2}}),
    ],
)
def test_settings_of_paths_that_say_something(space, settings):
    check(make(space=space, **settings))


def test_a_checkpoint_of_other_steps_or_budgets_is_another_training():
    """What the steps of a training are made of is in its checkpoint, in every space."""

    def made(**settings: Any) -> tuple[Any, ...]:
        return tuple(sorted(make(**settings).supernet_task.identity().items()))

    first = {"space": "small", "step": "sandwich"}
    changes = (
        {},
        {"step": "single_path"},
        {"num_random": 3},
        {"distillation": False},
        {"patches": "different"},
        {"window": 2.0},
        {"balance": "none"},
        {"sampler": "uniform"},
        {"budgets": "1M,3M"},
    )
    found = [made(**first | change) for change in changes]
    assert len(set(found)) == len(found)
    assert made(**first | {"recipe": {"epochs": 3}}) == found[0]
    run = make(**first)
    run.__dict__["data"] = replace(DATA, balance="loss")
    assert tuple(sorted(run.supernet_task.identity().items())) not in found
    choices = [made(**each) for each in ({}, {"identity": "plain"}, {"step": "single_path"})]
    assert len(set(choices)) == 3
