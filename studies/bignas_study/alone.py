"""Slices against the same networks trained from scratch (Tables 2 and 3, first columns)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from bignas_study.plan import SLICES, Plan, Work, score_slices
from bignas_study.setting import BUDGETS, NAMES, Training
from bignas_study.slices import budgets_networks
from bignas_study.supernets import Job
from common.files import read
from escalade.core import cost
from escalade.family.files import write_json

SCORED = "budgets.json"
# Slices by recipe: the paper's, the tuned, the best, and the best with its last part together.
KINDS = ("slices", "tuned", "steady", "together")


def run(work: Work, seed: int) -> None:
    """A supernet's slices for the three budgets on all judge images, and each alone."""
    paths, plan = budgets_networks(), work.plan
    together = plan.together(seed)
    first = [make(seed) for make in (plan.reference, plan.tuned, plan.steady)]
    for job in [*work.train([*first, together.before])[:-1], *work.train([together])]:
        score_budgets(work, job)
    score_slices(work, [plan.steady(seed), together.before, together])
    work.train_alone([(path.architecture, seed) for path in paths])


def score_budgets(work: Work, job: Job) -> None:
    """The three networks as a supernet's slices, on all judge images, once."""
    if read(job.folder / SCORED) is None:
        accuracies = work.judging().score(job, budgets_networks())
        write_json(job.folder / SCORED, {"accuracies": accuracies})


def found(plan: Plan, seeds: range) -> list[dict[str, Any]]:
    """For each budget the network, and by seed its accuracy as a slice and alone."""
    paths = budgets_networks()
    makes = (plan.reference, plan.tuned, plan.steady, plan.together)
    of = {name: _slices(plan, map(make, seeds)) for name, make in zip(KINDS, makes, strict=True)}
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
                **{k: {seed: each[index] for seed, each in of[k].items()} for k in KINDS},
                "alone": {seed: each["accuracy"] for seed, each in results.items()},
                "device_seconds": {s: each["device_seconds"] for s, each in results.items()},
                "architecture": path.architecture.to_json(),
            }
        )
    return [row for row in rows if row["slices"] or row["alone"]]


def others(plan: Plan, seeds: range) -> dict[str, dict[int, list[float]]]:
    """What it costs the other networks: the 30 slices before and after members train together.

    Nothing while one of the supernets is not scored.
    """
    made = {
        "the best recipe": plan.steady,
        "its first part": lambda seed: plan.together(seed).before,
        "and together": plan.together,
    }
    scored = {
        name: {
            seed: done["accuracies"] for seed in seeds if (done := plan.scores(of(seed), SLICES))
        }
        for name, of in made.items()
    }
    return scored if all(scored.values()) else {}


def _slices(plan: Plan, trainings: Iterable[Training]) -> dict[int, list[float]]:
    return {
        training.seed: done["accuracies"]
        for training in trainings
        if (done := read(plan.job(training).folder / SCORED))
    }
