"""What the finished supernets, trainings and searches say, as one value."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from bignas_study import alone, recalibration, scalenet, selection, start
from bignas_study.arms import ARMS, TRIED
from bignas_study.setting import NAMES, SANDWICH, SINGLE
from bignas_study.supernets import RATES, SLICES, Work
from common.comparison import RATE
from common.files import SEEDS, plain
from common.statistics import against, column, summary

GROUPS = (*NAMES, "all")
Row = dict[str, Any]
Means = Mapping[int, Mapping[str, float]]


def to_json(work: Work) -> Row:
    """The result file: everything that the tables and pictures show."""
    slices = alone.found(work)
    return plain(
        {
            "setting": asdict(work.setting),
            "rates": {step: work.rate(step) for step in (SANDWICH, SINGLE)},
            "tried": list(RATES),
            "pace": work.pace,
            "studies": {name: _study(work, name) for name in ARMS},
            "slices": [row | _gap(work, [row]) for row in slices],
            "all_slices": _gap(work, slices),
            "others": _others(work),
            "interference": alone.found_interference(work),
            "start": _start(work),
            "recalibration": _recalibration(work),
            "selection": selection.found(work),
            "scalenet": [row for seed in SEEDS for row in scalenet.found(work, seed)],
        }
    )


def thirds(accuracies: Sequence[float]) -> dict[str, float]:
    """Mean accuracy of the small, middle and big third, and of all; cheap networks come first."""
    parts = zip(NAMES, np.array_split(np.asarray(accuracies), len(NAMES)), strict=True)
    return {name: float(part.mean()) for name, part in parts} | {"all": float(np.mean(accuracies))}


def _by_thirds(accuracies: Mapping[int, Sequence[float]], first: Means | None) -> Row:
    """Thirds by seed, their means, and those minus the first's."""
    seeds = {seed: thirds(each) for seed, each in accuracies.items()}
    base = seeds if first is None else first
    pairs = {group: (column(seeds, group), column(base, group)) for group in GROUPS}
    return {
        "seeds": seeds,
        "groups": {group: summary(own) for group, (own, _) in pairs.items()},
        "minus_first": {group: against([own], [other]) for group, (own, other) in pairs.items()},
    }


def _study(work: Work, name: str) -> list[Row]:
    """The arms of a study that are scored, each against the first."""
    seeds, file = (SEEDS[:1], RATE) if name in TRIED else (SEEDS, SLICES)
    rows: list[Row] = []
    for row in work.compared(ARMS[name](work), file, seeds=seeds):
        first = rows[0]["seeds"] if rows else None
        rows.append(row | _by_thirds(row["accuracies"], first))
    return rows


def _gap(work: Work, rows: Sequence[Row]) -> Row:
    """Slices minus the same networks alone, paired by network and seed."""
    of = {name: [row[name] for row in rows] for name in (*work.ending, "alone")}
    return {f"{name}_minus_alone": against(of[name], of["alone"]) for name in work.ending}


def _others(work: Work) -> list[Row]:
    """The 30 slices by thirds, before and after the three networks train together."""
    rows: list[Row] = []
    for name, of in alone.found_others(work).items():
        first = rows[0]["seeds"] if rows else None
        rows.append({"name": name} | _by_thirds(of, first))
    return rows


def _start(work: Work) -> list[Row]:
    """Losses of the largest path by arm, means over the seeds that have it."""
    of_seeds = [each for seed in SEEDS if (each := start.found(work, seed))]
    rows = []
    for name in dict.fromkeys(name for each in of_seeds for name in each):
        curves = [each[name] for each in of_seeds if name in each]
        losses = np.mean(curves, axis=0).tolist()
        rows.append({"name": name, "losses": losses, "num": len(curves)})
    return rows


def _recalibration(work: Work) -> list[Row]:
    """Every way, over the seeds that have it, and minus the usual 1,024 images."""
    found = {seed: ways for seed in SEEDS if (ways := recalibration.found(work, seed))}
    usual = recalibration.own_name(work.setting.recalibration_images)
    base = {seed: thirds(ways[usual]) for seed, ways in found.items() if usual in ways}
    rows = []
    for name in dict.fromkeys(name for ways in found.values() for name in ways):
        of = {seed: ways[name] for seed, ways in found.items() if name in ways}
        compared = _by_thirds(of, base)
        rows.append(
            {
                "name": name,
                "groups": compared["groups"],
                "minus_usual": compared["minus_first"]["all"],
                "worst": min(min(each) for each in of.values()),
            }
        )
    return rows
