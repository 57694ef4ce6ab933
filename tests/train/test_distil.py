"""Distillation from a fixed teacher, and in place from the largest path (BigNAS, Table 3)."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from tiny_training import make_space, make_split, make_supernet, objective
from torch import Tensor, nn
from torch.nn import functional

from escalade.config.recipe import Recipe
from escalade.core.sampling.sandwich_paths import Pair
from escalade.data.batching.batches import prepare
from escalade.train.runtime import Runtime
from escalade.train.step import Batch
from escalade.train.steps.distil import DistilStep
from escalade.train.steps.sandwich import SandwichStep

SPLIT = make_split(8)
BATCH = Batch(images=SPLIT.images, labels=SPLIT.labels, step=5, share=1.0)


def ready(images: Tensor, side: int) -> Tensor:
    return prepare(images, resolution=side, mean=(0.4,), std=(0.3,))


def make_teacher() -> nn.Module:
    """Batch norm and dropout make training and evaluation differ; it is left in training mode."""
    torch.manual_seed(3)
    network = nn.Sequential(
        nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.Flatten(), nn.Dropout(0.5), nn.Linear(256, 3)
    )
    norm = network[1]
    assert isinstance(norm, nn.BatchNorm2d)
    nn.init.uniform_(norm.running_mean, 0.5, 1.0)
    return network.train()


def make_student() -> nn.Linear:
    torch.manual_seed(4)
    return nn.Linear(64, 3)


def gradient(
    batch: Batch, teacher: nn.Module | None = None, *, precision: str = "fp32"
) -> tuple[Tensor, Tensor]:
    """Of a student's weights, by the step, and the loss."""
    student = make_student()
    step = DistilStep(
        nn.Sequential(nn.Flatten(), student),
        resolution=8,
        teacher=teacher or make_teacher(),
        teacher_resolution=10,
        objective=objective(Runtime(device="cpu", precision=precision)),
    )
    loss = step(batch)
    assert student.weight.grad is not None
    return student.weight.grad, loss


@pytest.mark.parametrize("ratio", [1.0, 0.3])
@pytest.mark.parametrize("share", [1.0, 0.5])
def test_the_gradient_is_the_difference_of_predictions(ratio: float, share: float) -> None:
    """d/dW of -sum(t log softmax(W x)) is (softmax(W x) - t) x', whatever the labels say."""
    found, loss = gradient(replace(BATCH, ratio=ratio, share=share))
    mixed = BATCH.images * ratio + BATCH.images.flip(0) * (1 - ratio)
    targets = make_teacher().eval()(ready(mixed, 10)).softmax(1).detach()
    x, student = ready(mixed, 8).flatten(1), make_student()
    predicted = student(x).softmax(1).detach()
    expected = share * (predicted - targets).T @ x / len(x)
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-6)
    entropy = -(targets * predicted.log()).sum(1).mean()
    assert loss.item() == pytest.approx(entropy.item(), rel=1e-5)


def test_labels_are_not_looked_at() -> None:
    other, _ = gradient(replace(BATCH, labels=BATCH.labels.flip(0)))
    assert torch.equal(gradient(BATCH)[0], other)


def test_the_teacher_stays_as_it_is() -> None:
    teacher = make_teacher()
    before = {name: value.clone() for name, value in teacher.state_dict().items()}
    gradient(BATCH, teacher)
    assert not teacher.training
    assert all(parameter.grad is None for parameter in teacher.parameters())
    for name, value in teacher.state_dict().items():
        assert torch.equal(value, before[name]), name


def test_bf16_predictions_are_near() -> None:
    found, loss = gradient(BATCH, precision="bf16")
    expected, exact = gradient(BATCH)
    assert found.dtype == torch.float32
    assert loss.item() == pytest.approx(exact.item(), rel=0.05)
    assert (found - expected).abs().max() < 0.1 * expected.abs().max()


def in_pair(batch: Batch) -> dict[str, Tensor]:
    """Gradients of a supernet whose largest path teaches one child."""
    supernet, largest, child = _paths()
    SandwichStep(
        supernet,
        sandwich=Pair(largest=largest, child=child),
        objective=objective(Runtime(device="cpu")),
        recipe=Recipe(steps=1),
    )(batch)
    return {name: p.grad for name, p in supernet.named_parameters() if p.grad is not None}


@pytest.mark.parametrize("ratio", [1.0, 0.3])
def test_in_place_the_child_learns_from_the_largest_alone(ratio: float) -> None:
    found = in_pair(replace(BATCH, ratio=ratio))
    supernet, largest, child = _paths()
    mixed = BATCH.images * ratio + BATCH.images.flip(0) * (1 - ratio)
    smooth = 0.9 * functional.one_hot(BATCH.labels, 3) + 0.1 / 3
    labels = ratio * smooth + (1 - ratio) * smooth.flip(0)
    scores = [
        supernet(ready(mixed, path.architecture.resolution), path.architecture).log_softmax(1)
        for path in (largest, child)
    ]
    taught = functional.kl_div(scores[1], scores[0].exp().detach(), reduction="batchmean")
    (taught - (labels * scores[0]).sum(1).mean()).backward()
    for name, parameter in supernet.named_parameters():
        if parameter.grad is None:
            assert name not in found
        else:
            torch.testing.assert_close(found[name], parameter.grad, rtol=1e-4, atol=1e-5)


def _paths():
    space = make_space()
    last = space.strategies(space.num_stages - 1)[-1]
    largest = space.path(space.largest, last)
    return make_supernet(), largest, space.path(space.smallest, space.base_triple)
