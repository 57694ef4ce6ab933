"""Training losses."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor
from torch.nn import functional


class Losses(Protocol):
    """What logits are trained by: labels, smoothed and mixed, and a teacher's soft labels."""

    def of_labels(
        self, logits: Tensor, labels: Tensor, *, label_smoothing: float, ratio: float
    ) -> Tensor: ...

    def soft_labels(self, logits: Tensor) -> Tensor: ...

    def of_soft_labels(self, logits: Tensor, targets: Tensor) -> Tensor: ...


@dataclass(frozen=True, slots=True)
class OneLabel:
    """Every image has one class: cross entropy of the classes' shares."""

    def of_labels(
        self, logits: Tensor, labels: Tensor, *, label_smoothing: float, ratio: float
    ) -> Tensor:
        """See `cross_entropy`."""
        return cross_entropy(logits, labels, label_smoothing=label_smoothing, ratio=ratio)

    def soft_labels(self, logits: Tensor) -> Tensor:
        """See `soft_labels`."""
        return soft_labels(logits)

    def of_soft_labels(self, logits: Tensor, targets: Tensor) -> Tensor:
        """See `soft_cross_entropy`."""
        return soft_cross_entropy(logits, targets)


ONE_LABEL = OneLabel()


@dataclass(frozen=True, slots=True)
class WeightedClasses:
    """Every image has one class, whose weight its cross entropy has.

    Soft labels have the weight that their classes have in the mean, by their shares.

    Attributes:
        weights: float32 (classes,); 1 in the mean over the training images, so that losses are as
            large as without and the same learning rates suit.
    """

    weights: Tensor

    def of_labels(
        self, logits: Tensor, labels: Tensor, *, label_smoothing: float, ratio: float
    ) -> Tensor:
        """Mean over the images; of mixed ones each label has its own weight."""
        own = self._weighted(logits, labels, label_smoothing)
        if ratio == 1.0:
            return own
        other = self._weighted(logits, labels.flip(0), label_smoothing)
        return ratio * own + (1.0 - ratio) * other

    def soft_labels(self, logits: Tensor) -> Tensor:
        """See `soft_labels`."""
        return soft_labels(logits)

    def of_soft_labels(self, logits: Tensor, targets: Tensor) -> Tensor:
        """Mean over the images, in float32."""
        losses = functional.cross_entropy(logits.float(), targets, reduction="none")
        return (losses * (targets @ self.weights)).mean()

    def _weighted(self, logits: Tensor, labels: Tensor, smoothing: float) -> Tensor:
        losses = functional.cross_entropy(
            logits.float(), labels, label_smoothing=smoothing, reduction="none"
        )
        return (losses * self.weights[labels]).mean()


@dataclass(frozen=True, slots=True)
class SeveralLabels:
    """Every image has a set of classes: binary cross entropies, summed over the classes.

    Summed, so that a logit's gradient is as large as that of a cross entropy, whatever number of
    classes there is, and the same learning rates suit.

    Attributes:
        targets: float32 (labels, classes), zeros and ones: the classes that a label stands for.
    """

    targets: Tensor

    def of_labels(
        self, logits: Tensor, labels: Tensor, *, label_smoothing: float, ratio: float
    ) -> Tensor:
        """Mean over the images; smoothing draws targets towards a half, mixup blends them."""
        targets = self.targets[labels]
        if ratio != 1.0:
            targets = torch.lerp(targets.flip(0), targets, ratio)
        if label_smoothing:
            targets = targets * (1.0 - label_smoothing) + label_smoothing / 2
        return self.of_soft_labels(logits, targets)

    def soft_labels(self, logits: Tensor) -> Tensor:
        """A teacher's probability of every class, detached, in float32."""
        return logits.detach().float().sigmoid()

    def of_soft_labels(self, logits: Tensor, targets: Tensor) -> Tensor:
        """Mean over the images, in float32."""
        values = logits.float()
        total = functional.binary_cross_entropy_with_logits(values, targets, reduction="sum")
        return total / len(logits)


def cross_entropy(
    logits: Tensor, labels: Tensor, *, label_smoothing: float = 0.0, ratio: float = 1.0
) -> Tensor:
    """Mean cross entropy, in float32 whatever the logits' precision.

    Args:
        logits: (N, classes).
        labels: (N,) class indices.
        label_smoothing: the mass spread evenly over all classes.
        ratio: of mixup: each image's own label has this weight, its partner's the rest.
    """
    values = logits.float()
    own = functional.cross_entropy(values, labels, label_smoothing=label_smoothing)
    if ratio == 1.0:
        return own
    other = functional.cross_entropy(values, labels.flip(0), label_smoothing=label_smoothing)
    return ratio * own + (1.0 - ratio) * other


def soft_labels(logits: Tensor) -> Tensor:
    """A teacher's probabilities, detached, in float32; temperature 1 (BigNAS, section 3.1).

    Args:
        logits: (N, classes).
    """
    return logits.detach().float().softmax(1)


def soft_cross_entropy(logits: Tensor, targets: Tensor) -> Tensor:
    """Mean cross entropy with soft labels, in float32.

    It differs from the Kullback-Leibler divergence by the targets' entropy, so its gradient is the
    same.

    Args:
        logits: (N, classes).
        targets: (N, classes) probabilities, such as `soft_labels` gives.
    """
    return functional.cross_entropy(logits.float(), targets)


def mix(images: Tensor, *, ratio: float) -> Tensor:
    """Mixup: each image and its partner, the one at the same place from the end.

    Batches come in random order, so the pairs are random.

    Args:
        images: (N, ...), float.
        ratio: the weight of an image; its partner has the rest.
    """
    return images if ratio == 1.0 else images.lerp(images.flip(0), 1.0 - ratio)
