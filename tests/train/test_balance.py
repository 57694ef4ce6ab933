"""What trainings are made of where they make up for classes of unequal size."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from escalade.config import resolve
from escalade.config.recipe import Recipe
from escalade.core.numbers.class_counts import Balance
from escalade.core.values.invalid import Invalid
from escalade.data.image_data import ImageData
from escalade.data.splits.split import Split
from escalade.family.packaging.finished import recipe_facts
from escalade.planning.begun_space import named_space
from escalade.planning.resolved_run import load_images
from escalade.train.losses import ONE_LABEL, WeightedClasses
from escalade.train.prepare import objective, training_batches
from escalade.train.runtime import Runtime
from made_data import grey_data, noise_split

RECIPE = Recipe(steps=4, batch_size=10)


def unequal(balance: Balance) -> ImageData:
    """Of the classes a and c 50 and 10 images, of b none."""
    train = noise_split(60, side=8, seed=0)
    split = Split(train.images, torch.tensor([0] * 50 + [2] * 10))
    return replace(grey_data(split, split, split), balance=balance)


@pytest.mark.parametrize(("balance", "drawn"), [("none", 10), ("sampling", 30), ("loss", 10)])
def test_batches_draw_classes_equally_often_by_sampling_alone(balance: Balance, drawn: int) -> None:
    batches = training_batches(RECIPE, unequal(balance), seed=0, runtime=Runtime(device="cpu"))
    labels = torch.cat([batches.at(step)[1] for step in range(6)])
    assert int((labels == 2).sum()) == drawn


@pytest.mark.parametrize("balance", ["none", "sampling"])
def test_the_loss_is_the_usual_one_without(balance: Balance) -> None:
    aim = objective(RECIPE, unequal(balance), runtime=Runtime(device="cpu"))
    assert aim.losses is ONE_LABEL


def test_the_loss_weighs_classes_by_their_training_images() -> None:
    aim = objective(RECIPE, unequal("loss"), runtime=Runtime(device="cpu"))
    assert isinstance(aim.losses, WeightedClasses)
    assert aim.losses.weights.tolist() == pytest.approx([0.6, 0.0, 3.0])


def test_a_card_tells_it_with_the_recipe() -> None:
    assert recipe_facts(RECIPE, balance="loss")["balance"] == "loss"
    assert "balance" not in recipe_facts(RECIPE, balance="none")


def test_images_of_several_classes_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ESCALADE_CACHE", str(tmp_path / "cache"))
    rng, lines = np.random.default_rng(0), ["file,labels"]
    for i in range(24):
        pixels = rng.integers(0, 256, (8, 8, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(tmp_path / f"{i}.png")
        lines.append(f"{i}.png,{'a;b' if i % 3 else 'a'}")
    (tmp_path / "labels.csv").write_text("\n".join(lines), encoding="utf-8")
    settings = {"data": str(tmp_path / "labels.csv"), "budgets": "1M", "space": "small"}
    config = resolve(settings, {"dataset": {"balance": "sampling"}})
    with pytest.raises(Invalid) as found:
        load_images(config, named_space(config))
    assert str(found.value) == (
        "dataset.balance: sampling is for images of one class each, and these may have several; "
        "use none"
    )
