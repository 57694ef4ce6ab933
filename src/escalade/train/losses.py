"""Training losses."""

from __future__ import annotations

from torch import Tensor
from torch.nn import functional


def cross_entropy(logits: Tensor, labels: Tensor, *, label_smoothing: float = 0.0) -> Tensor:
    """Mean cross entropy, in float32 whatever the logits' precision.

    Args:
        logits: (N, classes).
        labels: (N,) class indices.
        label_smoothing: the mass spread evenly over all classes.
    """
    return functional.cross_entropy(logits.float(), labels, label_smoothing=label_smoothing)
