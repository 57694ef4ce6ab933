"""Training losses."""

from __future__ import annotations

from torch import Tensor
from torch.nn import functional


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
