"""A training recipe as a value."""

from __future__ import annotations

import math
from dataclasses import dataclass

from escalade.train.schedule import END_RATIO, SCHEDULES

LONGEST_WARMUP = 0.5  # of a training that has been made shorter than its warm-up
OPTIMIZERS = ("sgd", "rmsprop")
AUTO_AUGMENT = ("imagenet", "cifar10", "svhn")  # torchvision's policies


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """How to train; the defaults are ScaleNet's (section 4.1), tuned for small images.

    Attributes:
        epochs: passes over the training images; give either this or `steps`.
        steps: optimizer steps.
        batch_size: images a step, over all ranks.
        optimizer: `sgd`, or `rmsprop` in TensorFlow's flavour (BigNAS, EfficientNet).
        learning_rate: peak learning rate.
        momentum: of either optimizer.
        nesterov: of SGD; RMSProp has none.
        weight_decay: not applied to batch norm or biases.
        warmup: share of the training that warms up linearly, before the schedule begins.
        warmup_epochs: the warm-up in epochs, at most half of the training; `warmup` then rests,
            and the schedule runs from the first step, beneath the warm-up.
        schedule: `cosine`, `linear`, `exponential` or `constant`.
        end_ratio: where the exponential schedule ends, relative to the peak.
        constant_after: the share of the schedule after which the exponential one has reached
            `end_ratio` and stays there (BigNAS, section 3.1); 1 decays to the end. The paper's
            decay by 0.97 every 2.4 epochs takes 236 epochs to 5 %: 0.67 of 350.
        batch_norm_groups: parts of the batch whose batch-norm statistics are taken apart, over
            all ranks; None is one a rank. One rank with two groups trains as two ranks do.
        clip_grad_norm: the gradient's largest norm, or None.
        drop_rate: dropout before the classifier (stand-alone networks, sandwich steps, members that
            train together).
        drop_path_rate: stochastic depth (stand-alone networks only).
        padding: zeros on each side of an image before its random crop.
        flip: mirror images at random; None lets the data set decide.
        random_resized_crop: crop a random area instead, for larger images; `padding` then rests.
        auto_augment: AutoAugment's policy after the crop: `imagenet`, `cifar10` or `svhn`.
        mixup: images and labels are mixed in pairs; the parameter of the beta distribution that
            each batch's ratio comes from.
        averaging: keep an exponential moving average of the weights that looks back on this share
            of the training.

    Raises:
        ValueError: if a field is outside its range, naming it.
    """

    epochs: float | None = None
    steps: int | None = None
    batch_size: int = 128
    optimizer: str = "sgd"
    learning_rate: float = 0.6
    momentum: float = 0.9
    nesterov: bool = True
    weight_decay: float = 1e-4
    label_smoothing: float = 0.1
    warmup: float = 0.05
    warmup_epochs: float | None = None
    schedule: str = "cosine"
    end_ratio: float = END_RATIO
    constant_after: float = 1.0
    batch_norm_groups: int | None = None
    clip_grad_norm: float | None = None
    drop_rate: float = 0.0
    drop_path_rate: float = 0.0
    padding: int = 2
    flip: bool | None = None
    random_resized_crop: bool = False
    auto_augment: str | None = None
    mixup: float | None = None
    averaging: float | None = None

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

    def warmup_share(self, *, num_steps: int, num_per_epoch: int | None = None) -> float:
        """The share of the training that warms up.

        Args:
            num_steps: of the training.
            num_per_epoch: as for `num_steps`; needed for `warmup_epochs` only.
        """
        if self.warmup_epochs is None:
            return self.warmup
        if num_per_epoch is None:
            raise ValueError(
                "recipe.warmup_epochs: these batches do not say how many make an epoch "
                "(num_per_epoch); use recipe.warmup, a share"
            )
        return min(LONGEST_WARMUP, self.warmup_epochs * num_per_epoch / num_steps)


def _validate(recipe: Recipe) -> None:
    if recipe.epochs is not None and recipe.steps is not None:
        raise ValueError("recipe: epochs and steps are both given; give one of them")
    for name, known in (("schedule", SCHEDULES), ("optimizer", OPTIMIZERS)):
        value = getattr(recipe, name)
        if value not in known:
            raise ValueError(
                f"recipe.{name}: {value!r} is not known; use one of {', '.join(known)}"
            )
    if recipe.auto_augment is not None and recipe.auto_augment not in AUTO_AUGMENT:
        raise ValueError(
            f"recipe.auto_augment: {recipe.auto_augment!r} is not known; use one of "
            f"{', '.join(AUTO_AUGMENT)}, or null"
        )
    if recipe.optimizer == "sgd" and recipe.nesterov and recipe.momentum <= 0:
        raise ValueError("recipe.momentum: Nesterov needs a positive momentum; or nesterov: false")
    for name in ("epochs", "steps", "batch_size", "batch_norm_groups", "learning_rate"):
        value = getattr(recipe, name)
        if value is not None and not value > 0:
            raise ValueError(f"recipe.{name}: {value} is not positive")
    for name in ("clip_grad_norm", "warmup_epochs", "mixup"):
        value = getattr(recipe, name)
        if value is not None and not value > 0:
            raise ValueError(f"recipe.{name}: {value} is not positive; or null")
    if recipe.averaging is not None and not 0 < recipe.averaging <= 1:
        raise ValueError(f"recipe.averaging: {recipe.averaging} is outside (0, 1]; or null")
    for name in ("end_ratio", "constant_after"):
        value = getattr(recipe, name)
        if not 0 < value <= 1:
            raise ValueError(f"recipe.{name}: {value} is outside (0, 1]")
    if recipe.constant_after < 1 and recipe.schedule != "exponential":
        raise ValueError(
            f"recipe.constant_after: {recipe.constant_after} is for the exponential schedule, not "
            f"{recipe.schedule}; leave it out"
        )
    for name in ("momentum", "label_smoothing", "warmup", "drop_rate", "drop_path_rate"):
        value = getattr(recipe, name)
        if not 0 <= value < 1:
            raise ValueError(f"recipe.{name}: {value} is outside [0, 1)")
    for name in ("weight_decay", "padding"):
        value = getattr(recipe, name)
        if value < 0:
            raise ValueError(f"recipe.{name}: {value} is negative")
