"""A training recipe as a value."""

from __future__ import annotations

import math
from dataclasses import dataclass

from escalade.train.schedule import SCHEDULES


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """How to train; the defaults are ScaleNet's (section 4.1), tuned for small images.

    Attributes:
        epochs: passes over the training images; give either this or `steps`.
        steps: optimizer steps.
        batch_size: images a step, over all ranks.
        learning_rate: peak learning rate.
        weight_decay: not applied to batch norm or biases.
        warmup: share of the training that warms up linearly.
        schedule: `cosine`, `linear`, `exponential` or `constant`.
        batch_norm_groups: parts of the batch whose batch-norm statistics are taken apart, over
            all ranks; None is one a rank. One rank with two groups trains as two ranks do.
        clip_grad_norm: the gradient's largest norm, or None.
        drop_rate: dropout before the classifier (stand-alone networks only).
        drop_path_rate: stochastic depth (stand-alone networks only).
        padding: zeros on each side of an image before its random crop.
        flip: mirror images at random; None lets the data set decide.
        random_resized_crop: crop a random area instead, for larger images; `padding` then rests.

    Raises:
        ValueError: if a field is outside its range, naming it.
    """

    epochs: float | None = None
    steps: int | None = None
    batch_size: int = 128
    learning_rate: float = 0.6
    momentum: float = 0.9
    nesterov: bool = True
    weight_decay: float = 1e-4
    label_smoothing: float = 0.1
    warmup: float = 0.05
    schedule: str = "cosine"
    batch_norm_groups: int | None = None
    clip_grad_norm: float | None = None
    drop_rate: float = 0.0
    drop_path_rate: float = 0.0
    padding: int = 2
    flip: bool | None = None
    random_resized_crop: bool = False

    def __post_init__(self) -> None:
        _validate(self)

    def num_steps(self, num_per_epoch: int) -> int:
        """Optimizer steps, at least one.

        Args:
            num_per_epoch: batches in one pass over the training images.
        """
        if self.steps is not None:
            return self.steps
        if self.epochs is None:
            raise ValueError("recipe: give either epochs or steps")
        return max(1, math.ceil(self.epochs * num_per_epoch))


def _validate(recipe: Recipe) -> None:
    if recipe.epochs is not None and recipe.steps is not None:
        raise ValueError("recipe: epochs and steps are both given; give one of them")
    if recipe.schedule not in SCHEDULES:
        raise ValueError(
            f"recipe.schedule: {recipe.schedule!r} is not known; use one of {', '.join(SCHEDULES)}"
        )
    if recipe.nesterov and recipe.momentum <= 0:
        raise ValueError("recipe.momentum: Nesterov needs a positive momentum; or nesterov: false")
    for name in ("epochs", "steps", "batch_size", "batch_norm_groups", "learning_rate"):
        value = getattr(recipe, name)
        if value is not None and not value > 0:
            raise ValueError(f"recipe.{name}: {value} is not positive")
    if recipe.clip_grad_norm is not None and not recipe.clip_grad_norm > 0:
        raise ValueError(f"recipe.clip_grad_norm: {recipe.clip_grad_norm} is not positive; or null")
    for name in ("momentum", "label_smoothing", "warmup", "drop_rate", "drop_path_rate"):
        value = getattr(recipe, name)
        if not 0 <= value < 1:
            raise ValueError(f"recipe.{name}: {value} is outside [0, 1)")
    for name in ("weight_decay", "padding"):
        value = getattr(recipe, name)
        if value < 0:
            raise ValueError(f"recipe.{name}: {value} is negative")
