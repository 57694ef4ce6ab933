"""The study's supernets: in which space, and how they train."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import torch

from bignas_study.setting import LADDER, LADDER_SPACE, SINGLE, Setting, Training
from common.supernets import SUPERNETS, SupernetJob, objective_of
from escalade.core.numbers.seeds import torch_seed
from escalade.core.sampling.samplers import Hierarchical, Uniform, Window
from escalade.core.sampling.sandwich_paths import Sandwich
from escalade.core.space.path import Path as NetworkPath
from escalade.core.space.space import Space
from escalade.data import ImageData, TrainBatches
from escalade.spaces.load import load
from escalade.supernet.supernet import Supernet
from escalade.train.runtime import Runtime
from escalade.train.sandwich_step import SandwichStep
from escalade.train.steps import Batch, SinglePathStep, Step
from escalade.train.together_step import TogetherStep

WINDOW = 1.5
ANEW = 1000  # what trains on does not see the same crops in the same order again


@dataclass(frozen=True, kw_only=True)
class Job(SupernetJob):
    """A supernet that trains by sandwich or single-path steps."""

    training: Training
    start: Job | None = None
    members: tuple[NetworkPath, ...] = ()

    @classmethod
    def of(
        cls,
        folder: Path,
        setting: Setting,
        training: Training,
        members: Sequence[NetworkPath] = (),
    ) -> Job:
        """The job of a training in the study's folder; `members` are what may train together."""
        start = cls.of(folder, setting, training.before) if training.together else None
        return cls(
            folder=folder / SUPERNETS / training.name,
            seed=training.seed + (ANEW if start else 0),
            recipe=setting.supernet_recipe(training),
            training=training,
            start=start,
            members=tuple(members) if start else (),
        )

    @cached_property
    def space(self) -> Space:
        return space_of(self.training)

    @property
    def facts(self) -> dict[str, Any]:
        return {"training": asdict(self.training)}

    @property
    def cost(self) -> dict[str, Any] | None:
        """What the training cost, with what came before it; None while it is not done."""
        own = super().cost
        if own is None or self.start is None:
            return own
        before = self.start.cost
        assert before is not None
        return own | {name: own[name] + before[name] for name in ("device_seconds", "images")}

    @property
    def num_crops(self) -> int:
        return self.training.num_random + 2 if self.training.patches == "different" else 1

    def empty(self) -> Supernet:
        """Before its first step: what trained before it, or the initial weights of its seed."""
        if self.start is not None:
            trained: Supernet = self.start.trained()
            return trained
        torch.manual_seed(torch_seed(self.seed, "supernet"))
        return Supernet(self.space.shape, zero_residual=self.training.zero_residual)

    def sandwich(self) -> Sandwich:
        """The paths of its steps."""
        space = self.space.training
        num = self.training.num_random
        return Sandwich(space, sampler=self._sampler, seed=self.seed, num_random=num)

    def step(self, supernet: Supernet, data: ImageData, runtime: Runtime) -> Step:
        training, objective = self.training, objective_of(self.recipe, data, runtime)
        if self.members:
            return TogetherStep(
                supernet, paths=self.members, objective=objective, distillation=training.soft
            )
        if training.step == SINGLE:
            return SinglePathStep(
                supernet,
                space=self.space.training,
                sampler=self._sampler,
                seed=self.seed,
                objective=objective,
            )
        return SandwichStep(
            supernet,
            sandwich=self.sandwich(),
            objective=objective,
            recipe=self.recipe,
            distillation=training.distillation,
            distil_from=round(training.distil_after * self.num_steps(data)),
            regularise=training.regularise,
            patches=training.patches,
        )

    @property
    def _sampler(self) -> Uniform | Hierarchical:
        """Uniform in a space without a ladder; else even over stages, resolutions and depths."""
        space = self.space.training
        if space.traits.rises:
            return Uniform(space)
        targets = tuple(budget.target for budget in LADDER)
        return Hierarchical(space, window=Window(targets=targets, factor=WINDOW, balance="both"))


def space_of(training: Training) -> Space:
    """The space that a supernet holds."""
    if training.space == LADDER_SPACE:
        factors = [budget.target / LADDER[0].target for budget in LADDER]
        return load(LADDER_SPACE, factors=factors, in_channels=1, num_classes=10)
    space = load(training.space, in_channels=1, num_classes=10)
    if training.transitions:
        return space
    stages = tuple(replace(stage, transition=False) for stage in space.layout.stages)
    return space.with_layout(replace(space.layout, stages=stages))


def pace(first: Job, second: Job, *, data: ImageData, num: int, device: str = "cpu") -> float:
    """How much longer a step of the first takes than one of the second.

    In processor time, on CUDA by the clock.

    Steps of both take turns, `num` of the first and four times as many of the second, whose paths
    vary more; each has one step before to warm up.
    """
    runtime = Runtime(device=device, threads=1)
    clock = runtime.clock if runtime.on_cuda else time.process_time
    jobs, seconds = {first: 1, second: 4}, dict.fromkeys((first, second), 0.0)
    steps = {job: job.step(job.empty().to(runtime.device), data, runtime) for job in jobs}
    made = {job: job.batches(data, runtime.device) for job in jobs}
    for index in range(num + 1):
        for job, times in jobs.items():
            for place in range(times if index else 1):
                batch = _batch(made[job], index * times + place)
                start = clock()
                steps[job](batch)
                if index:
                    seconds[job] += (clock() - start) / times
    return seconds[first] / seconds[second]


def _batch(batches: TrainBatches, step: int) -> Batch:
    images, labels = batches.at(step)
    return Batch(images=images, labels=labels, step=step, share=1.0)
