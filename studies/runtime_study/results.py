"""What the finished times say, as one value; networks without any are left out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from common.files import plain
from runtime_study.correlation import correlation, given
from runtime_study.predictors import features, judge
from runtime_study.setting import BASE, PAPER_RULES, Setting, networks
from runtime_study.times import QUANTITIES, load_times

COSTS = ("macs", "params", "activations")
ALL = "all"
_FEWEST = 5  # networks that a coefficient or a fit is worth anything for

Row = dict[str, Any]


def to_json(setting: Setting, folder: Path) -> dict[str, Any]:
    """The result file: everything that the tables and pictures show."""
    rows = _rows(setting, folder)
    found: dict[str, Any] = {
        "setting": asdict(setting),
        "noise": _noise(rows),
        "correlations": [],
        "predictors": [],
        "networks": [{k: v for k, v in row.items() if k != "features"} for row in rows],
    }
    for quantity in QUANTITIES:
        for scope, rules, chosen in _scopes(rows):
            at = {"quantity": quantity, "scope": scope, "rules": rules, "num": len(chosen)}
            found["correlations"].append(at | {"costs": _correlations(chosen, quantity)})
            if rules == ALL:
                for fold in ("rule", "base"):
                    if len({row[fold] for row in chosen}) > 1:
                        models = _judge(chosen, quantity, fold)
                        found["predictors"].append(at | {"left_out": fold, "models": models})
    return plain(found)


def _rows(setting: Setting, folder: Path) -> list[Row]:
    rows = []
    for network in networks(setting):
        times = load_times(network, folder)
        if times is None:
            continue
        known = features(network.architecture)
        rows.append(
            {
                "base": network.base,
                "rule": network.rule,
                "factor": network.factor,
                "resolution": network.architecture.resolution,
                **{name: int(known[name]) for name in COSTS},
                "batch_size": times["batch_size"],
                "load": times["load"],
                "seconds": {name: asdict(each) for name, each in times["seconds"].items()},
                "features": known,
            }
        )
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


def _correlations(rows: Sequence[Row], quantity: str) -> dict[str, Any]:
    seconds = _column(rows, quantity)
    macs = np.array([row["macs"] for row in rows], dtype=float)
    found: dict[str, Any] = {}
    for name in COSTS:
        values = np.array([row[name] for row in rows], dtype=float)
        found[name] = {
            "linear": correlation(values, seconds),
            "log": correlation(np.log(values), np.log(seconds)),
        }
        if name != "macs":
            found[name]["given_macs"] = given(values, seconds, macs)
    return found


def _judge(rows: Sequence[Row], quantity: str, fold: str) -> dict[str, Any]:
    table = {
        name: np.array([row["features"][name] for row in rows]) for name in rows[0]["features"]
    }
    return judge(table, _column(rows, quantity), [row[fold] for row in rows])


def _column(rows: Sequence[Row], quantity: str) -> Any:
    return np.array([row["seconds"][quantity]["median"] for row in rows])


def _noise(rows: Sequence[Row]) -> Mapping[str, Any]:
    """How quiet the machine was: drift between rounds (median, worst), and its load."""
    drifts = {q: [row["seconds"][q]["drift"] for row in rows] for q in QUANTITIES}
    return {
        "drift": {
            q: {"median": float(np.median(values)), "worst": max(values)}
            for q, values in drifts.items()
            if values
        },
        "load": max((row["load"] for row in rows if row["load"] is not None), default=None),
    }
