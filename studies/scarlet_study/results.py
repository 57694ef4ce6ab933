"""What the finished supernets, trainings and searches say, as one value."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from accuracy_study.results import against
from bignas_study.results import summary
from common import plain
from sampling_study.measures import agreement
from scarlet_study import alone, searches
from scarlet_study.arms import ARMS, FLIPPED, NETWORKS, PROBED, RATE, Arm
from scarlet_study.networks import spread
from scarlet_study.plan import Plan
from scarlet_study.probes import looks
from scarlet_study.setting import FAIR, FLIPS, SINGLE

SEEDS = range(20)
FEWEST_ARMS = 2  # every study has the reference, which another may have scored
FEWEST_RANKED = 3
Row = dict[str, Any]


def to_json(plan: Plan) -> Row:
    """The result file: everything that the tables and pictures show."""
    ranked = alone.found_ranked(plan, SEEDS)
    return plain(
        {
            "setting": asdict(plan.setting),
            "rates": {step: plan.rate(step) for step in (FAIR, SINGLE)},
            "studies": {name: _study(plan, name) for name in ARMS},
            "genome": alone.found_genome(plan, SEEDS),
            "extremes": alone.found_extremes(plan, SEEDS),
            "folded": _folded(plan),
            "ranked": ranked,
            "agreement": _agreement(plan, ranked),
            "searches": {name: _searches(plan, name) for name in searches.KINDS},
        }
    )


def _study(plan: Plan, name: str) -> list[Row]:
    """The arms of a study that are scored, each against the first."""
    scored: dict[str, Row] = {}
    for seed in SEEDS[:1] if name == "rate" else SEEDS:
        for arm in ARMS[name](plan, seed):
            _add(scored, plan, arm, seed, file=RATE if name == "rate" else NETWORKS)
    rows = list(scored.values())
    if len(rows) < FEWEST_ARMS:
        return []
    for row in rows:
        for what, of in MEASURES.items():
            values = {seed: of(each) for seed, each in row["accuracies"].items()}
            first = {seed: of(each) for seed, each in rows[0]["accuracies"].items()}
            row[what] = summary(values) | {"minus_first": against([values], [first])}
    return rows


def _mean(accuracies: Sequence[float]) -> float:
    return float(np.mean(accuracies))


def _deviation(accuracies: Sequence[float]) -> float:
    return float(np.std(accuracies))


# Of the random networks of one supernet.
MEASURES = {"mean": _mean, "deviation": _deviation, "worst": min, "best": max}


def _add(scored: dict[str, Row], plan: Plan, arm: Arm, seed: int, *, file: str) -> None:
    done, spent = plan.scores(arm.training, file), plan.job(arm.training).cost
    if done is None or spent is None:
        return
    row = scored.setdefault(
        arm.name,
        {
            "name": arm.name,
            "macs": done["macs"],
            "identities": _identities(plan, arm),
            "accuracies": {},
            "flipped": {},
            "curves": {},
            "device_seconds": {},
        },
    )
    row["images"] = spent["images"]
    row["accuracies"][seed] = done["accuracies"]
    row["device_seconds"][seed] = spent["device_seconds"]
    row["curves"][seed] = _curve(plan, arm)
    forced = plan.scores(arm.training, FLIPPED)
    if forced is not None:
        parts = np.split(np.array(forced["accuracies"]), len(FLIPS))
        means = [float(part.mean()) for part in parts]
        row["flipped"][seed] = dict(zip(map(str, FLIPS), means, strict=True))


def _identities(plan: Plan, arm: Arm) -> list[int]:
    """How many layers of each random network are identities."""
    space = plan.job(arm.training).space
    genomes = [path.genome for path in spread(plan.setting, arm.training)]
    return np.isin(genomes, list(space.data.identities)).sum(axis=1).tolist()


def _curve(plan: Plan, arm: Arm) -> list[Row]:
    """Mean and deviation of the networks on training images, over the training's progress."""
    seen = list(looks(plan.job(arm.training).folder / "probes.json").values())
    last = plan.scores(arm.training, PROBED)
    if last is None:
        return []
    seen.append(last["accuracies"])
    return [
        {"progress": (i + 1) / len(seen), "mean": _mean(each), "deviation": _deviation(each)}
        for i, each in enumerate(seen)
    ]


def _folded(plan: Plan) -> list[Row]:
    """Networks of both spaces with many identities trained alone, paired by network and seed."""
    by_name: dict[str, dict[int, list[float]]] = {}
    for seed in SEEDS:
        for arm in ARMS["folds"](plan, seed):
            accuracies = alone.found_folds(plan, arm.training)
            if accuracies is not None:
                by_name.setdefault(arm.name, {})[seed] = accuracies
    first = next(iter(by_name.values()), {})
    return [
        {
            "name": name,
            "accuracies": of,
            "mean": summary({seed: _mean(each) for seed, each in of.items()}),
            "minus_first": against(_by_network(of), _by_network(first)),
        }
        for name, of in by_name.items()
    ]


def _by_network(of_seeds: Mapping[int, Sequence[float]]) -> list[dict[int, float]]:
    num = len(next(iter(of_seeds.values()), ()))
    return [{seed: each[index] for seed, each in of_seeds.items()} for index in range(num)]


def _agreement(plan: Plan, ranked: Sequence[Row]) -> list[Row]:
    """How supernets order the networks that were trained alone, by arm and seed."""
    if len(ranked) < FEWEST_RANKED:
        return []
    single = [_mean(list(row["accuracies"].values())) for row in ranked]
    macs = [row["macs"] for row in ranked]
    rows = []
    for seed in SEEDS:
        for arm in ARMS["fairness"](plan, seed):
            done = plan.scores(arm.training, NETWORKS)
            if done is not None:
                own = [done["accuracies"][row["index"]] for row in ranked]
                both = agreement(own, single, macs)
                rows.append({"name": arm.name, "seed": seed, "supernet": own, "agreement": both})
    return rows


def _searches(plan: Plan, name: str) -> list[Row]:
    return [row for seed in SEEDS for row in searches.found(plan, name, seed)]
