"""Members that learn from a fixed teacher, or in place from a larger path."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from tiny_members import packaged, tiny, trained

from escalade.config.recipe import Recipe
from escalade.core.space.space import Space
from escalade.data.splits.split import Split
from escalade.family.packaging import package
from escalade.family.trainings.alone import RetrainJob
from escalade.family.trainings.in_place import InPlaceJob
from escalade.family.trainings.jobs import CHECKPOINT
from escalade.family.trainings.side_by_side import retrain_all
from escalade.spaces.load import load
from escalade.supernet.supernet import Supernet
from escalade.train import checkpoint
from escalade.train.interrupt import Interrupted

RECIPE = Recipe(steps=24, batch_size=16, learning_rate=0.2, padding=1)


@pytest.fixture(scope="module")
def unlabelled(data):
    """The same images, every label 0: there is nothing to learn from them."""
    none = torch.zeros_like(data.train.labels)
    return replace(data, train=Split(data.train.images, none), train_digest="unlabelled")


@pytest.fixture
def teacher(tmp_path, place):
    """A packaged network that knows the patches, at a resolution of its own."""
    job = RetrainJob(
        name="teacher",
        architecture=tiny(resolution=14),
        recipe=RECIPE,
        seed=0,
        folder=tmp_path / "teacher",
    )
    made = job.make(place)
    assert made.search.accuracy > 0.8
    package.write(job.folder, package=packaged(job.architecture), state=made.state)
    return job.folder


def student(tmp_path, teacher, **more) -> RetrainJob:
    job = RetrainJob(
        name="S0",
        architecture=tiny(depths=(1, 1)),
        recipe=RECIPE,
        seed=0,
        folder=tmp_path / "S0",
        teacher=teacher,
    )
    return replace(job, **more)


def stopped_at(step, job, place):
    calls = iter(range(1, 1000))
    with pytest.raises(Interrupted):
        job.make(replace(place, should_stop=lambda: next(calls) == step))


@pytest.mark.slow
def test_a_student_learns_what_only_its_teacher_knows(tmp_path, unlabelled, place, teacher):
    place = replace(place, data=unlabelled)
    before = (teacher / package.WEIGHTS).read_bytes()
    made = student(tmp_path, teacher).make(place)
    assert made.search.accuracy > 0.8
    assert (teacher / package.WEIGHTS).read_bytes() == before
    alone = student(tmp_path, None, folder=tmp_path / "alone")
    assert alone.make(place).search.accuracy < 0.5
    again = student(tmp_path, teacher, folder=tmp_path / "again")
    stopped_at(9, again, place)
    assert again.make(place).weights == made.weights


def test_another_teacher_in_the_same_folder_is_refused(tmp_path, place, teacher):
    stopped_at(2, student(tmp_path, teacher), place)
    other = tmp_path / "other"
    package.write(other, package=packaged(tiny()), state=trained(tiny()).state_dict())
    for changed in (other, None):
        with pytest.raises(ValueError, match="trained with teacher = "):
            student(tmp_path, changed).make(place)


def test_a_teacher_of_other_classes_is_refused(tmp_path, place):
    of = tiny(num_classes=2)
    package.write(tmp_path / "two", package=packaged(of), state=trained(of).state_dict())
    job = student(tmp_path, tmp_path / "two")
    with pytest.raises(ValueError, match="the teacher has 2 classes, S0 3"):
        job.make(place)


@pytest.fixture(scope="module")
def space() -> Space:
    return load("bignas_small", in_channels=1, num_classes=3).training


def in_place(tmp_path, space, *, num_steps=24, **more) -> InPlaceJob:
    base = space.base_triple
    job = InPlaceJob(
        name="S0",
        largest=space.path(space.repair((space.largest // 2)[None])[0], base),
        child=space.path(space.smallest, base),
        shape=space.shape,
        zero_residual=True,
        recipe=replace(RECIPE, steps=num_steps, drop_rate=0.1),
        seed=0,
        folder=tmp_path / "in_place",
    )
    return replace(job, **more)


@pytest.mark.slow
def test_a_child_learns_in_place_and_is_the_supernets_slice(tmp_path, space, place):
    job = in_place(tmp_path, space)
    made = job.make(place)
    assert made.search.accuracy > 0.6
    assert (made.num_steps, made.num_images) == (24, 24 * 16)
    weights = Supernet(space.shape)
    weights.load_state_dict(checkpoint.load(job.folder / CHECKPOINT)["network"])
    for name, part in weights.slices(job.architecture).items():
        assert torch.equal(made.state[name], part.detach()), name


@pytest.mark.slow
@pytest.mark.parametrize("patches", ["same", "different"])
def test_in_place_stopped_and_resumed_equals_straight(tmp_path, place, space, patches):
    job = in_place(tmp_path, space, num_steps=4, patches=patches)
    straight = job.make(place)
    again = replace(job, folder=tmp_path / "again")
    stopped_at(2, again, place)
    assert again.make(place).weights == straight.weights


@pytest.mark.slow
def test_both_kinds_of_training_side_by_side(tmp_path, place, space):
    jobs = [
        RetrainJob(
            name="alone",
            architecture=tiny(),
            recipe=replace(RECIPE, steps=2),
            seed=0,
            folder=tmp_path / "alone",
        ),
        in_place(tmp_path, space, num_steps=2),
    ]
    found = {job.name: made for job, made in retrain_all(jobs, place, num_workers=2)}
    straight = replace(jobs[1], folder=tmp_path / "straight").make(place)
    assert found["S0"].weights == straight.weights
    assert found["alone"].num_steps == 2
