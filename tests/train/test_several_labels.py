"""Every step learns from labels and from teachers as its objective's losses say."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import ClassVar

import pytest
import tiny_training as tiny
import torch
from torch import Tensor, nn

from escalade.config.recipe import Recipe
from escalade.core.numbers.seeds import generator
from escalade.core.sampling.samplers import Uniform
from escalade.core.sampling.sandwich_paths import Sandwich
from escalade.train.losses import SeveralLabels
from escalade.train.runtime import Runtime
from escalade.train.step import Batch, PlainStep, Step, TrainingObjective
from escalade.train.steps import Teacher
from escalade.train.steps.distil import DistilStep
from escalade.train.steps.path_sequence import PathSequence
from escalade.train.steps.sandwich import SandwichStep
from escalade.train.steps.single_path import SinglePathStep
from escalade.train.steps.taught import TaughtStep
from escalade.train.steps.together import TogetherStep

SETS = torch.tensor([[1.0, 0.0, 0.0], [1.0, 1.0, 0.0], [0.0, 0.0, 1.0]])
SPLIT = tiny.make_split(8)
BATCH = Batch(images=SPLIT.images, labels=SPLIT.labels, step=5, share=1.0)


class Told(SeveralLabels):
    """Keeps what it was asked for."""

    asked: ClassVar[tuple[list[Tensor], list[Tensor]]] = ([], [])

    def of_labels(
        self, logits: Tensor, labels: Tensor, *, label_smoothing: float, ratio: float
    ) -> Tensor:
        self.asked[0].append(self.targets[labels])
        return super().of_labels(logits, labels, label_smoothing=label_smoothing, ratio=ratio)

    def of_soft_labels(self, logits: Tensor, targets: Tensor) -> Tensor:
        self.asked[1].append(targets)
        return super().of_soft_labels(logits, targets)


def network() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Flatten(), nn.Linear(64, 3))


def plain(aim: TrainingObjective) -> Step:
    return PlainStep(network(), resolution=8, objective=aim)


def distil(aim: TrainingObjective) -> Step:
    return DistilStep(
        network(), resolution=8, teacher=network(), teacher_resolution=8, objective=aim
    )


def single_path(aim: TrainingObjective) -> Step:
    space = tiny.make_space()
    return SinglePathStep(
        tiny.make_supernet(),
        paths=PathSequence(space, sampler=Uniform(space), seed=1),
        objective=aim,
    )


def sandwich(aim: TrainingObjective) -> Step:
    space = tiny.make_space()
    return SandwichStep(
        tiny.make_supernet(),
        sandwich=Sandwich(space, sampler=Uniform(space), seed=1),
        objective=aim,
        recipe=Recipe(steps=1, batch_size=8),
    )


def taught(aim: TrainingObjective) -> Step:
    space = tiny.make_space()
    return TaughtStep(
        tiny.make_supernet(),
        paths=PathSequence(space, sampler=Uniform(space), seed=1),
        num_paths=2,
        teacher=Teacher(network=network(), resolution=8),
        objective=aim,
    )


def together(aim: TrainingObjective) -> Step:
    space = tiny.make_space()
    paths = space.paths(Uniform(space).draw(generator(0, "test"), 16))
    distinct = list({path.key: path for path in paths}.values())[:3]
    return TogetherStep(tiny.make_supernet(), paths=distinct, objective=aim, distillation=0.5)


@pytest.mark.parametrize(
    ("make", "labels", "soft"),
    [
        (plain, 1, 0),
        (distil, 0, 1),
        (single_path, 1, 0),
        (sandwich, 1, 3),
        (taught, 0, 2),
        (together, 3, 2),
    ],
)
def test_steps_ask_their_objective(
    make: Callable[[TrainingObjective], Step], labels: int, soft: int
) -> None:
    """As often as there are paths that learn so; a teacher's classes do not share one."""
    losses = Told(SETS)
    losses.asked[0].clear()
    losses.asked[1].clear()
    aim = replace(tiny.objective(Runtime(device="cpu")), losses=losses, label_smoothing=0.0)
    assert make(aim)(BATCH).isfinite()
    by_labels, by_teacher = losses.asked
    # Labels go on to the binary cross entropy of their targets, which is asked, too.
    assert (len(by_labels), len(by_teacher) - len(by_labels)) == (labels, soft)
    assert all(torch.equal(targets, SETS[SPLIT.labels]) for targets in by_labels)
    told = [targets for targets in by_teacher if not set(targets.unique().tolist()) <= {0.0, 1.0}]
    assert len(told) == soft
    assert all((targets.sum(1) - 1).abs().max() > 1e-3 for targets in told)
