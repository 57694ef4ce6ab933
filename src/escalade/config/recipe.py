"""A training recipe as a value."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Literal

from escalade.core.values.codec import check_fields
from escalade.core.values.invalid import Invalid
from escalade.core.values.ranges import (
    Count,
    CountFrom0,
    NotNegative,
    Positive,
    ShareAbove0,
    ShareBelow1,
)

LONGEST_WARMUP = 0.5  # of a training that has been made shorter than its warm-up


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

    epochs: Positive | None = None
    steps: Count | None = None
    batch_size: Count = 128
    optimizer: Literal["sgd", "rmsprop"] = "sgd"
    learning_rate: Positive = 0.6
    momentum: ShareBelow1 = 0.9
    nesterov: bool = True
    weight_decay: NotNegative = 1e-4
    label_smoothing: ShareBelow1 = 0.1
    warmup: ShareBelow1 = 0.05
    warmup_epochs: Positive | None = None
    schedule: Literal["cosine", "linear", "exponential", "constant"] = "cosine"
    end_ratio: ShareAbove0 = 0.05
    constant_after: ShareAbove0 = 1.0
    batch_norm_groups: Count | None = None
    clip_grad_norm: Positive | None = None
    drop_rate: ShareBelow1 = 0.0
    drop_path_rate: ShareBelow1 = 0.0
    padding: CountFrom0 = 2
    flip: bool | None = None
    random_resized_crop: bool = False
    auto_augment: Literal["imagenet", "cifar10", "svhn"] | None = None
    mixup: Positive | None = None
    averaging: ShareAbove0 | None = None

    def __post_init__(self) -> None:
        check_fields(self)
        if self.epochs is not None and self.steps is not None:
            raise Invalid("epochs and steps are both given", remedy="give one of them")
        if self.optimizer == "sgd" and self.nesterov and self.momentum <= 0:
            problem = "Nesterov needs a positive momentum"
            raise Invalid(problem, path=("momentum",), remedy="or use nesterov: false")
        if self.constant_after < 1 and self.schedule != "exponential":
            problem = f"{self.constant_after} is for the exponential schedule, not {self.schedule}"
            raise Invalid(problem, path=("constant_after",), remedy="leave it out")

    def num_steps(self, num_per_epoch: int) -> int:
        """Optimizer steps, at least one.

        Args:
            num_per_epoch: batches in one pass over the training images.
        """
        if self.steps is not None:
            return self.steps
        if self.epochs is None:
            raise Invalid("there are neither epochs nor steps", remedy="give one of them")
        return max(1, math.ceil(self.epochs * num_per_epoch))

    def for_images(self, num_train: int) -> Recipe:
        """With batches that so many training images can fill."""
        return replace(self, batch_size=min(self.batch_size, num_train))

    def lasting(self, share: float) -> Recipe:
        """The same for a share of its epochs or steps, at least one step."""
        if share == 1:
            return self
        if self.steps is not None:
            return replace(self, steps=max(1, round(self.steps * share)))
        return replace(self, epochs=None if self.epochs is None else self.epochs * share)

    def num_images(self, num_train: int) -> int:
        """Images that a training sees, out of so many."""
        batch = min(self.batch_size, num_train)
        return self.num_steps(num_train // batch) * batch

    def warmup_share(self, *, num_steps: int, num_per_epoch: int | None = None) -> float:
        """The share of the training that warms up.

        Args:
            num_steps: of the training.
            num_per_epoch: as for `num_steps`; needed for `warmup_epochs` only.
        """
        if self.warmup_epochs is None:
            return self.warmup
        if num_per_epoch is None:
            raise Invalid(
                "these batches do not say how many make an epoch (num_per_epoch)",
                path=("warmup_epochs",),
                remedy="use warmup, a share",
            )
        return min(LONGEST_WARMUP, self.warmup_epochs * num_per_epoch / num_steps)


# Many small steps with bounded gradients: what small networks learn well by in minutes.
SMALL_STEPS = Recipe(batch_size=64, clip_grad_norm=1.0)
