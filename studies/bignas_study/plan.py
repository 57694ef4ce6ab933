"""What follows from a setting and a folder: reference supernets, rates, how slices are scored."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from bignas_study.setting import (
    DEFAULT_RATE,
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
from bignas_study.slices import budgets_networks, spread
from bignas_study.supernets import Job, pace
from common.files import read
from common.plan import RATE, SupernetPlan
from common.work import SupernetWork
from escalade.artefacts.files import write_json

PACE = "pace.json"
PACE_STEPS = 12
SLICES = "slices"
STABILITY = "stability"
# Studies of short supernets, scored like learning rates.
TRIED = (RATE, STABILITY)


@dataclass(frozen=True, kw_only=True)
class Plan(SupernetPlan[Setting, Training, Job]):
    """What the study starts from; it needs no images."""

    def job(self, training: Training) -> Job:
        named = zip(NAMES, budgets_networks() if training.together else (), strict=False)
        members = [path for name, path in named if name in training.whom]
        return Job.of(self.folder, self.setting, training, members)

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

    @property
    def pace(self) -> float | None:
        """A sandwich step's time over a single-path step's, None while it is not measured."""
        done = read(self.folder / PACE)
        return None if done is None else float(done["ratio"])


Work = SupernetWork[Plan]


def score_slices(work: Work, trainings: Sequence[Training], name: str = SLICES) -> None:
    """Train supernets and score their slices over the range; rates on the search images."""
    work.train(trainings)
    setting = work.plan.setting
    if name == RATE:
        bench, shown = work.searching, SCORED_AT_RATES
    else:
        bench, shown = work.judging(setting.judge_images), slice(None)
    work.score(bench, [(each, spread(setting, each)[shown]) for each in trainings], name)


def keep_pace(work: Work) -> float:
    """How much longer a sandwich step takes than a single-path step, measured once."""
    known = work.plan.pace
    if known is None:
        two = (replace(work.plan.reference(0), step=step) for step in (SANDWICH, SINGLE))
        first, second = (work.plan.job(training) for training in two)
        steps = work.plan.setting.steps
        num = PACE_STEPS if steps is None else steps
        known = pace(first, second, data=work.data, num=num, device=work.device)
        write_json(work.plan.folder / PACE, {"ratio": known, "steps": num})
    return known
