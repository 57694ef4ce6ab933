"""What follows from a setting and a folder: reference supernets and rates."""

from __future__ import annotations

from dataclasses import dataclass

from common.plan import SupernetPlan
from common.work import SupernetWork
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


@dataclass(frozen=True, kw_only=True)
class Plan(SupernetPlan[Setting, Training, Job]):
    """What the study starts from; it needs no images."""

    def job(self, training: Training) -> Job:
        return Job.of(self.folder, self.setting, training)

    def reference(self, seed: int) -> Training:
        """The strictly fair supernet with linearly equivalent identities."""
        return Training(seed=seed, epochs=self.setting.epochs, learning_rate=self.rate(FAIR))

    def tried(self, step: str) -> list[Training]:
        """The short supernets that the rates of a step are tried on."""
        epochs = self.setting.rate_epochs * self.passes(step)
        return [Training(seed=0, epochs=epochs, learning_rate=r, step=step) for r in RATES[step]]

    def passes(self, step: str) -> int:
        """How many times the epochs a step needs for the passes of a fair one."""
        return space_of(PLAINEST).genes[0].num_choices if step == SINGLE else 1

    def rate(self, step: str) -> float:
        """The setting's, or the best of those that were tried, the default before all of them were.

        As many random paths an update train at the fair steps' rate.
        """
        kind = SINGLE if step == SINGLE else FAIR
        given = {SINGLE: self.setting.single_rate, FAIR: self.setting.fair_rate}[kind]
        return given or self.best_rate(self.tried(kind), default=DEFAULT_RATES[kind])


Work = SupernetWork[Plan]
