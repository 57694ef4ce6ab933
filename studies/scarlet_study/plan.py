"""A setting and a folder, and what follows from them: reference supernets, rates, scores."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from bench import Bench
from bignas_study.scoring import score_all
from bignas_study.supernets import train_all
from claim_test.images import leading, load_images, scored_on
from claim_test.retraining import Unit
from common import Said, read
from escalade.core import cost
from escalade.core.architecture import Architecture
from escalade.core.path_space import Path as NetworkPath
from escalade.data import ImageData
from escalade.data.split import Split
from escalade.family.files import write_json
from scarlet_study.networks import PLAINEST, space_of
from scarlet_study.setting import (
    DEFAULT_RATES,
    FAIR,
    RATES,
    SINGLE,
    Setting,
    Training,
)
from scarlet_study.supernets import Job

ALONE = "alone"


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What a study of supernets starts from; it needs no images."""

    setting: Setting
    folder: Path

    def reference(self, seed: int) -> Training:
        """The strictly fair supernet with linearly equivalent identities."""
        return Training(seed=seed, epochs=self.setting.epochs, learning_rate=self.rate(FAIR))

    def tried(self, step: str) -> list[Training]:
        """The short supernets that the rates of a step are tried on."""
        epochs = self.setting.rate_epochs * self.passes(step)
        return [Training(seed=0, epochs=epochs, learning_rate=r, step=step) for r in RATES[step]]

    def passes(self, step: str) -> int:
        """How many times the epochs a step needs for the passes of a fair one."""
        return space_of(PLAINEST).num_choices if step == SINGLE else 1

    def rate(self, step: str) -> float:
        """The setting's, or the best of those that were tried, the default before all of them were.

        As many random paths an update train at the fair steps' rate.
        """
        kind = SINGLE if step == SINGLE else FAIR
        given = {SINGLE: self.setting.single_rate, FAIR: self.setting.fair_rate}[kind]
        if given is not None:
            return given
        tried = self.tried(kind)
        done = [self.scores(training, "rate") for training in tried]
        sums = [sum(each["accuracies"]) for each in done if each is not None]
        if len(sums) < len(tried):
            return DEFAULT_RATES[kind]
        return tried[sums.index(max(sums))].learning_rate

    def job(self, training: Training) -> Job:
        return Job.of(self.folder, self.setting, training)

    def scores(self, training: Training, name: str = "networks") -> dict[str, Any] | None:
        """Accuracies of networks, None while they are not scored."""
        return read(self.job(training).folder / f"{name}.json")

    def alone(self, architecture: Architecture, seed: int) -> dict[str, Any] | None:
        """What training a network alone gave, None while it is not done."""
        return Unit(architecture=architecture, seed=seed).result(self.folder / ALONE)


@dataclass(frozen=True, kw_only=True)
class Work:
    """A plan with the images and the processes that carry it out."""

    plan: Plan
    data: ImageData
    judge: Split
    num_workers: int
    say: Said
    device: str

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
            jobs,  # type: ignore[arg-type]
            data=self.data,
            device=self.device,
            num_workers=self.num_workers,
            say=self.say,
        )
        return jobs

    def score(
        self, bench: Bench, asked: Sequence[tuple[Training, Sequence[NetworkPath]]], name: str
    ) -> None:
        """Score networks of trained supernets, once under a name."""
        waiting = [
            (self.plan.job(training), paths)
            for training, paths in asked
            if self.plan.scores(training, name) is None
        ]
        for (job, paths), accuracies in score_all(bench, waiting):  # type: ignore[arg-type]
            macs = [cost.of(path.architecture).macs for path in paths]
            write_json(job.folder / f"{name}.json", {"accuracies": accuracies, "macs": macs})

    def train_alone(self, asked: Sequence[tuple[Architecture, int]]) -> None:
        """Train networks alone, each with a seed, and score each once on all judge images."""
        units = [Unit(architecture=architecture, seed=seed) for architecture, seed in asked]
        self.judging().retrain(units, self.plan.folder / ALONE, self.setting.alone_recipe())

    @property
    def searching(self) -> Bench:
        """Scores on the leading search images."""
        num = self.setting.search_images
        return self._bench(leading(self.data.search, num), f"{self.data.search_digest} {num}")

    @property
    def probing(self) -> Bench:
        """Scores on the leading training images, as the looks during a training."""
        num = self.setting.probe_images
        return self._bench(leading(self.data.train, num), f"{self.data.train_digest} {num}")

    def judging(self, num: int | None = None) -> Bench:
        """Scores on the leading judge images, or on all."""
        images = leading(self.judge, num or len(self.judge))
        return self._bench(images, scored_on(self.data, images).search_digest)

    def _bench(self, search: Split, digest: str) -> Bench:
        return Bench(
            data=replace(self.data, search=search, search_digest=digest),
            judge=self.judge,
            num_recalibration=self.setting.recalibration_images,
            num_workers=self.num_workers,
            say=self.say,
            device=self.device,
        )
