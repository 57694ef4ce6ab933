from __future__ import annotations

import math

import pytest
import torch
from timm.data.mixup import Mixup
from timm.loss import SoftTargetCrossEntropy
from torch.nn import functional

from escalade.core.numbers.class_counts import ClassCounts
from escalade.train.losses import (
    ONE_LABEL,
    SeveralLabels,
    WeightedClasses,
    cross_entropy,
    mix,
    soft_cross_entropy,
    soft_labels,
)


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


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
@pytest.mark.parametrize("ratio", [0.0, 0.3, 0.85, 1.0])
def test_mixup_agrees_with_timm(ratio: float, smoothing: float) -> None:
    rng = torch.Generator().manual_seed(0)
    images = torch.randn(6, 3, 5, 5, generator=rng).to(memory_format=torch.channels_last)
    labels = torch.tensor([3, 0, 2, 2, 1, 0])
    logits = torch.randn(6, 4, generator=rng)
    timm = Mixup(mixup_alpha=0.2, label_smoothing=smoothing, num_classes=4)
    timm._params_per_batch = lambda: (ratio, False)
    expected_images, targets = timm(images.clone(), labels)
    mixed = mix(images, ratio=ratio)
    torch.testing.assert_close(mixed, expected_images)
    assert mixed.is_contiguous(memory_format=torch.channels_last)
    expected = SoftTargetCrossEntropy()(logits, targets)
    loss = cross_entropy(logits, labels, label_smoothing=smoothing, ratio=ratio)
    torch.testing.assert_close(loss, expected)


def test_mixup_leaves_its_argument_alone() -> None:
    images = torch.arange(4.0).view(4, 1, 1, 1)
    mixed = mix(images, ratio=0.75)
    assert images.flatten().tolist() == [0.0, 1.0, 2.0, 3.0]
    assert mixed.flatten().tolist() == [0.75, 1.25, 1.75, 2.25]


def test_soft_labels_in_closed_form() -> None:
    # Teacher 0.8, 0.2; student 0.5, 0.5.
    teacher = torch.tensor([[math.log(4.0), 0.0]], requires_grad=True)
    student = torch.tensor([[1.0, 1.0]], requires_grad=True)
    targets = soft_labels(teacher)
    assert targets.flatten().tolist() == pytest.approx([0.8, 0.2])
    loss = soft_cross_entropy(student, targets)
    assert loss.item() == pytest.approx(math.log(2.0))
    loss.backward()
    assert teacher.grad is None
    assert student.grad is not None
    assert student.grad.flatten().tolist() == pytest.approx([0.5 - 0.8, 0.5 - 0.2])


def test_the_soft_gradient_is_the_divergences() -> None:
    rng = torch.Generator().manual_seed(0)
    teacher = torch.randn(6, 4, generator=rng)
    student = torch.randn(6, 4, generator=rng, requires_grad=True)
    (soft,) = torch.autograd.grad(soft_cross_entropy(student, soft_labels(teacher)), student)
    divergence = functional.kl_div(
        student.log_softmax(1), teacher.log_softmax(1), reduction="batchmean", log_target=True
    )
    (expected,) = torch.autograd.grad(divergence, student)
    torch.testing.assert_close(soft, expected)


def test_soft_labels_of_half_precision_are_whole() -> None:
    logits = torch.randn(5, 100, dtype=torch.bfloat16)
    targets = soft_labels(logits)
    assert targets.dtype == torch.float32
    torch.testing.assert_close(targets.sum(1), torch.ones(5))
    assert soft_cross_entropy(logits, targets).dtype == torch.float32


SETS = torch.tensor([[1.0, 0.0, 0.0], [1.0, 1.0, 0.0], [0.0, 0.0, 1.0]])


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
@pytest.mark.parametrize("ratio", [0.3, 1.0])
def test_several_labels_are_binary_cross_entropies(ratio: float, smoothing: float) -> None:
    """Of probabilities, class by class, by the definition."""
    rng = torch.Generator().manual_seed(0)
    logits = torch.randn(4, 3, generator=rng, requires_grad=True)
    labels = torch.tensor([0, 1, 2, 1])
    own, other = SETS[labels], SETS[labels.flip(0)]
    targets = ratio * own + (1 - ratio) * other
    targets = (1 - smoothing) * targets + smoothing * 0.5
    shares = 1 / (1 + torch.exp(-logits))
    expected = -(targets * shares.log() + (1 - targets) * (1 - shares).log()).sum(1).mean()
    loss = SeveralLabels(SETS).of_labels(logits, labels, label_smoothing=smoothing, ratio=ratio)
    torch.testing.assert_close(loss, expected)
    (gradient,) = torch.autograd.grad(loss, logits)
    torch.testing.assert_close(gradient, (shares - targets).detach() / 4)


def test_a_teachers_probabilities_of_several_labels() -> None:
    """A student that agrees has no gradient."""
    teacher = torch.tensor([[math.log(4.0), 0.0]], requires_grad=True)
    losses = SeveralLabels(torch.eye(2))
    soft = losses.soft_labels(teacher)
    assert not soft.requires_grad
    torch.testing.assert_close(soft, torch.tensor([[0.8, 0.5]]))
    student = teacher.detach().clone().requires_grad_()
    (gradient,) = torch.autograd.grad(losses.of_soft_labels(student, soft), student)
    torch.testing.assert_close(gradient, torch.zeros_like(gradient))


def weighted(labels: torch.Tensor) -> WeightedClasses:
    """By the images that there are, of three classes."""
    images = tuple(torch.bincount(labels, minlength=3).tolist())
    return WeightedClasses(
        torch.tensor(ClassCounts(classes=("a", "b", "c"), images=images).weights)
    )


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_weighted_classes_count_the_same(smoothing: float) -> None:
    """Over all images the loss is the mean of the classes' own losses."""
    labels = torch.tensor([0, 0, 0, 0, 0, 0, 1, 2, 2])
    logits = torch.randn(9, 3, generator=torch.Generator().manual_seed(0))
    alone = [
        cross_entropy(logits[labels == each], labels[labels == each], label_smoothing=smoothing)
        for each in range(3)
    ]
    losses = weighted(labels)
    loss = losses.of_labels(logits, labels, label_smoothing=smoothing, ratio=1.0)
    torch.testing.assert_close(loss, torch.stack(alone).mean())
    assert losses.of_labels(logits.bfloat16(), labels, label_smoothing=0, ratio=1).dtype == (
        torch.float32
    )


def test_of_mixed_images_each_label_has_its_own_weight() -> None:
    labels = torch.tensor([0, 0, 0, 1, 2])
    logits = torch.randn(5, 3, generator=torch.Generator().manual_seed(0))
    losses, shares = weighted(labels), logits.softmax(1)
    weights = torch.tensor([5 / 9, 5 / 3, 5 / 3])
    expected = -sum(
        0.7 * weights[own] * share[own].log() + 0.3 * weights[other] * share[other].log()
        for share, own, other in zip(shares, labels, labels.flip(0), strict=True)
    )
    loss = losses.of_labels(logits, labels, label_smoothing=0.0, ratio=0.7)
    torch.testing.assert_close(loss, expected / 5)


def test_soft_labels_have_the_weight_of_their_classes() -> None:
    """A teacher that is sure is as good as labels, and equal classes change nothing."""
    labels = torch.tensor([0, 0, 0, 1, 2])
    logits, taught = torch.randn(2, 5, 3, generator=torch.Generator().manual_seed(0)).unbind()
    losses, sure = weighted(labels), functional.one_hot(labels, 3).float()
    torch.testing.assert_close(
        losses.of_soft_labels(logits, sure),
        losses.of_labels(logits, labels, label_smoothing=0.0, ratio=1.0),
    )
    soft = losses.soft_labels(taught)
    even = weighted(torch.tensor([0, 1, 2]))
    torch.testing.assert_close(
        even.of_soft_labels(logits, soft), ONE_LABEL.of_soft_labels(logits, soft)
    )
