"""Slices against the same networks trained from scratch (Tables 2 and 3, first columns)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from bignas_study.plan import Plan, Work
from bignas_study.setting import BUDGETS, NAMES, Training
from bignas_study.slices import budgets_networks
from common.files import read
from escalade.core import cost
from escalade.family.files import write_json

SCORED = "budgets.json"


def run(work: Work, seed: int) -> None:
    """A supernet's slices for the three budgets on all judge images, and each alone."""
    paths = budgets_networks()
    for job in work.train([work.plan.reference(seed), work.plan.tuned(seed)]):
        if read(job.folder / SCORED) is None:
            accuracies = work.judging().score(job, paths)
            write_json(job.folder / SCORED, {"accuracies": accuracies})
    work.train_alone([(path.architecture, seed) for path in paths])


def found(plan: Plan, seeds: range) -> list[dict[str, Any]]:
    """For each budget the network, and by seed its accuracy as a slice and alone."""
    paths = budgets_networks()
    slices = _slices(plan, map(plan.reference, seeds))
    tuned = _slices(plan, map(plan.tuned, seeds))
    alone = {seed: [plan.alone(path.architecture, seed) for path in paths] for seed in seeds}
    rows = []
    for index, (name, budget, path) in enumerate(zip(NAMES, BUDGETS, paths, strict=True)):
        results = {seed: one for seed in seeds if (one := alone[seed][index])}
        rows.append(
            {
                "name": name,
                "budget": budget.target,
                "macs": cost.of(path.architecture).macs,
                "params": cost.of(path.architecture).params,
                "resolution": path.architecture.resolution,
                "depths": path.architecture.depths,
                "widths": path.architecture.widths,
                "slices": {seed: each[index] for seed, each in slices.items()},
                "tuned": {seed: each[index] for seed, each in tuned.items()},
                "alone": {seed: each["accuracy"] for seed, each in results.items()},
                "device_seconds": {s: each["device_seconds"] for s, each in results.items()},
                "architecture": path.architecture.to_json(),
            }
        )
    return [row for row in rows if row["slices"] or row["alone"]]


def _slices(plan: Plan, trainings: Iterable[Training]) -> dict[int, list[float]]:
    return {
        training.seed: done["accuracies"]
        for training in trainings
        if (done := read(plan.job(training).folder / SCORED))
    }
