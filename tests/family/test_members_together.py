"""Training a family's members on in their supernet."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from escalade.config.recipe import Recipe
from escalade.core.space.space import Space
from escalade.family.trainings.members_together import TogetherJob
from escalade.spaces.load import load
from escalade.supernet.supernet import Supernet
from escalade.train.interrupt import Interrupted

RECIPE = Recipe(steps=6, batch_size=16, learning_rate=0.2, padding=1)


@pytest.fixture(scope="module")
def space() -> Space:
    return load("bignas_small", in_channels=1, num_classes=3).training


def make_job(tmp_path, space, **more) -> TogetherJob:
    middle = space.repair((space.largest // 2)[None])[0]
    job = TogetherJob(
        name="together",
        members=tuple(space.path(each, space.base_triple) for each in (space.smallest, middle)),
        distillation=0.5,
        recipe=RECIPE,
        seed=0,
        folder=tmp_path / "together",
        start="here",
    )
    return replace(job, **more)


def trained(job, space, place, **more) -> dict[str, torch.Tensor]:
    torch.manual_seed(0)
    supernet = Supernet(space.shape)
    job.train_in(supernet, replace(place, **more))
    return supernet.state_dict()


@pytest.mark.slow
def test_the_share_of_the_predictions_is_that_of_the_job(tmp_path, space, place):
    states = [
        trained(make_job(tmp_path, space, distillation=share, folder=folder), space, place)
        for share, folder in ((0.5, tmp_path / "a"), (0.5, tmp_path / "b"), (0.0, tmp_path / "c"))
    ]
    first, again, labels = states
    assert all(torch.equal(first[name], again[name]) for name in first)
    assert not all(torch.equal(first[name], labels[name]) for name in first)


@pytest.mark.parametrize("changed", ["distillation", "start", "members"])
def test_another_training_in_the_same_folder_is_refused(tmp_path, space, place, changed):
    asked = iter(range(1, 100))
    job = make_job(tmp_path, space)
    with pytest.raises(Interrupted):
        trained(job, space, place, should_stop=lambda: next(asked) == 2)
    other = {"distillation": 0.25, "start": "elsewhere", "members": job.members[:1]}[changed]
    with pytest.raises(ValueError, match=f"trained with {changed} = "):
        trained(replace(job, **{changed: other}), space, place)
