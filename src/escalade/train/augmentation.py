"""What a recipe does to the images of a data set."""

from __future__ import annotations

from escalade.data.batches import Augmentation
from escalade.data.image_data import ImageData
from escalade.train.recipe import Recipe


def augmentation(recipe: Recipe, data: ImageData) -> Augmentation:
    """The recipe's augmentation; whether mirroring is on may be the data's to say."""
    return Augmentation(
        padding=0 if recipe.random_resized_crop else recipe.padding,
        flip=data.flip if recipe.flip is None else recipe.flip,
        random_resized_crop=recipe.random_resized_crop,
        auto_augment=recipe.auto_augment,
    )
