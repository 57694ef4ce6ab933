"""The study's supernets: how they train, the reference and the recipes, and how they are scored."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from bignas_study.setting import (
    COSINE,
    LADDER_SPACE,
    NAMES,
    SANDWICH,
    SINGLE,
    Setting,
    Training,
)
from bignas_study.space import budgets_networks, ladder_sampler, space_of, spread
from common import lab
from common.comparison import RATE, Arms, Comparison, Tries
from common.files import once, read
from common.lab import ImageData, Runtime, Supernet
from common.lab import Path as NetworkPath
from common.supernets import SupernetJob

ANEW = 1000  # what trains on does not see the same crops in the same order again
PACE, PACE_STEPS = "pace.json", 12
SLICES, BUDGETS = "slices", "budgets"  # under which networks are scored
# Learning rates that are tried for each step, and which of the slices score them.
RATES, DEFAULT_RATE = (0.1, 0.2, 0.4, 0.8), 0.4
TRIES = {
    SANDWICH: Tries("sandwich", "sandwich_rate", RATES, DEFAULT_RATE),
    SINGLE: Tries("single path", "single_rate", RATES, DEFAULT_RATE),
}
SCORED_AT_RATES = slice(None, None, 3)
# What study `recipe` found better than the paper's at this scale.
FASTER: dict[str, Any] = {"schedule": COSINE, "learning_rate": 0.8, "zero_residual": False}
TUNED = FASTER | {"drop_rate": 0.0, "weight_decay": 1e-4}
# And with smaller steps besides, which the sum of several paths' gradients needs.
STEADY = TUNED | {"batch_size": 64, "clip_grad_norm": 1.0}


@dataclass(frozen=True, kw_only=True)
class Job(SupernetJob):
    """A supernet that trains by sandwich or single-path steps, or some networks together."""

    start: Job | None = None
    members: tuple[NetworkPath, ...] = ()

    @cached_property
    def space(self) -> Any:
        return space_of(self.training)

    @property
    def cost(self) -> dict[str, Any] | None:
        """What the training cost, with what came before it; None while it is not done."""
        own, before = super().cost, self.start and self.start.cost
        if own is None or before is None:
            return own
        return own | {name: own[name] + before[name] for name in ("device_seconds", "images")}

    @property
    def num_crops(self) -> int:  # type: ignore[override]
        return self.training.num_random + 2 if self.training.patches == "different" else 1

    @property
    def sampler(self) -> Any:
        """Uniform in a space without a ladder; else even over stages, resolutions and depths."""
        if self.training.space == LADDER_SPACE:
            return ladder_sampler(self.space.training, factor=1.5)
        return super().sampler

    def empty(self) -> Supernet:
        """Before its first step: what trained before it, or the initial weights of its seed."""
        if self.start is not None:
            return self.start.trained()
        zero_residual = self.training.zero_residual
        return lab.new_supernet(self.space, seed=self.seed, zero_residual=zero_residual)

    def sandwich(self) -> lab.Sandwich:
        """The paths of its steps."""
        num, space = self.training.num_random, self.space.training
        return lab.Sandwich(space, sampler=self.sampler, seed=self.seed, num_random=num)

    def step(self, supernet: Supernet, data: ImageData, runtime: Runtime) -> lab.Step:
        training, objective = self.training, lab.objective(self.recipe, data, runtime=runtime)
        if self.members:
            together, soft = self.members, training.soft
            return lab.TogetherStep(
                supernet, paths=together, objective=objective, distillation=soft
            )
        if training.step == SINGLE:
            return super().step(supernet, data, runtime)
        return lab.SandwichStep(
            supernet,
            sandwich=self.sandwich(),
            objective=objective,
            recipe=self.recipe,
            distillation=training.distillation,
            distil_from=round(training.distil_after * self.num_steps(data)),
            regularise=training.regularise,
            patches=training.patches,
        )


@dataclass(frozen=True, kw_only=True)
class Work(Comparison):
    """How supernets are scored; the reference has everything that BigNAS proposes."""

    setting: Setting
    kind = Training
    tries = TRIES

    def job(self, training: Training) -> Job:
        together = bool(training.together)
        named = zip(NAMES, budgets_networks() if together else (), strict=False)
        return Job(
            folder=self.folder_of(training),
            seed=training.seed + (ANEW if together else 0),
            recipe=self.setting.supernet_recipe(training),
            training=training,
            start=self.job(training.before) if together else None,
            members=tuple(path for name, path in named if name in training.whom),
        )

    def steady(self, seed: int) -> Training:
        """The best recipe here: tuned, with batches of 64 and clipped gradients."""
        return replace(self.reference(seed), **STEADY)

    @property
    def ending(self) -> Arms:
        """The recipes, and the best one whose last part trains the networks of the budgets.

        The last fifth from labels; or with the largest of the networks teaching the others, half;
        or so in the second half of the training.
        """
        epochs = self.setting.epochs
        together = STEADY | {"together": 0.2 * epochs}
        distilled = together | {"soft": 0.5}
        return {
            "slices": {},
            "tuned": TUNED,
            "steady": STEADY,
            "together": together,
            "distilled": distilled,
            "half": distilled | {"together": epochs / 2},
        }

    def score_slices(self, trainings: Iterable[Training], name: str = SLICES) -> None:
        """Train supernets and score their slices over the range; rates on the search images."""
        slices = {training: spread(self.setting, training) for training in trainings}
        self.train(slices)
        bench = self.judging(self.setting.judge_images)
        if name == RATE:
            bench = self.searching
            slices = {training: paths[SCORED_AT_RATES] for training, paths in slices.items()}
        self.score(bench, slices, name)

    def score_budgets(self, trainings: Iterable[Training]) -> None:
        """Train supernets and score the networks of the budgets on all judge images."""
        wanted = list(trainings)
        self.train(each.before for each in wanted)  # one that ends together starts from another
        for job in self.train(wanted):
            self.judging().scored(job, budgets_networks(), BUDGETS)

    @property
    def pace(self) -> float | None:
        """A sandwich step's time over a single-path step's, None while it is not measured."""
        done = read(self.folder / PACE)
        return None if done is None else float(done["ratio"])

    def keep_pace(self) -> None:
        """Measure it once."""
        num = self.setting.steps or PACE_STEPS
        once(self.folder / PACE, lambda: {"ratio": self._pace(num), "steps": num})

    def _pace(self, num: int) -> float:
        """In processor time, on CUDA by the clock.

        Steps of both take turns, `num` of the sandwich's and four times as many of the single
        path's, whose costs vary more; each has one step before to warm up.
        """
        runtime = Runtime(device=self.device, threads=1)
        clock = runtime.clock if runtime.on_cuda else time.process_time
        made = []
        for step, times in ((SANDWICH, 1), (SINGLE, 4)):
            job = self.job(replace(self.reference(0), step=step))
            taken = job.step(job.empty().to(runtime.device), self.data, runtime)
            made.append((taken, job.batches(self.data, runtime), times))
        seconds = [0.0, 0.0]
        for index in range(num + 1):
            for which, (taken, batches, times) in enumerate(made):
                for place in range(times if index else 1):
                    number = index * times + place
                    images, labels = batches.at(number)
                    batch = lab.Batch(images=images, labels=labels, step=number, share=1.0)
                    start = clock()
                    taken(batch)
                    seconds[which] += (clock() - start) / times if index else 0.0
        return seconds[0] / seconds[1]
