"""What the finished units say: accuracies, paired tests and costs, as values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from claim_study.networks import Entry, base_budget
from claim_study.search import search_costs
from claim_study.setting import Setting
from common.alone import described, results
from common.files import plain, read
from common.statistics import against, column, summary

RETRAINED, TUNED = "retrained", "tuned"
HAND = "hand "
Row = dict[str, Any]


def to_json(entries: Sequence[Entry], setting: Setting, folder: Path) -> Row:
    """The result file: everything that the table shows, and the networks."""
    networks = [_network(entry, folder / RETRAINED) for entry in entries]
    return plain(
        {
            "setting": asdict(setting),
            "f_0": base_budget(setting.resolution),
            "networks": networks,
            "comparisons": _comparisons(networks),
            "best_hand": {f"{factor:g}": arm for factor, arm in _best_hand(networks).items()},
            "costs": _costs(networks, folder),
            "tuned": _tuned(folder / TUNED),
        }
    )


def is_family(arm: str) -> bool:
    """Whether an arm is a searched family with its growth, not a variant of one."""
    return arm.startswith("searched") and " base " not in arm and ", grown by " not in arm


def _network(entry: Entry, folder: Path) -> Row:
    """A compared network with its retrainings: accuracy on the judge images by seed."""
    done = results(folder, entry.architecture)
    accuracies = column(done, "accuracy")
    about = summary(accuracies) if done else {"mean": None, "standard_error": None}
    names = ("macs", "resolution", "stem", "widths", "depths", "architecture")
    return {
        "arm": entry.arm,
        "factor": entry.factor,
        **described(entry.architecture, *names),
        "accuracies": accuracies,
        "mean": about["mean"],
        "standard_error": about["standard_error"],
        "device_seconds": sum(column(done, "device_seconds").values()),
    }


def _comparisons(networks: Sequence[Row]) -> list[Row]:
    """Every searched family minus every other arm, budget by budget and over all budgets."""
    arms: dict[str, dict[float, Mapping[int, float]]] = {}
    for network in networks:
        arms.setdefault(network["arm"], {})[network["factor"]] = network["accuracies"]
    made: list[Row] = []
    for first, own in arms.items():
        for second, others in arms.items():
            if second == first or not is_family(first):
                continue
            names = {"first": first, "second": second}
            shared = [f for f in others if f in own and own[f].keys() & others[f].keys()]
            made += [names | {"factor": f} | (against([own[f]], [others[f]]) or {}) for f in shared]
            if len(shared) > 1:
                over = against([own[f] for f in shared], [others[f] for f in shared])
                made.append(names | {"factor": None} | (over or {}))
    return made


def _best_hand(networks: Sequence[Row]) -> dict[float, str]:
    """The hand rule of the highest mean at each factor: chosen after the fact, so favoured."""
    judged = [n for n in networks if n["arm"].startswith(HAND) and n["mean"] is not None]
    return {
        factor: max((n for n in judged if n["factor"] == factor), key=lambda n: n["mean"])["arm"]
        for factor in sorted({n["factor"] for n in judged})
    }


def _costs(networks: Sequence[Row], folder: Path) -> list[Row]:
    """Device-seconds of every arm: supernet, search, and retraining over all networks and seeds."""
    rows = []
    for arm in dict.fromkeys(network["arm"] for network in networks):
        own = [network for network in networks if network["arm"] == arm]
        trained = searched = 0.0
        if arm.startswith("searched"):
            seed = int(next((word for word in arm.split() if word.isdigit()), "0"))
            trained, searched = search_costs(folder, seed, fixed="fixed" in arm)
        row = {"arm": arm, "supernet": trained, "search": searched}
        row["retraining"] = sum(network["device_seconds"] for network in own)
        rows.append(row | {"num_retrained": sum(len(network["accuracies"]) for network in own)})
    return rows


def _tuned(folder: Path) -> list[Row]:
    """The hand-made base on the search images, by learning rate."""
    rows = []
    for path in sorted(folder.glob("*-rate*.json")):
        rate = float(path.stem.split("-rate")[1].split("-seed")[0])
        done = read(path) or {}
        kept = ("accuracy", "device_seconds")
        rows.append({"learning_rate": rate} | {name: done[name] for name in kept})
    return sorted(rows, key=lambda row: row["learning_rate"])
