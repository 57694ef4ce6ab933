"""What the finished supernets, trainings and searches say, as one value."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from bignas_study import alone, interference, recalibration, scalenet, selection, start
from bignas_study.arms import ARMS
from bignas_study.plan import SLICES, TRIED, Plan
from bignas_study.setting import NAMES, RATES, SANDWICH, SINGLE
from common.arms import first_of, scored_arms
from common.files import SEEDS, plain
from common.plan import RATE
from common.statistics import against, summary

GROUPS = (*NAMES, "all")
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
            "others": _others(plan),
            "interference": interference.found(plan),
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


def _study(plan: Plan, name: str) -> list[Row]:
    """The arms of a study that are scored, each against the first."""
    seeds, file = (SEEDS[:1], RATE) if name in TRIED else (SEEDS, SLICES)
    scored = scored_arms(plan, ARMS[name], seeds=seeds, name=file)
    rows: list[Row] = []
    for arm, of in scored.items():
        means = {seed: thirds(each.accuracies) for seed, each in of.items()}
        first = rows[0]["seeds"] if rows else means
        rows.append(
            {
                "name": arm,
                "macs": first_of(of).macs,
                "accuracies": {seed: each.accuracies for seed, each in of.items()},
                "seeds": means,
                "device_seconds": {seed: each.device_seconds for seed, each in of.items()},
                "images": first_of(of).images,
                "groups": {group: summary(_group(means, group)) for group in GROUPS},
                "minus_first": {
                    group: against([_group(means, group)], [_group(first, group)])
                    for group in GROUPS
                },
            }
        )
    return rows


def _group(means: Mapping[int, Mapping[str, float]], group: str) -> dict[int, float]:
    return {seed: each[group] for seed, each in means.items()}


def _gap(rows: Sequence[Row]) -> Row:
    """Slices minus the same networks alone, paired by network and seed."""
    of = {name: [row[name] for row in rows] for name in (*alone.KINDS, "alone")}
    return {
        f"{name}_minus_alone": against(of[name], of["alone"]) if rows else None
        for name in alone.KINDS
    }


def _others(plan: Plan) -> list[Row]:
    """The 30 slices by thirds, before and after the three networks train together."""
    rows: list[Row] = []
    for name, of in alone.others(plan, SEEDS).items():
        means = {seed: thirds(each) for seed, each in of.items()}
        first = rows[0]["seeds"] if rows else means
        rows.append(
            {
                "name": name,
                "seeds": means,
                "groups": {group: summary(_group(means, group)) for group in GROUPS},
                "minus_first": {
                    group: against([_group(means, group)], [_group(first, group)])
                    for group in GROUPS
                },
            }
        )
    return rows


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
                "groups": {group: summary(_group(of, group)) for group in GROUPS},
                "minus_usual": against([_group(of, "all")], [_group(base, "all")]),
                "worst": min(min(ways[name]) for ways in found.values() if name in ways),
            }
        )
    return rows
