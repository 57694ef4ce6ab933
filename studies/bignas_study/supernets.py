"""The study's supernets: in which space, how they train, and the reference ones."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from typing import Any

from bignas_study.setting import (
    DEFAULT_RATE,
    LADDER,
    LADDER_SPACE,
    NAMES,
    RATES,
    SANDWICH,
    SCORED_AT_RATES,
    SINGLE,
    SOFT,
    STEADY,
    TOGETHER_SHARE,
    TUNED,
    Setting,
    Training,
)
from bignas_study.slices import budgets_networks, space_of, spread
from common import lab
from common.comparison import RATE, Comparison
from common.files import once, read
from common.lab import ImageData, Runtime, Supernet
from common.lab import Path as NetworkPath
from common.supernets import SUPERNETS, SupernetJob

WINDOW = 1.5
ANEW = 1000  # what trains on does not see the same crops in the same order again
PACE = "pace.json"
PACE_STEPS = 12
SLICES, BUDGETS = "slices", "budgets"  # under which networks are scored


@dataclass(frozen=True, kw_only=True)
class Job(SupernetJob):
    """A supernet that trains by sandwich or single-path steps, or some networks together."""

    training: Training
    start: Job | None = None
    members: tuple[NetworkPath, ...] = ()

    @cached_property
    def space(self) -> Any:
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

    @property
    def sampler(self) -> lab.Uniform | lab.Hierarchical:
        """Uniform in a space without a ladder; else even over stages, resolutions and depths."""
        if self.training.space != LADDER_SPACE:
            return lab.Uniform(self.space.training)
        targets = tuple(budget.target for budget in LADDER)
        window = lab.Window(targets=targets, factor=WINDOW, balance="both")
        return lab.Hierarchical(self.space.training, window=window)

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
        training, objective = self.training, self.objective(data, runtime)
        if self.members:
            soft = training.soft
            return lab.TogetherStep(
                supernet, paths=self.members, objective=objective, distillation=soft
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
    """What the study starts from, and how supernets are scored."""

    setting: Setting

    def job(self, training: Training) -> Job:
        together = bool(training.together)
        named = zip(NAMES, budgets_networks() if together else (), strict=False)
        return Job(
            folder=self.folder / SUPERNETS / training.name,
            seed=training.seed + (ANEW if together else 0),
            recipe=self.setting.supernet_recipe(training),
            training=training,
            start=self.job(training.before) if together else None,
            members=tuple(path for name, path in named if name in training.whom),
        )

    def reference(self, seed: int) -> Training:
        """The sandwich supernet with everything that BigNAS proposes."""
        return Training(seed=seed, epochs=self.setting.epochs, learning_rate=self.rate(SANDWICH))

    def tuned(self, seed: int) -> Training:
        """The sandwich supernet whose slices are the best at this scale: study `recipe`."""
        return replace(self.reference(seed), **TUNED)

    def steady(self, seed: int) -> Training:
        """The tuned one with batches of 64 and clipped gradients: the best recipe here."""
        return replace(self.reference(seed), **STEADY)

    def together(self, seed: int) -> Training:
        """The best recipe, whose last fifth trains the networks of the budgets, from labels."""
        steady = self.steady(seed)
        return replace(steady, together=TOGETHER_SHARE * steady.epochs)

    def distilled(self, seed: int) -> Training:
        """The same with the largest of the networks teaching the others in that part."""
        return replace(self.together(seed), soft=SOFT)

    def half(self, seed: int) -> Training:
        """The same with the second half of the training for those networks."""
        last = self.distilled(seed)
        return replace(last, together=last.epochs / 2)

    def tried(self, step: str) -> list[Training]:
        """The short supernets that the rates of a step are tried on."""
        epochs = self.setting.rate_epochs
        return [Training(seed=0, epochs=epochs, learning_rate=r, step=step) for r in RATES]

    def rate(self, step: str) -> float:
        """The setting's, or the best of those that were tried, 0.4 before all of them were."""
        given = {SANDWICH: self.setting.sandwich_rate, SINGLE: self.setting.single_rate}[step]
        return given or self.best_rate(self.tried(step), default=DEFAULT_RATE)

    def score_slices(self, trainings: Sequence[Training], name: str = SLICES) -> None:
        """Train supernets and score their slices over the range; rates on the search images."""
        self.train(trainings)
        bench, shown = self.judging(self.setting.judge_images), slice(None)
        if name == RATE:
            bench, shown = self.searching, SCORED_AT_RATES
        self.score(bench, {each: spread(self.setting, each)[shown] for each in trainings}, name)

    def score_budgets(self, trainings: Sequence[Training]) -> None:
        """Train supernets and score the networks of the budgets on all judge images."""
        self.train(each.before for each in trainings)  # one that ends together starts from another
        for job in self.train(trainings):
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
                    if index:
                        seconds[which] += (clock() - start) / times
        return seconds[0] / seconds[1]
