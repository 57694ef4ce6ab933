from __future__ import annotations

import math

import pytest
import torch

from escalade.train.losses import cross_entropy


def test_label_smoothing_in_closed_form() -> None:
    # Logits log 8, log 1, log 1: probabilities 0.8, 0.1, 0.1.
    logits = torch.tensor([[math.log(8.0), 0.0, 0.0]])
    labels = torch.tensor([0])
    assert cross_entropy(logits, labels).item() == pytest.approx(-math.log(0.8), rel=1e-6)
    smoothing = 0.3
    expected = -(1 - smoothing + smoothing / 3) * math.log(0.8) - 2 * smoothing / 3 * math.log(0.1)
    smoothed = cross_entropy(logits, labels, label_smoothing=smoothing)
    assert smoothed.item() == pytest.approx(expected, rel=1e-6)


def test_half_precision_logits_lose_nothing_more() -> None:
    logits = torch.tensor([[2.0, -1.0], [0.5, 0.25]], dtype=torch.bfloat16)
    labels = torch.tensor([1, 0])
    assert cross_entropy(logits, labels).dtype == torch.float32
    assert torch.equal(cross_entropy(logits, labels), cross_entropy(logits.float(), labels))
