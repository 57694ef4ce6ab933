"""A setting and a folder, and what follows from them: reference supernets, rates, scores."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from bench import Bench
from bignas_study.scoring import Asked, score_all
from bignas_study.setting import (
    DEFAULT_RATE,
    RATES,
    SANDWICH,
    SCORED_AT_RATES,
    SINGLE,
    TUNED,
    Setting,
    Training,
)
from bignas_study.slices import spread
from bignas_study.supernets import Job, pace, train_all
from claim_test.images import leading, load_images, scored_on
from common import Said, read
from escalade.core import cost
from escalade.data import ImageData
from escalade.data.split import Split
from escalade.family.files import write_json

PACE = "pace.json"
PACE_STEPS = 12


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What a study of supernets starts from; it needs no images."""

    setting: Setting
    folder: Path

    def reference(self, seed: int) -> Training:
        """The sandwich supernet with everything that BigNAS proposes."""
        return Training(seed=seed, epochs=self.setting.epochs, learning_rate=self.rate(SANDWICH))

    def tuned(self, seed: int) -> Training:
        """The sandwich supernet whose slices are the best at this scale: study `recipe`."""
        return replace(self.reference(seed), **TUNED)

    def tried(self, step: str) -> list[Training]:
        """The short supernets that the rates of a step are tried on."""
        epochs = self.setting.rate_epochs
        return [Training(seed=0, epochs=epochs, learning_rate=r, step=step) for r in RATES]

    def rate(self, step: str) -> float:
        """The setting's, or the best of those that were tried, 0.4 before all of them were."""
        given = {SANDWICH: self.setting.sandwich_rate, SINGLE: self.setting.single_rate}[step]
        if given is not None:
            return given
        tried = self.tried(step)
        done = [self.scores(training, "rate") for training in tried]
        sums = [sum(each["accuracies"]) for each in done if each is not None]
        if len(sums) < len(tried):
            return DEFAULT_RATE
        return tried[sums.index(max(sums))].learning_rate

    @property
    def pace(self) -> float | None:
        """A sandwich step's time over a single-path step's, None while it is not measured."""
        done = read(self.folder / PACE)
        return None if done is None else float(done["ratio"])

    def job(self, training: Training) -> Job:
        return Job.of(self.folder, self.setting, training)

    def scores(self, training: Training, name: str = "slices") -> dict[str, Any] | None:
        """Accuracies of the slices over the range, None while they are not scored."""
        return read(self.job(training).folder / f"{name}.json")


@dataclass(frozen=True, kw_only=True)
class Work:
    """A plan with the images and the processes that carry it out."""

    plan: Plan
    data: ImageData
    judge: Split
    num_workers: int
    say: Said
    device: str = "cpu"

    @classmethod
    def of(cls, plan: Plan, options: argparse.Namespace) -> Work:
        data, judge = load_images(limit=plan.setting.limit)
        return cls(
            plan=plan,
            data=data,
            judge=judge,
            num_workers=options.workers,
            say=Said(),
            device=options.device,
        )

    @property
    def setting(self) -> Setting:
        return self.plan.setting

    def train(self, trainings: Sequence[Training]) -> list[Job]:
        """The supernets, trained if they are not."""
        jobs = [self.plan.job(training) for training in trainings]
        train_all(
            jobs, data=self.data, device=self.device, num_workers=self.num_workers, say=self.say
        )
        return jobs

    def score(self, trainings: Sequence[Training], name: str = "slices") -> None:
        """Train supernets and score their slices over the range; rates on the search images."""
        self.train(trainings)
        waiting = {self.plan.job(t).folder: t for t in trainings if not self.plan.scores(t, name)}
        asked: list[Asked] = []
        for training in waiting.values():
            paths = spread(self.setting, training)
            shown = paths[SCORED_AT_RATES] if name == "rate" else paths
            asked.append((self.plan.job(training), shown))
        bench = self.searching if name == "rate" else self.judging(self.setting.judge_images)
        for (job, paths), accuracies in score_all(bench, asked):
            macs = [cost.of(path.architecture).macs for path in paths]
            write_json(job.folder / f"{name}.json", {"accuracies": accuracies, "macs": macs})

    def keep_pace(self) -> float:
        """How much longer a sandwich step takes than a single-path step, measured once."""
        known = self.plan.pace
        if known is None:
            two = (replace(self.plan.reference(0), step=step) for step in (SANDWICH, SINGLE))
            first, second = (self.plan.job(training) for training in two)
            num = PACE_STEPS if self.setting.steps is None else self.setting.steps
            known = pace(first, second, data=self.data, num=num, device=self.device)
            write_json(self.plan.folder / PACE, {"ratio": known, "steps": num})
        return known

    @property
    def searching(self) -> Bench:
        """Scores on the leading search images."""
        num = self.setting.search_images
        return self._bench(leading(self.data.search, num), f"{self.data.search_digest} {num}")

    def judging(self, num: int | None = None, *, recalibration_images: int | None = None) -> Bench:
        """Scores on the leading judge images, or on all."""
        images = leading(self.judge, num or len(self.judge))
        scored = scored_on(self.data, images)
        bench = self._bench(images, scored.search_digest)
        return replace(bench, num_recalibration=recalibration_images or bench.num_recalibration)

    def _bench(self, search: Split, digest: str) -> Bench:
        return Bench(
            data=replace(self.data, search=search, search_digest=digest),
            judge=self.judge,
            num_recalibration=self.setting.recalibration_images,
            num_workers=self.num_workers,
            say=self.say,
            device=self.device,
        )
