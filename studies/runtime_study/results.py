"""What the finished times say, as one value; networks without any are left out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from common.files import plain
from common.times import BASE, QUANTITIES, load_times
from runtime_study.predictors import correlation, features, given, judge
from runtime_study.setting import PAPER_RULES, Setting, networks

COSTS = ("macs", "params", "activations")
ALL = "all"
_FEWEST = 5  # networks that a coefficient or a fit is worth anything for

Row = dict[str, Any]


def to_json(setting: Setting, folder: Path) -> Row:
    """The result file: everything that the tables and pictures show."""
    rows = _rows(setting, folder)
    correlations, predictors = [], []
    for quantity in QUANTITIES:
        for scope, rules, chosen in _scopes(rows):
            at = {"quantity": quantity, "scope": scope, "rules": rules, "num": len(chosen)}
            correlations.append(at | {"costs": _correlations(chosen, quantity)})
            for fold in ("rule", "base") if rules == ALL else ():
                if len({row[fold] for row in chosen}) > 1:
                    models = _judge(chosen, quantity, fold)
                    predictors.append(at | {"left_out": fold, "models": models})
    return plain(
        {
            "setting": asdict(setting),
            "noise": _noise(rows),
            "correlations": correlations,
            "predictors": predictors,
            "networks": [{k: v for k, v in row.items() if k != "features"} for row in rows],
        }
    )


def _rows(setting: Setting, folder: Path) -> list[Row]:
    rows = []
    for network in networks(setting):
        times = load_times(network, folder)
        if times is not None:
            known = features(network.architecture)
            about: Row = {name: getattr(network, name) for name in ("base", "rule", "factor")}
            about["resolution"] = network.architecture.resolution
            costs = {name: int(known[name]) for name in COSTS}
            rows.append(about | costs | times | {"features": known})
    return rows


def _scopes(rows: Sequence[Row]) -> list[tuple[str, str, list[Row]]]:
    """Each base and all of them, by every rule and by the paper's four."""
    bases = list(dict.fromkeys(row["base"] for row in rows))
    made = []
    for scope in (*bases, ALL) if len(bases) > 1 else bases:
        inside = [row for row in rows if scope in (ALL, row["base"])]
        of_paper = [row for row in inside if row["rule"] in (BASE, *PAPER_RULES)]
        made.append((scope, ALL, inside))
        if len(of_paper) < len(inside):
            made.append((scope, "paper", of_paper))
    return [each for each in made if len(each[2]) >= _FEWEST]


def _correlations(rows: Sequence[Row], quantity: str) -> Row:
    seconds = _column(rows, quantity)
    costs = {name: np.array([row[name] for row in rows], dtype=float) for name in COSTS}
    return {
        name: {
            "linear": correlation(values, seconds),
            "log": correlation(np.log(values), np.log(seconds)),
            **({} if name == "macs" else {"given_macs": given(values, seconds, costs["macs"])}),
        }
        for name, values in costs.items()
    }


def _judge(rows: Sequence[Row], quantity: str, fold: str) -> Row:
    table = {
        name: np.array([row["features"][name] for row in rows]) for name in rows[0]["features"]
    }
    return judge(table, _column(rows, quantity), [row[fold] for row in rows])


def _column(rows: Sequence[Row], quantity: str) -> Any:
    return np.array([row["seconds"][quantity]["median"] for row in rows])


def _noise(rows: Sequence[Row]) -> Row:
    """How quiet the machine was: drift between rounds (median, worst), and its load."""
    drifts = {q: [row["seconds"][q]["drift"] for row in rows] for q in QUANTITIES if rows}
    loads = [row["load"] for row in rows if row["load"] is not None]
    return {
        "drift": {
            q: {"median": float(np.median(values)), "worst": max(values)}
            for q, values in drifts.items()
        },
        "load": max(loads, default=None),
    }
