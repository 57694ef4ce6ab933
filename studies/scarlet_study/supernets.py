"""Supernets: one folder each, trained once for all studies that ask for the same one."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file

from common import read
from escalade.core.choice_space import ChoiceSpace
from escalade.core.fair import FairPaths
from escalade.core.path_space import Path as NetworkPath
from escalade.core.samplers import Uniform
from escalade.core.seeds import torch_seed
from escalade.data import ImageData, TrainBatches
from escalade.supernet.make import make_supernet
from escalade.supernet.shared_weights import SharedWeights
from escalade.train.augmentation import augmentation
from escalade.train.fair import FairStep
from escalade.train.recipe import Recipe
from escalade.train.runtime import Runtime
from escalade.train.steps import Objective, PathSequence, SinglePathStep, Step
from scarlet_study.networks import space_of, spread
from scarlet_study.probes import Probed
from scarlet_study.setting import FAIR, SINGLE, Setting, Training

SUPERNETS = "supernets"


@dataclass(frozen=True)
class Job:
    """A supernet's folder: weights, what they cost, and what is scored with them."""

    folder: Path
    training: Training
    setting: Setting

    @classmethod
    def of(cls, folder: Path, setting: Setting, training: Training) -> Job:
        """The job of a training in the study's folder."""
        return cls(folder / SUPERNETS / training.name, training, setting)

    @property
    def recipe(self) -> Recipe:
        return self.setting.supernet_recipe(self.training)

    @cached_property
    def space(self) -> ChoiceSpace:
        return space_of(self.training)

    @property
    def cost(self) -> dict[str, Any] | None:
        """What the training cost, None while it is not done."""
        return read(self.folder / "supernet.json")

    def empty(self) -> SharedWeights:
        """With the initial weights of its seed."""
        torch.manual_seed(torch_seed(self.training.seed, "supernet"))
        return make_supernet(self.space.shape)

    def trained(self) -> SharedWeights:
        supernet = self.empty()
        supernet.load_state_dict(load_file(self.folder / "supernet.safetensors"))
        return supernet

    def batches(self, data: ImageData, device: torch.device | str = "cpu") -> TrainBatches:
        """What it trains on."""
        return TrainBatches(
            data.train,
            batch_size=self.recipe.batch_size,
            seed=self.training.seed,
            augmentation=augmentation(self.recipe, data),
            device=device,
        )

    def step(self, supernet: SharedWeights, data: ImageData, runtime: Runtime) -> Step:
        """How it trains, with looks at the same networks in between."""
        objective = Objective(
            mean=data.mean,
            std=data.std,
            label_smoothing=self.recipe.label_smoothing,
            autocast=runtime.autocast,
        )
        setting = self.setting
        return Probed(
            self._step(supernet, objective),
            supernet=supernet,
            data=data,
            networks=[path.running for path in spread(setting, self.training)[: setting.probed]],
            num_steps=self.recipe.num_steps(len(data.train) // self.recipe.batch_size),
            num_probes=setting.probes,
            num_images=setting.probe_images,
            num_recalibration=setting.recalibration_images,
            file=self.folder / "probes.json",
            runtime=runtime,
        )

    def _step(self, supernet: SharedWeights, objective: Objective) -> Step:
        space, seed = self.space, self.training.seed
        if self.training.step == SINGLE:
            sampler = Uniform(space)
            return SinglePathStep(
                supernet, space=space, sampler=sampler, seed=seed, objective=objective
            )
        fair = FairPaths(space, seed=seed)
        paths = fair if self.training.step == FAIR else RandomPaths(space, seed=seed)
        return FairStep(supernet, paths=paths, objective=objective)


class RandomPaths:
    """As many paths a step as a layer has choices, each of them random: fair on average only."""

    def __init__(self, space: ChoiceSpace, *, seed: int) -> None:
        self._paths = PathSequence(space, sampler=Uniform(space), seed=seed)
        self._num = space.num_choices

    def at(self, step: int) -> list[NetworkPath]:
        """The paths of a step."""
        return [self._paths.at(step * self._num + i) for i in range(self._num)]
