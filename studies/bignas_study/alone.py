"""Slices against the same networks trained from scratch (Tables 2 and 3, first columns)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from bignas_study.setting import BUDGETS as TARGETS
from bignas_study.setting import NAMES, Training
from bignas_study.slices import budgets_networks
from bignas_study.supernets import BUDGETS, SLICES, Work
from common import alone
from common.comparison import ALONE
from common.files import SEEDS
from common.lab import cost

# Supernets whose slices stand beside networks alone.
KINDS: dict[str, Callable[[Work, int], Training]] = {
    "slices": Work.reference,
    "tuned": Work.tuned,
    "steady": Work.steady,
    "together": Work.together,
    "distilled": Work.distilled,
    "half": Work.half,
}


def run(work: Work, seed: int) -> None:
    """A supernet's slices for the three budgets on all judge images, and each alone."""
    _run(work, seed, [make(work, seed) for make in KINDS.values()])
    work.score_slices([work.steady(seed), work.together(seed).before, work.together(seed)])


def run_half(work: Work, seed: int) -> None:
    """Of the supernets only the one whose second half trains the networks together."""
    _run(work, seed, [work.half(seed)])


def _run(work: Work, seed: int, trainings: list[Training]) -> None:
    work.score_budgets(trainings)
    work.train_alone((path.architecture for path in budgets_networks()), [seed])


def found(work: Work) -> list[dict[str, Any]]:
    """For each budget the network, and by seed its accuracy as a slice and alone."""
    scores = {
        kind: {
            seed: done["accuracies"]
            for seed in SEEDS
            if (done := work.scores(make(work, seed), BUDGETS))
        }
        for kind, make in KINDS.items()
    }
    rows = []
    for index, path in enumerate(budgets_networks()):
        architecture = path.architecture
        done = alone.results(work.folder / ALONE, architecture)
        rows.append(
            {
                "name": NAMES[index],
                "budget": TARGETS[index].target,
                "macs": cost.of(architecture).macs,
                "params": cost.of(architecture).params,
                "resolution": architecture.resolution,
                "depths": architecture.depths,
                "widths": architecture.widths,
                **{k: {seed: each[index] for seed, each in of.items()} for k, of in scores.items()},
                "alone": {seed: each["accuracy"] for seed, each in done.items()},
                "device_seconds": {s: each["device_seconds"] for s, each in done.items()},
                "architecture": architecture.to_json(),
            }
        )
    return rows if any(row[kind] for row in rows for kind in (*KINDS, "alone")) else []


def others(work: Work) -> dict[str, dict[int, list[float]]]:
    """What it costs the other networks: the 30 slices before and after members train together.

    Nothing while one of the supernets is not scored.
    """
    made: dict[str, Callable[[int], Training]] = {
        "the best recipe": work.steady,
        "its first part": lambda seed: work.together(seed).before,
        "and together": work.together,
    }
    scored = {
        name: {
            seed: done["accuracies"] for seed in SEEDS if (done := work.scores(of(seed), SLICES))
        }
        for name, of in made.items()
    }
    return scored if all(scored.values()) else {}
