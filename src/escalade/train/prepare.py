"""What a recipe makes of the images of a data set: augmentation, batches, objective."""

from __future__ import annotations

import torch

from escalade.config.recipe import Recipe
from escalade.data.batching.batches import Augmentation, TrainBatches
from escalade.data.image_data import ImageData
from escalade.train.loop import own_part
from escalade.train.losses import ONE_LABEL, Losses, SeveralLabels, WeightedClasses
from escalade.train.runtime import Runtime
from escalade.train.step import TrainingObjective


def augmentation(recipe: Recipe, data: ImageData) -> Augmentation:
    """The recipe's augmentation; whether mirroring is on may be the data's to say."""
    return Augmentation(
        padding=0 if recipe.random_resized_crop else recipe.padding,
        flip=data.flip if recipe.flip is None else recipe.flip,
        random_resized_crop=recipe.random_resized_crop,
        auto_augment=recipe.auto_augment,
    )


def training_batches(
    recipe: Recipe, data: ImageData, *, seed: int, runtime: Runtime, num_crops: int = 1
) -> TrainBatches:
    """The training images of this rank as the recipe wants them; `num_crops` of each."""
    return TrainBatches(
        data.train,
        batch_size=recipe.batch_size,
        seed=seed,
        augmentation=augmentation(recipe, data),
        equal_classes=data.balance == "sampling",
        device=runtime.device,
        num_crops=num_crops,
        part=own_part(recipe, runtime=runtime),
        resident_bytes=runtime.resident_bytes,
    )


def objective(recipe: Recipe, data: ImageData, *, runtime: Runtime) -> TrainingObjective:
    """What the recipe's steps make of the data's images and logits."""
    return TrainingObjective(
        mean=data.mean,
        std=data.std,
        label_smoothing=recipe.label_smoothing,
        autocast=runtime.autocast,
        losses=_losses(data, device=runtime.device),
    )


def _losses(data: ImageData, *, device: torch.device) -> Losses:
    """What the kind of labels calls for, and classes of unequal size where the loss balances."""
    if data.label_sets is not None:
        return SeveralLabels(data.label_sets.targets.to(device))
    if data.balance == "loss":
        return WeightedClasses(torch.tensor(data.counts(data.train).weights, device=device))
    return ONE_LABEL
