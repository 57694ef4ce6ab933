"""The study's supernets: in which space, and how they train."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from common.supernets import SUPERNETS, SupernetJob, objective_of
from escalade.core.sampling.fair_paths import FairPaths
from escalade.core.sampling.samplers import Uniform
from escalade.core.space.path import Path as NetworkPath
from escalade.core.space.space import Space
from escalade.data import ImageData
from escalade.supernet.shared_weights import SharedWeights
from escalade.train.fair_step import FairStep
from escalade.train.runtime import Runtime
from escalade.train.steps import PathSequence, SinglePathStep, Step, TrainingObjective
from scarlet_study.networks import space_of, spread
from scarlet_study.probes import Probed
from scarlet_study.setting import FAIR, SINGLE, Setting, Training


@dataclass(frozen=True, kw_only=True)
class Job(SupernetJob):
    """A supernet that trains all choices in a step, or one path."""

    training: Training
    setting: Setting

    @classmethod
    def of(cls, folder: Path, setting: Setting, training: Training) -> Job:
        """The job of a training in the study's folder."""
        return cls(
            folder=folder / SUPERNETS / training.name,
            seed=training.seed,
            recipe=setting.supernet_recipe(training),
            training=training,
            setting=setting,
        )

    @cached_property
    def space(self) -> Space:
        return space_of(self.training)

    @property
    def facts(self) -> dict[str, Any]:
        return {"training": asdict(self.training)}

    def step(self, supernet: SharedWeights, data: ImageData, runtime: Runtime) -> Step:
        """With looks at the same networks in between."""
        setting = self.setting
        return Probed(
            self._step(supernet, objective_of(self.recipe, data, runtime)),
            supernet=supernet,
            data=data,
            networks=[path.running for path in spread(setting, self.training)[: setting.probed]],
            num_steps=self.num_steps(data),
            num_probes=setting.probes,
            num_images=setting.probe_images,
            num_recalibration=setting.recalibration_images,
            file=self.folder / "probes.json",
            runtime=runtime,
        )

    def _step(self, supernet: SharedWeights, objective: TrainingObjective) -> Step:
        space, seed = self.space, self.seed
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

    def __init__(self, space: Space, *, seed: int) -> None:
        self._paths = PathSequence(space, sampler=Uniform(space), seed=seed)
        self._num = space.genes[0].num_choices

    def at(self, step: int) -> list[NetworkPath]:
        """The paths of a step."""
        return [self._paths.at(step * self._num + i) for i in range(self._num)]
