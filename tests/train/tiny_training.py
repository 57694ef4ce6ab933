"""A training so small that a step takes milliseconds."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from escalade.config.recipe import Recipe
from escalade.core.sampling.fair_paths import FairPaths
from escalade.core.sampling.samplers import Hierarchical
from escalade.core.sampling.sandwich_paths import Sandwich
from escalade.core.space.layouts import parse
from escalade.core.space.space import Space
from escalade.data.batching.batches import Augmentation, TrainBatches
from escalade.data.splits.split import Split
from escalade.supernet.make import make_supernet as make_any_supernet
from escalade.supernet.shared_weights import SharedWeights
from escalade.supernet.supernet import Supernet
from escalade.train.loop import TrainResult, own_part, train
from escalade.train.runtime import Runtime
from escalade.train.step import PlainStep, Step, TrainingObjective
from escalade.train.steps.fair import FairStep
from escalade.train.steps.path_sequence import PathSequence
from escalade.train.steps.sandwich import SandwichStep
from escalade.train.steps.single_path import SinglePathStep
from made_data import TINY_SPACE as SPACE

# One down-sampling layer, one that grows and one that keeps its shape; the last choice is nothing.
CHOICES = {
    "format": 1,
    "kind": "choices",
    "name": "tiny_choices",
    "in_channels": 1,
    "num_classes": 3,
    "resolution": 8,
    "stem": {"width": 8},
    "first": {"width": 8},
    "choices": [
        {"expansion": 2, "kernel": 3},
        {"expansion": 2, "kernel": 5, "se": True},
        {"expansion": 3, "kernel": 3},
        "identity",
    ],
    "stages": [{"depth": 1, "width": 8, "stride": 2}, {"depth": 2, "width": 16}],
    "head": {"width": 16},
}


def make_split(num: int = 64, *, seed: int = 0) -> Split:
    """Noise whose brightness tells the class."""
    rng = torch.Generator().manual_seed(seed)
    labels = torch.randint(0, 3, (num,), generator=rng)
    noise = torch.randint(0, 100, (num, 1, 10, 10), generator=rng)
    return Split((noise + 70 * labels.view(-1, 1, 1, 1)).to(torch.uint8), labels)


def make_space() -> Space:
    return Space(parse(SPACE))


def make_supernet(*, coupled: bool = False) -> Supernet:
    torch.manual_seed(0)
    return Supernet(make_space().shape, coupled=coupled)


def make_choice_space(*, identity: str = "let") -> Space:
    return Space(parse(CHOICES)).with_identity(identity)


def make_choice_supernet(*, identity: str = "let") -> SharedWeights:
    torch.manual_seed(0)
    return make_any_supernet(make_choice_space(identity=identity).shape)


def objective(runtime: Runtime) -> TrainingObjective:
    return TrainingObjective(
        mean=(0.4,), std=(0.3,), label_smoothing=0.1, autocast=runtime.autocast
    )


class Training:
    """Everything made anew from the same seed, as a new process does."""

    def __init__(
        self,
        *,
        recipe: Recipe | None = None,
        network: nn.Module | None = None,
        coupled: bool = False,
        sandwich: bool = False,
        fair: bool = False,
        wrap: Callable[[Step], Step] = lambda step: step,
        precision: str = "fp32",
    ) -> None:
        self.runtime = Runtime(device="cpu", threads=1, precision=precision)
        self.recipe = recipe or Recipe(steps=12, batch_size=8, learning_rate=0.05)
        augmentation = Augmentation(padding=1, flip=True, auto_augment=self.recipe.auto_augment)
        self.batches = TrainBatches(
            make_split(),
            batch_size=self.recipe.batch_size,
            seed=3,
            augmentation=augmentation,
            part=own_part(self.recipe, runtime=self.runtime),
        )
        step: Step
        self.network: nn.Module
        if fair:
            choices = make_choice_supernet()
            self.network = choices
            paths = FairPaths(make_choice_space(), seed=3)
            step = FairStep(choices, paths=paths, objective=objective(self.runtime))
        elif network is None:
            supernet = make_supernet(coupled=coupled)
            self.network = supernet
            space = make_space()
            sampler = Hierarchical(space)
            if sandwich:
                step = SandwichStep(
                    supernet,
                    sandwich=Sandwich(space, sampler=sampler, seed=3),
                    objective=objective(self.runtime),
                    recipe=self.recipe,
                    coupled=coupled,
                )
            else:
                step = SinglePathStep(
                    supernet,
                    paths=PathSequence(space, sampler=sampler, seed=3),
                    objective=objective(self.runtime),
                    coupled=coupled,
                )
        else:
            self.network = network
            step = PlainStep(network, resolution=8, objective=objective(self.runtime))
        self.step = wrap(step)

    def run(self, *, checkpoint: Path | None = None, **options: Any) -> TrainResult:
        assert self.recipe.steps is not None
        return train(
            self.step,
            network=self.network,
            batches=self.batches,
            recipe=self.recipe,
            num_steps=self.recipe.steps,
            runtime=self.runtime,
            seed=3,
            checkpoint=checkpoint,
            **options,
        )

    def state(self) -> dict[str, Tensor]:
        return {name: value.clone() for name, value in self.network.state_dict().items()}


def plain_network(*, drop: float = 0.0) -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.Flatten(), nn.Dropout(drop),
        nn.Linear(4 * 36, 3),
    )  # fmt: skip


def assert_equal(one: dict[str, Tensor], two: dict[str, Tensor]) -> None:
    """Bit for bit."""
    assert one.keys() == two.keys()
    for name, value in one.items():
        assert torch.equal(value, two[name]), name
