"""Mixup, AutoAugment, averaging, the epoch warm-up and mixed precision in one training."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import get_args

import numpy as np
import pytest
import torch
import yaml
from tiny_training import Training, assert_equal, plain_network
from torch import Tensor

from escalade.config import read_preset, resolve
from escalade.config.member_training import RetrainConfig
from escalade.config.recipe import Recipe
from escalade.core.values.codec import field_types
from escalade.data.batching.augmenting import POLICIES
from escalade.train.interrupt import Interrupted
from escalade.train.loop import mixup_ratio
from escalade.train.step import Batch, Step

RECIPE = Recipe(
    steps=12,
    batch_size=8,
    learning_rate=0.05,
    schedule="exponential",
    end_ratio=0.02,
    warmup_epochs=0.25,
    mixup=0.2,
    auto_augment="imagenet",
    averaging=0.3,
)


class Killed(Exception):
    pass


def _training(
    *, is_supernet: bool, recipe: Recipe = RECIPE, dies_at: int | None = None
) -> Training:
    def wrap(step: Step) -> Step:
        def dying(batch: Batch) -> Tensor:
            if batch.step == dies_at:
                raise Killed
            return step(batch)

        return dying

    network = None if is_supernet else plain_network(drop=0.3)
    return Training(recipe=recipe, network=network, precision="bf16", wrap=wrap)


@pytest.mark.parametrize("is_supernet", [False, True])
@pytest.mark.parametrize("stop", [1, 7, 11])
def test_stopped_killed_and_resumed_equals_straight(
    tmp_path: Path, stop: int, is_supernet: bool
) -> None:
    straight = _training(is_supernet=is_supernet)
    straight.run()
    file = tmp_path / "checkpoint.pt"
    asked = iter(range(1, 13))
    with pytest.raises(Interrupted):
        _training(is_supernet=is_supernet).run(
            checkpoint=file, should_stop=lambda: next(asked) == stop
        )
    with pytest.raises(Killed):  # steps that no checkpoint has
        _training(is_supernet=is_supernet, dies_at=11).run(checkpoint=file)
    resumed = _training(is_supernet=is_supernet)
    assert resumed.run(checkpoint=file).resumed_from == stop
    assert_equal(straight.state(), resumed.state())


@pytest.mark.parametrize(
    "without",
    [
        {"mixup": None},
        {"auto_augment": None},
        {"averaging": None},
        {"warmup_epochs": None},
        {"end_ratio": 0.05},
    ],
)
def test_every_part_matters(without: dict[str, object]) -> None:
    full = _training(is_supernet=False)
    less = _training(is_supernet=False, recipe=replace(RECIPE, **without))  # type: ignore[arg-type]
    full.run()
    less.run()
    assert not torch.equal(full.state()["0.weight"], less.state()["0.weight"])


def test_a_checkpoint_without_the_average_is_refused(tmp_path: Path) -> None:
    _training(is_supernet=False, recipe=replace(RECIPE, averaging=None)).run(
        checkpoint=tmp_path / "c.pt"
    )
    with pytest.raises(ValueError, match=r"recipe.averaging = None, now it is 0.3"):
        _training(is_supernet=False).run(checkpoint=tmp_path / "c.pt")


def test_mixup_ratios_follow_their_distribution() -> None:
    ratios = np.array([mixup_ratio(step, recipe=RECIPE, seed=1) for step in range(2000)])
    assert mixup_ratio(7, recipe=RECIPE, seed=1) == ratios[7]
    assert mixup_ratio(7, recipe=RECIPE, seed=2) != ratios[7]
    assert mixup_ratio(7, recipe=replace(RECIPE, mixup=None), seed=1) == 1.0
    # Beta(a, a) has mean 1/2 and variance 1 / (4 (2 a + 1)).
    assert ratios.mean() == pytest.approx(0.5, abs=0.04)
    assert ratios.var() == pytest.approx(1 / (4 * 1.4), rel=0.06)


def test_the_recipe_and_the_data_know_the_same_policies() -> None:
    (policies, _) = get_args(field_types(Recipe)["auto_augment"])
    assert get_args(policies) == POLICIES


def test_the_documented_recipe_is_the_papers() -> None:
    """Section 6.1: settings are the paper's, and the fragment resolves beside a preset."""
    text = (Path(__file__).parents[2] / "docs" / "how-to" / "recipe.md").read_text(encoding="utf-8")
    section = text
    fragment = yaml.safe_load(section.split("```yaml")[1].split("```")[0])
    config = resolve(read_preset("imagenet"), fragment)
    recipe = config.retrain.recipe
    assert config.precision == "bf16"
    assert (recipe.epochs, recipe.batch_size, recipe.learning_rate) == (100, 1024, 2.0)
    assert (recipe.schedule, recipe.end_ratio) == ("exponential", 0.02)
    assert (recipe.warmup_epochs, recipe.momentum, recipe.weight_decay) == (5, 0.9, 2e-5)
    assert (recipe.label_smoothing, recipe.mixup, recipe.auto_augment) == (0.1, 0.2, "imagenet")
    assert recipe.averaging is not None


@pytest.mark.parametrize(
    ("given", "lasting"),
    [
        ({"epochs": 8.0}, {"epochs": 2.0}),
        ({"steps": 10}, {"steps": 2}),
        ({"steps": 1}, {"steps": 1}),
    ],
)
def test_a_recipe_for_a_share_of_its_length(given, lasting):
    recipe = Recipe(**given, learning_rate=0.1)
    assert recipe.lasting(0.25) == Recipe(**lasting, learning_rate=0.1)
    assert recipe.lasting(1) is recipe


def test_larger_members_train_shorter_and_from_weights_at_a_lower_rate():
    settings = RetrainConfig(taper=0.5, finetune_rate=0.5, recipe=Recipe(epochs=12.0))
    alone = settings.recipe_alone(1000, ratio=4.0)
    assert (alone.epochs, settings.recipe_alone(1000).epochs) == (6.0, 12.0)
    on = settings.recipe_from_weights(1000, ratio=4.0)
    assert (on.epochs, on.learning_rate) == (6.0, alone.learning_rate / 2)
