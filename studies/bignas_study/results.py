"""What the finished supernets, trainings and searches say, as one value."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from accuracy_study.results import against
from bignas_study import alone, recalibration, scalenet, selection, start
from bignas_study.arms import ARMS, Arm
from bignas_study.plan import Plan
from bignas_study.setting import NAMES, RATES, SANDWICH, SINGLE
from common import plain
from escalade.core.statistics import summarize

SEEDS = range(20)
FEWEST_ARMS = 2  # every study has the reference, which another may have scored
Row = dict[str, Any]


def to_json(plan: Plan) -> Row:
    """The result file: everything that the tables and pictures show."""
    slices = alone.found(plan, SEEDS)
    return plain(
        {
            "setting": asdict(plan.setting),
            "rates": {step: plan.rate(step) for step in (SANDWICH, SINGLE)},
            "tried": list(RATES),
            "pace": plan.pace,
            "studies": {name: _study(plan, name) for name in ARMS},
            "slices": [row | _gap([row]) for row in slices],
            "all_slices": _gap(slices),
            "start": _start(plan),
            "recalibration": _recalibration(plan),
            "selection": [row for seed in SEEDS for row in selection.found(plan, seed)],
            "scalenet": [row for seed in SEEDS for row in scalenet.found(plan, seed)],
        }
    )


def thirds(accuracies: Sequence[float]) -> dict[str, float]:
    """Mean accuracy of the small, middle and big third, and of all; cheap networks come first."""
    parts = zip(NAMES, np.array_split(np.asarray(accuracies), len(NAMES)), strict=True)
    return {name: float(part.mean()) for name, part in parts} | {"all": float(np.mean(accuracies))}


def summary(values: Mapping[int, float]) -> Row:
    """Mean and standard error over seeds."""
    found = summarize(list(values.values()))
    return {"mean": found.mean, "standard_error": found.standard_error, "num": len(values)}


def _study(plan: Plan, name: str) -> list[Row]:
    """The arms of a study that are scored, each against the first."""
    scored: dict[str, Row] = {}
    for seed in SEEDS[:1] if name == "rate" else SEEDS:
        for arm in ARMS[name](plan, seed):
            _add(scored, plan, arm, seed, file="rate" if name == "rate" else "slices")
    rows = list(scored.values())
    if len(rows) < FEWEST_ARMS:
        return []
    for row in rows:
        row["groups"] = {
            group: summary({seed: means[group] for seed, means in row["seeds"].items()})
            for group in (*NAMES, "all")
        }
        first = rows[0]["seeds"]
        row["minus_first"] = {
            group: against(
                [{seed: means[group] for seed, means in row["seeds"].items()}],
                [{seed: means[group] for seed, means in first.items()}],
            )
            for group in (*NAMES, "all")
        }
    return rows


def _add(scored: dict[str, Row], plan: Plan, arm: Arm, seed: int, *, file: str) -> None:
    done, spent = plan.scores(arm.training, file), plan.job(arm.training).cost
    if done is None or spent is None:
        return
    row = scored.setdefault(
        arm.name,
        {
            "name": arm.name,
            "macs": done["macs"],
            "accuracies": {},
            "seeds": {},
            "device_seconds": {},
        },
    )
    row["images"] = spent["images"]
    row["accuracies"][seed] = done["accuracies"]
    row["seeds"][seed] = thirds(done["accuracies"])
    row["device_seconds"][seed] = spent["device_seconds"]


def _gap(rows: Sequence[Row]) -> Row:
    """Slices minus the same networks alone, paired by network and seed."""
    of = {name: [row[name] for row in rows] for name in ("slices", "tuned", "alone")}
    return {
        f"{said}_minus_alone": against(of[name], of["alone"]) if rows else None
        for said, name in (("slice", "slices"), ("tuned", "tuned"))
    }


def _start(plan: Plan) -> list[Row]:
    """Losses of the largest path by arm, means over the seeds that have it."""
    of_seeds = [each for seed in SEEDS if (each := start.found(plan, seed))]
    rows = []
    for name in dict.fromkeys(name for each in of_seeds for name in each):
        curves = [each[name] for each in of_seeds if name in each]
        losses = np.mean(curves, axis=0).tolist()
        rows.append({"name": name, "losses": losses, "num": len(curves)})
    return rows


def _recalibration(plan: Plan) -> list[Row]:
    """Every way, over the seeds that have it, and minus the usual 1,024 images."""
    found = {seed: ways for seed in SEEDS if (ways := recalibration.found(plan, seed))}
    if not found:
        return []
    usual, rows = recalibration.own_name(plan.setting.recalibration_images), []
    for name in dict.fromkeys(name for ways in found.values() for name in ways):
        of = {seed: thirds(ways[name]) for seed, ways in found.items() if name in ways}
        base = {seed: thirds(ways[usual]) for seed, ways in found.items() if usual in ways}
        rows.append(
            {
                "name": name,
                "groups": {
                    group: summary({seed: means[group] for seed, means in of.items()})
                    for group in (*NAMES, "all")
                },
                "minus_usual": against(
                    [{seed: means["all"] for seed, means in of.items()}],
                    [{seed: means["all"] for seed, means in base.items()}],
                ),
                "worst": min(min(ways[name]) for ways in found.values() if name in ways),
            }
        )
    return rows
