"""What the finished units say: accuracies, paired tests and costs, as values."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from claim_test.networks import Entry
from escalade.core.network import cost
from escalade.core.network.architecture import Architecture
from escalade.core.numbers.statistics import paired_test, summarize

HAND = "hand "


@dataclass(frozen=True, kw_only=True)
class Network:
    """A compared network with its retrainings: accuracy on the judge images by seed."""

    arm: str
    factor: float
    architecture: Architecture
    accuracies: Mapping[int, float]
    device_seconds: float

    @property
    def macs(self) -> int:
        return cost.of(self.architecture).macs

    @property
    def mean(self) -> float | None:
        """None while nothing is retrained."""
        return summarize(list(self.accuracies.values())).mean if self.accuracies else None

    @property
    def standard_error(self) -> float | None:
        """None for fewer than two seeds."""
        if len(self.accuracies) < 2:
            return None
        return summarize(list(self.accuracies.values())).standard_error

    def to_json(self) -> dict[str, Any]:
        return {
            "arm": self.arm,
            "factor": self.factor,
            "macs": self.macs,
            "resolution": self.architecture.resolution,
            "stem": self.architecture.stem.width,
            "widths": list(self.architecture.widths),
            "depths": list(self.architecture.depths),
            "accuracies": {str(seed): value for seed, value in self.accuracies.items()},
            "mean": self.mean,
            "standard_error": self.standard_error,
            "device_seconds": self.device_seconds,
            "architecture": self.architecture.to_json(),
        }


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """First arm minus second, paired by budget and seed; p is None for fewer than two pairs."""

    first: str
    second: str
    factor: float | None
    difference: float
    standard_error: float | None
    p_value: float | None
    num: int


def networks(entries: Sequence[Entry], *, folder: Path) -> list[Network]:
    """Every compared network with what is retrained of it."""
    return [_network(entry, folder) for entry in entries]


def _network(entry: Entry, folder: Path) -> Network:
    found = [_read(path) for path in folder.glob(f"{entry.architecture.key}-seed*.json")]
    found.sort(key=lambda result: int(result["seed"]))
    return Network(
        arm=entry.arm,
        factor=entry.factor,
        architecture=entry.architecture,
        accuracies={result["seed"]: result["accuracy"] for result in found},
        device_seconds=sum(result["device_seconds"] for result in found),
    )


def is_family(arm: str) -> bool:
    """Whether an arm is a searched family with its growth, not a variant of one."""
    return arm.startswith("searched") and " base " not in arm and ", grown by " not in arm


def comparisons(found: Sequence[Network]) -> list[Comparison]:
    """Every searched family against every other arm, budget by budget and over all budgets."""
    arms = list(dict.fromkeys(network.arm for network in found))
    families = [arm for arm in arms if is_family(arm)]
    made = []
    for first in families:
        for second in arms:
            if second == first:
                continue
            pairs = dict(_pairs(found, first, second))
            for factor, (a, b) in pairs.items():
                made.append(_compare(first, second, factor, a, b))
            if len(pairs) > 1:
                a, b = ([x for pair in pairs.values() for x in pair[i]] for i in (0, 1))
                made.append(_compare(first, second, None, a, b))
    return made


def _pairs(
    found: Sequence[Network], first: str, second: str
) -> Iterator[tuple[float, tuple[list[float], list[float]]]]:
    """For each factor: accuracies of both arms on the seeds that both have."""
    mine = {n.factor: n for n in found if n.arm == first}
    for other in (n for n in found if n.arm == second and n.factor in mine):
        own = mine[other.factor]
        seeds = sorted(set(own.accuracies) & set(other.accuracies))
        if seeds:
            yield (
                other.factor,
                (
                    [own.accuracies[seed] for seed in seeds],
                    [other.accuracies[seed] for seed in seeds],
                ),
            )


def _compare(
    first: str, second: str, factor: float | None, a: Sequence[float], b: Sequence[float]
) -> Comparison:
    error = p_value = None
    if len(a) > 1:
        test = paired_test(a, b)
        error, p_value = test.standard_error, test.p_value
    return Comparison(
        first=first,
        second=second,
        factor=factor,
        difference=math.fsum(x - y for x, y in zip(a, b, strict=True)) / len(a),
        standard_error=error,
        p_value=p_value,
        num=len(a),
    )


def best_hand(found: Sequence[Network]) -> dict[float, str]:
    """The hand rule of the highest mean at each factor: chosen after the fact, so favoured."""
    best: dict[float, Network] = {}
    for network in found:
        if network.arm.startswith(HAND) and network.mean is not None:
            leader = best.get(network.factor)
            if leader is None or network.mean > (leader.mean or 0.0):
                best[network.factor] = network
    return {factor: best[factor].arm for factor in sorted(best)}


def costs(found: Sequence[Network], *, folder: Path) -> list[dict[str, Any]]:
    """Device-seconds of every arm: supernet, search, and retraining over all networks and seeds."""
    rows = []
    for arm in dict.fromkeys(network.arm for network in found):
        supernet, search = _search_costs(arm, folder)
        own = [network for network in found if network.arm == arm]
        rows.append(
            {
                "arm": arm,
                "supernet": supernet,
                "search": search,
                "retraining": sum(network.device_seconds for network in own),
                "num_retrained": sum(len(network.accuracies) for network in own),
            }
        )
    return rows


def _search_costs(arm: str, folder: Path) -> tuple[float, float]:
    if not arm.startswith("searched"):
        return 0.0, 0.0
    seed = next((word for word in arm.split() if word.isdigit()), "0")
    kind = "fixed" if "fixed" in arm else "free"
    parts = (folder / f"search{seed}" / name for name in ("supernet.json", f"search-{kind}.json"))
    supernet, search = (_read(path)["device_seconds"] if path.exists() else 0.0 for path in parts)
    return float(supernet), float(search)


def tuned(folder: Path) -> list[dict[str, float]]:
    """The hand-made base on the search images, by learning rate."""
    rows = []
    for path in sorted(folder.glob("*-rate*.json")):
        rate = float(path.stem.split("-rate")[1].split("-seed")[0])
        content = _read(path)
        rows.append(
            {
                "learning_rate": rate,
                "accuracy": content["accuracy"],
                "device_seconds": content["device_seconds"],
            }
        )
    return sorted(rows, key=lambda row: row["learning_rate"])


def _read(path: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return content


def to_json(
    found: Sequence[Network], *, folder: Path, setting: Mapping[str, Any], f_0: int
) -> dict[str, Any]:
    """The result file: everything that the table shows, and the networks."""
    return {
        "setting": dict(setting),
        "f_0": f_0,
        "networks": [network.to_json() for network in found],
        "comparisons": [asdict(comparison) for comparison in comparisons(found)],
        "best_hand": {f"{factor:g}": arm for factor, arm in best_hand(found).items()},
        "costs": costs(found, folder=folder),
        "tuned": tuned(folder / "tuned"),
    }
