"""What a supernet's training is to everybody else: its paths, its batches, its step, its words."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, fields

import torch
from torch import nn

from escalade.config.settings import SupernetConfig
from escalade.core.numbers.budget import Budget
from escalade.core.numbers.seeds import torch_seed
from escalade.core.space.space import Space
from escalade.core.space.traits import Traits
from escalade.data import ImageData, TrainBatches
from escalade.supernet.make import make_supernet
from escalade.supernet.shared_weights import SharedWeights
from escalade.train import prepare
from escalade.train.runtime import Runtime
from escalade.train.step import Step, TrainingObjective
from escalade.train.steps.path_samplers import AnySampler, sampler_by


@dataclass(frozen=True, slots=True, kw_only=True)
class Teacher:
    """A trained network for the same classes, and the resolution that it looks at images at."""

    network: nn.Module
    resolution: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SupernetTask:
    """What a supernet trains on.

    Attributes:
        settings: with their step stated.
        space: with the data's channels and classes.
        budgets: that paths are drawn around.
        seed: of weights, batches and paths.
        runtime: device and precision.
        teacher: of a step that needs one.
    """

    settings: SupernetConfig
    space: Space
    budgets: tuple[Budget, ...]
    seed: int
    data: ImageData
    runtime: Runtime
    teacher: Teacher | None = None

    @property
    def objective(self) -> TrainingObjective:
        """What the recipe's steps make of images and logits."""
        return prepare.objective(self.settings.recipe, self.data, runtime=self.runtime)

    def new_supernet(self) -> SharedWeights:
        """The supernet with its initial weights."""
        torch.manual_seed(torch_seed(self.seed, "supernet"))
        supernet = make_supernet(
            self.space.shape,
            coupled=self.settings.coupled,
            zero_residual=self.settings.zero_residual,
        )
        return supernet.to(self.runtime.device)

    def identity(self) -> dict[str, str | int | float]:
        """What makes a training this one: a checkpoint of another one is refused.

        Beside the data everything that the steps are made of, so that a config.yaml which somebody
        edits in the middle of a training cannot mix two; the recipe is the training's own.
        """
        names = [field.name for field in fields(self.settings) if field.name != "recipe"]
        return {
            "classes": self.data.num_classes,
            "in_channels": self.data.in_channels,
            "train_digest": self.data.train_digest,
            "balance": self.data.balance,
            "space": self.space.name,
            "budgets": " ".join(f"{budget.target:g} {budget.kind}" for budget in self.budgets),
            **{f"supernet.{name}": str(getattr(self.settings, name)) for name in names},
        }


class SupernetTraining(ABC):
    """One way to train a supernet.

    Attributes:
        name: as `supernet.step` has it.
        own: settings that are for this step; others refuse them, unless they have them, too.
        remedy: for who has given them with another step.
        needs_teacher: a pretrained network teaches the paths, from which the run starts.
        draws: it draws paths by a sampler.
        near_budgets: it draws them near the budgets even where there are no scaling stages.
        has_one_path: a step trains one path, that of `paths.at(step)`.
    """

    own: tuple[str, ...] = ()
    remedy = ""
    needs_teacher = False
    draws = True
    near_budgets = False
    has_one_path = False

    def __init__(self, name: str) -> None:
        self.name = name

    def suits(self, traits: Traits) -> bool:
        """Whether such spaces have its paths."""
        return True

    def sampler(
        self, settings: SupernetConfig, space: Space, budgets: Sequence[Budget]
    ) -> AnySampler:
        """What draws its paths."""
        return sampler_by(settings, space, budgets, near_budgets=self.near_budgets)

    def sampler_for(self, task: SupernetTask) -> AnySampler:
        """What draws a task's paths, of those that a supernet trains on."""
        return self.sampler(task.settings, task.space.training, task.budgets)

    @abstractmethod
    def paths(self, task: SupernetTask) -> object:
        """The paths of every step, a pure function of it.

        Raises:
            ValueError: if the space does not have them.
        """

    @abstractmethod
    def step(self, task: SupernetTask, supernet: SharedWeights) -> Step:
        """What the supernet does with a batch."""

    def batches(self, task: SupernetTask) -> TrainBatches:
        """What it trains on."""
        return prepare.training_batches(
            task.settings.recipe.for_images(len(task.data.train)),
            task.data,
            seed=task.seed,
            runtime=task.runtime,
            num_crops=self.num_crops(task.settings),
        )

    def num_crops(self, settings: SupernetConfig) -> int:
        """Crops of each image of a batch."""
        return 1

    @abstractmethod
    def words(self, settings: SupernetConfig) -> str:
        """What a step does, a sentence without a full stop."""
