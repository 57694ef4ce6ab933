"""Slices against the same networks trained from scratch (Tables 2 and 3, first columns)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from bignas_study.plan import SLICES, Plan, Work, score_slices
from bignas_study.setting import BUDGETS, NAMES, Training
from bignas_study.slices import budgets_networks
from bignas_study.supernets import Job
from common.files import read
from escalade.artefacts.files import write_json
from escalade.core.network import cost

SCORED = "budgets.json"
# Supernets whose slices stand beside networks alone.
KINDS: dict[str, Callable[[Plan, int], Training]] = {
    "slices": Plan.reference,
    "tuned": Plan.tuned,
    "steady": Plan.steady,
    "together": Plan.together,
    "distilled": Plan.distilled,
    "half": Plan.half,
}


def run(work: Work, seed: int) -> None:
    """A supernet's slices for the three budgets on all judge images, and each alone."""
    _run(work, seed, [make(work.plan, seed) for make in KINDS.values()])
    ends = [work.plan.steady(seed), work.plan.together(seed).before, work.plan.together(seed)]
    score_slices(work, ends)


def run_half(work: Work, seed: int) -> None:
    """Of the supernets only the one whose second half trains the networks together."""
    _run(work, seed, [work.plan.half(seed)])


def _run(work: Work, seed: int, trainings: Sequence[Training]) -> None:
    work.train([each.before for each in trainings])  # one that ends together starts from another
    for job in work.train(trainings):
        score_budgets(work, job)
    work.train_alone([(path.architecture, seed) for path in budgets_networks()])


def score_budgets(work: Work, job: Job) -> None:
    """The three networks as a supernet's slices, on all judge images, once."""
    if read(job.folder / SCORED) is None:
        accuracies = work.judging().score(job, budgets_networks())
        write_json(job.folder / SCORED, {"accuracies": accuracies})


def found(plan: Plan, seeds: range) -> list[dict[str, Any]]:
    """For each budget the network, and by seed its accuracy as a slice and alone."""
    paths = budgets_networks()
    of = {name: _slices(plan, [make(plan, seed) for seed in seeds]) for name, make in KINDS.items()}
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
    return rows if any(row[kind] for row in rows for kind in (*KINDS, "alone")) else []


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
