"""Arms: the supernets that a study compares, and what is known of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Generic

from common.plan import SupernetPlan, TrainingOf

FEWEST_ARMS = 2  # every study has the reference, which another may have scored


@dataclass(frozen=True, kw_only=True)
class Arm(Generic[TrainingOf]):
    """A supernet under the name that the tables give it; the first of a study is the reference."""

    name: str
    training: TrainingOf


@dataclass(frozen=True, kw_only=True)
class Scored(Generic[TrainingOf]):
    """An arm's supernet of one seed: its networks' accuracies and macs, and what it cost."""

    arm: Arm[TrainingOf]
    accuracies: list[float]
    macs: list[int]
    images: int
    device_seconds: float


def scored_arms(
    plan: SupernetPlan[Any, TrainingOf, Any],
    arms: Callable[[Any, int], Iterable[Arm[TrainingOf]]],
    *,
    seeds: Iterable[int],
    name: str,
) -> dict[str, dict[int, Scored[TrainingOf]]]:
    """The trained arms that are scored under a name, by their own and by seed.

    Empty where there is nothing to compare.
    """
    found: dict[str, dict[int, Scored[TrainingOf]]] = {}
    for seed in seeds:
        for arm in arms(plan, seed):
            done, spent = plan.scores(arm.training, name), plan.job(arm.training).cost
            if done is not None and spent is not None:
                found.setdefault(arm.name, {})[seed] = Scored(
                    arm=arm,
                    accuracies=done["accuracies"],
                    macs=done["macs"],
                    images=spent["images"],
                    device_seconds=spent["device_seconds"],
                )
    return found if len(found) >= FEWEST_ARMS else {}


def first_of(found: Mapping[int, Scored[TrainingOf]]) -> Scored[TrainingOf]:
    """The first seed's."""
    return next(iter(found.values()))
