"""What a study of supernets starts from: a setting, a folder, and what is done in it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar

from common.files import read
from common.retraining import Unit
from common.supernets import SupernetJob
from escalade.config.recipe import Recipe
from escalade.core.network.architecture import Architecture

ALONE, RATE = "alone", "rate"


class SupernetSetting(Protocol):
    """What every setting of such a study says; `bignas_study.setting` tells what each means."""

    @property
    def search_images(self) -> int: ...
    @property
    def recalibration_images(self) -> int: ...
    @property
    def limit(self) -> int | None: ...

    def alone_recipe(self) -> Recipe:
        """Of networks trained alone."""
        ...


class Training(Protocol):
    """A supernet: whatever makes two of them differ, within one setting."""

    @property
    def seed(self) -> int: ...
    @property
    def learning_rate(self) -> float: ...
    @property
    def name(self) -> str:
        """Of its folder."""
        ...


SettingOf = TypeVar("SettingOf", bound=SupernetSetting)
TrainingOf = TypeVar("TrainingOf", bound=Training)
JobOf = TypeVar("JobOf", bound=SupernetJob)


@dataclass(frozen=True, kw_only=True)
class SupernetPlan(ABC, Generic[SettingOf, TrainingOf, JobOf]):
    """What a study of supernets starts from; it needs no images."""

    setting: SettingOf
    folder: Path

    @abstractmethod
    def job(self, training: TrainingOf) -> JobOf:
        """A training's work and folder."""

    def scores(self, training: TrainingOf, name: str) -> dict[str, Any] | None:
        """Accuracies of networks under a name, None while they are not scored."""
        return read(self.job(training).folder / f"{name}.json")

    def alone(self, architecture: Architecture, seed: int) -> dict[str, Any] | None:
        """What training a network alone gave, None while it is not done."""
        return Unit(architecture=architecture, seed=seed).result(self.folder / ALONE)

    def best_rate(self, tried: Sequence[TrainingOf], *, default: float) -> float:
        """The learning rate whose supernet is the best, the default before all are scored."""
        done = [self.scores(training, RATE) for training in tried]
        sums = [sum(each["accuracies"]) for each in done if each is not None]
        if len(sums) < len(tried):
            return default
        return tried[sums.index(max(sums))].learning_rate
