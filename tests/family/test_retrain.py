from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from tiny_members import packaged, tiny, trained
from torch import nn

from escalade.config.recipe import Recipe
from escalade.core.values.invalid import Invalid
from escalade.data.batching.batches import prepare
from escalade.evaluate.score import Score
from escalade.family.packaging import package
from escalade.family.trainings.alone import RetrainJob, better_start, initial_network
from escalade.family.trainings.jobs import CHECKPOINT
from escalade.family.trainings.making import Made
from escalade.family.trainings.side_by_side import retrain_all
from escalade.nets.channels import adapt
from escalade.train import checkpoint
from escalade.train.interrupt import Interrupted

RECIPE = Recipe(steps=24, batch_size=16, learning_rate=0.2, padding=1)


def _job(tmp_path, name="S0", **more):
    return RetrainJob(
        **{
            "name": name,
            "architecture": tiny(),
            "recipe": RECIPE,
            "seed": 0,
            "folder": tmp_path / name,
        }
        | more
    )


@pytest.mark.slow
def test_it_learns_and_its_weights_are_the_scored_network(tmp_path, data, place):
    made = _job(tmp_path).make(place)
    assert made.search.num_images == 60
    assert made.search.accuracy > 0.8
    assert (made.num_steps, made.num_images, made.start) == (24, 24 * 16, None)
    package.write(tmp_path / "member", package=packaged(tiny()), state=made.state)
    again = package.load_network(tmp_path / "member")
    images, labels = data.search.take(torch.arange(60))
    ready = prepare(images, resolution=12, mean=data.mean, std=data.std)
    assert int((again(ready).argmax(1) == labels).sum()) == made.search.num_correct


@pytest.mark.slow
def test_stopped_and_resumed_equals_straight(tmp_path, place):
    straight = _job(tmp_path).make(place)
    job = _job(tmp_path, folder=tmp_path / "stopped")
    calls = iter(range(100))
    with pytest.raises(Interrupted):
        job.make(replace(place, should_stop=lambda: next(calls) == 9))
    resumed = job.make(place)
    assert resumed.weights == straight.weights
    assert resumed.search == straight.search


def test_averaged_weights_are_scored_and_kept(tmp_path, data, place):
    recipe = replace(
        RECIPE,
        mixup=0.2,
        auto_augment="imagenet",
        averaging=0.2,
        schedule="exponential",
        end_ratio=0.02,
        warmup_epochs=0.5,
    )
    job = _job(tmp_path, recipe=recipe)
    made = job.make(place)
    content = checkpoint.load(job.folder / CHECKPOINT)
    for name, value in made.state.items():
        if "running" not in name and "num_batches" not in name:
            assert value.equal(content["average"][f"module.{name}"])
            assert not value.equal(content["network"][name])
    package.write(tmp_path / "member", package=packaged(tiny()), state=made.state)
    images, labels = data.search.take(torch.arange(60))
    ready = prepare(images, resolution=12, mean=data.mean, std=data.std)
    right = package.load_network(tmp_path / "member")(ready).argmax(1) == labels
    assert int(right.sum()) == made.search.num_correct


@pytest.mark.slow
def test_side_by_side_equals_alone(tmp_path, place):
    small = tiny(depths=(1, 1))
    jobs = [_job(tmp_path, "a"), _job(tmp_path, "b", architecture=small)]
    seen = set()
    both = dict(
        retrain_all(
            jobs,
            replace(place, progress=lambda name, value: seen.add(name)),
            num_workers=2,
        )
    )
    assert seen == {"a", "b"}
    alone = _job(tmp_path, "b", architecture=small, folder=tmp_path / "alone")
    ((_, made),) = retrain_all([alone], place)
    assert made.weights == both[jobs[1]].weights


def test_another_training_in_the_same_folder_is_refused(tmp_path, place):
    short = _job(tmp_path, recipe=replace(RECIPE, steps=2))
    short.make(place)
    other = replace(short, architecture=tiny(depths=(1, 3)))
    with pytest.raises(ValueError, match="another run folder"):
        other.make(place)


def test_an_architecture_for_other_data_is_refused(tmp_path, place):
    job = _job(tmp_path, architecture=tiny(num_classes=2))
    with pytest.raises(ValueError, match=r"tiny\.num_classes: 2, but patches has 3"):
        job.make(place)


def test_a_grown_member_starts_as_the_smaller_one(tmp_path, runtime, member, network, images):
    large = tiny(widths=(16, 24), depths=(2, 3), stem=16)
    grown, started = initial_network(
        _job(tmp_path, architecture=large, start=member), runtime=runtime
    )
    assert started is not None
    assert started.breaks == ()
    torch.testing.assert_close(grown.eval()(images), network(images), rtol=1e-4, atol=1e-5)


def test_fine_tuning_starts_from_the_same_function_on_equal_classes(
    tmp_path, runtime, member, network, images
):
    same, _ = initial_network(_job(tmp_path, start=member), runtime=runtime)
    torch.testing.assert_close(same.eval()(images), network(images))


def test_fine_tuning_replaces_the_classifier_and_adapts_the_stem(tmp_path, runtime, member, images):
    network = package.load_network(member)
    other = tiny(num_classes=7, in_channels=3)
    adapted, started = initial_network(
        _job(tmp_path, architecture=other, start=member), runtime=runtime
    )
    assert adapted.classifier.out_features == 7
    assert started is not None
    colour = images.expand(-1, 3, -1, -1)
    features = adapted.eval().forward_features(colour)
    torch.testing.assert_close(features, network.forward_features(images), rtol=1e-4, atol=1e-5)


def test_colour_weights_read_grey_images_as_they_read_equal_channels():
    colour = tiny(in_channels=3)
    network = trained(colour)
    state, of = adapt(network.state_dict(), colour, num_classes=3, in_channels=1)
    assert (of.in_channels, of.num_classes) == (1, 3)
    image = torch.randn(2, 1, 12, 12)
    stem = nn.functional.conv2d(image, state["conv_stem.weight"])
    expected = nn.functional.conv2d(image.expand(-1, 3, -1, -1), network.conv_stem.weight)
    torch.testing.assert_close(stem, expected)
    assert torch.equal(state["classifier.weight"], network.classifier.weight)


def _made(num_correct, num_images=10_000):
    score = Score(num_correct=num_correct, num_images=num_images)
    return Made(architecture=tiny(), weights=b"", search=score, num_images=500)


@pytest.mark.parametrize(
    ("scratch", "warm", "is_warm", "verdict"),
    [
        (8_000, 8_500, True, "the warm start helped"),
        (8_500, 8_000, False, "the warm start did not help"),
        (8_500, 8_520, True, "no clear difference"),
        (8_500, 8_500, False, "no clear difference"),
    ],
)
def test_the_better_start_is_kept_and_the_numbers_said(scratch, warm, is_warm, verdict):
    choice = better_start(scratch=_made(scratch), warm=_made(warm))
    assert choice.is_warm == is_warm
    assert choice.made.search.num_correct == (warm if is_warm else scratch)
    assert verdict in choice.note
    assert f"{warm / 100:.2f} %" in choice.note


def test_a_training_with_another_balance_of_classes_is_another(tmp_path, place):
    calls = iter(range(100))
    with pytest.raises(Interrupted):
        _job(tmp_path).make(replace(place, should_stop=lambda: next(calls) == 2))
    balanced = replace(place, data=replace(place.data, balance="sampling"))
    with pytest.raises(Invalid, match="balance"):
        _job(tmp_path).make(balanced)
