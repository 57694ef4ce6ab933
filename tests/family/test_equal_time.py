"""Networks trained like members: from scratch, for equal device time."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from tiny_members import tiny

from escalade.config import resolve
from escalade.core.network import cost
from escalade.family.trainings.equal_time import (
    ACTIVATION_MACS,
    LAYER_MACS,
    contest_images,
    look_images,
    member_images,
    trained_like_member,
    work_of_image,
)

NUM_TRAIN = 1000


def config(**retrain):
    recipe = {"epochs": 3, "batch_size": 100}
    return resolve(
        {"supernet": {"recipe": {"steps": 60, "batch_size": 100}}},
        {"retrain": {"recipe": recipe, "searched": "finetune", "taper": 0} | retrain},
    )


@pytest.mark.parametrize(
    ("retrain", "origin", "images"),
    [
        ({}, "searched", 3000),
        ({"searched": "retrain"}, "searched", 3000),
        ({"searched": "together"}, "searched", 3000),
        ({"searched": "slice"}, "searched", 60 * 100 // 4),
        ({"grown": "both"}, "grown", 6000),
        ({"grown": "warm", "searched": "slice"}, "grown", 3000),
        ({"grown": "scratch"}, "grown", 3000),
        ({"taper": 0.5}, "searched", 1500),  # of 4 times the smallest budget
        ({"taper": 0.5, "grown": "both"}, "grown", 3000),
        ({"taper": 0.5, "searched": "together"}, "searched", 3000),
    ],
)
def test_images_of_all_of_a_members_trainings(retrain, origin, images):
    found = member_images(config(**retrain), origin, ratio=4.0, num_train=NUM_TRAIN, num_searched=4)
    assert found == images


def test_the_same_work_in_fewer_steps_of_a_larger_network():
    small, large = tiny(), tiny(resolution=24)
    work = 50 * 100 * work_of_image(small)
    args = {"name": "x", "work": work, "config": config(), "num_train": NUM_TRAIN,
            "folder": Path()}  # fmt: skip
    like = trained_like_member(small, **args)
    assert (like.recipe.steps, like.recipe.epochs, like.start) == (50, None, None)
    assert like.recipe == replace(config().retrain.recipe, epochs=None, steps=50)
    other = trained_like_member(large, **args)
    ratio = work_of_image(large) / work_of_image(small)
    assert other.recipe.steps == round(50 / ratio) < 50
    least = trained_like_member(small, **(args | {"work": 1.0}))
    assert least.recipe.steps == 1


def test_activations_and_layers_take_time_beside_macs():
    network = tiny()
    beside = work_of_image(network) - cost.of(network).macs
    activations = ACTIVATION_MACS * cost.of(network).activations
    assert beside == activations + LAYER_MACS * len(cost.layers(network))


def test_a_look_is_short():
    assert look_images(6000, batch_size=100) == 1000
    assert look_images(10**9, batch_size=100) == 200 * 100
    assert contest_images(6000, batch_size=100) == 1500
    assert contest_images(10**9, batch_size=100) == 800 * 100
