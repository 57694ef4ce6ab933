"""A plan with the images and the processes that carry it out."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Generic, TypeVar

from common.bench import Bench
from common.images import leading, load_images, scored_on
from common.plan import ALONE, SupernetPlan
from common.progress import Said, Say
from common.retraining import Unit
from common.side_by_side import side_by_side
from common.supernets import SupernetJob, train_all
from escalade.artefacts.files import write_json
from escalade.core.network import cost
from escalade.core.network.architecture import Architecture
from escalade.core.space.path import Path as NetworkPath
from escalade.data import ImageData
from escalade.data.split import Split

PlanOf = TypeVar("PlanOf", bound=SupernetPlan[Any, Any, Any])


@dataclass(frozen=True, kw_only=True)
class SupernetWork(Generic[PlanOf]):
    """A plan with the images and the processes that carry it out.

    Attributes:
        plan: what is to be done.
        data: `train` is trained on, `search` chooses; there are no other images in it.
        judge: what finished networks are scored on.
        num_workers: trainings side by side.
        say: told what goes on.
        device: of all of them.
    """

    plan: PlanOf
    data: ImageData
    judge: Split
    num_workers: int
    say: Say
    device: str = "cpu"

    @classmethod
    def of(cls, plan: PlanOf, options: argparse.Namespace) -> SupernetWork[PlanOf]:
        """With the flags of `common.command.add_workers`."""
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
    def setting(self) -> Any:
        return self.plan.setting

    def train(self, trainings: Sequence[Any]) -> list[Any]:
        """The jobs of supernets, trained if they are not."""
        jobs = [self.plan.job(training) for training in trainings]
        train_all(
            jobs, data=self.data, device=self.device, num_workers=self.num_workers, say=self.say
        )
        return jobs

    def score(
        self, bench: Bench, asked: Sequence[tuple[Any, Sequence[NetworkPath]]], name: str
    ) -> None:
        """Score networks of trained supernets, once under a name."""
        waiting = {
            self.plan.job(training).folder: (self.plan.job(training), paths)
            for training, paths in asked
            if self.plan.scores(training, name) is None
        }
        for (job, paths), accuracies in side_by_side(bench, _score, list(waiting.values())):
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
        return self.bench(leading(self.data.search, num), f"{self.data.search_digest} {num}")

    def judging(self, num: int | None = None) -> Bench:
        """Scores on the leading judge images, or on all."""
        images = leading(self.judge, num or len(self.judge))
        return self.bench(images, scored_on(self.data, images).search_digest)

    def bench(self, images: Split, digest: str) -> Bench:
        """Scores on some images."""
        return Bench(
            data=replace(self.data, search=images, search_digest=digest),
            judge=self.judge,
            num_recalibration=self.setting.recalibration_images,
            num_workers=self.num_workers,
            say=self.say,
            device=self.device,
        )


def _score(bench: Bench, asked: tuple[SupernetJob, Sequence[NetworkPath]]) -> list[float]:
    return bench.score(*asked)
