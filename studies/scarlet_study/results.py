"""What the finished supernets, trainings and searches say, as one value."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from common.arms import Arm, first_of, scored_arms
from common.files import SEEDS, plain
from common.plan import RATE
from common.statistics import against, summary
from sampling_study.measures import agreement
from scarlet_study import alone, searches
from scarlet_study.arms import ARMS, FLIPPED, NETWORKS, PROBED
from scarlet_study.networks import spread
from scarlet_study.plan import Plan
from scarlet_study.probes import looks
from scarlet_study.setting import FAIR, FLIPS, SINGLE, Training

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
    seeds, file = (SEEDS[:1], RATE) if name == RATE else (SEEDS, NETWORKS)
    scored = scored_arms(plan, ARMS[name], seeds=seeds, name=file)
    rows: list[Row] = []
    for arm, of in scored.items():
        row: Row = {
            "name": arm,
            "macs": first_of(of).macs,
            "identities": _identities(plan, first_of(of).arm),
            "accuracies": {seed: each.accuracies for seed, each in of.items()},
            "flipped": {
                seed: means for seed, each in of.items() if (means := _flipped(plan, each.arm))
            },
            "curves": {seed: _curve(plan, each.arm) for seed, each in of.items()},
            "device_seconds": {seed: each.device_seconds for seed, each in of.items()},
            "images": first_of(of).images,
        }
        rows.append(row)
        for what, measure in MEASURES.items():
            values = {seed: measure(each) for seed, each in row["accuracies"].items()}
            first = {seed: measure(each) for seed, each in rows[0]["accuracies"].items()}
            row[what] = summary(values) | {"minus_first": against([values], [first])}
    return rows


def _mean(accuracies: Sequence[float]) -> float:
    return float(np.mean(accuracies))


def _deviation(accuracies: Sequence[float]) -> float:
    return float(np.std(accuracies))


# Of the random networks of one supernet.
MEASURES = {"mean": _mean, "deviation": _deviation, "worst": min, "best": max}


def _flipped(plan: Plan, arm: Arm[Training]) -> dict[str, float]:
    """Mean accuracies by the number of forced identities; none before they are scored."""
    forced = plan.scores(arm.training, FLIPPED)
    if forced is None:
        return {}
    parts = np.split(np.array(forced["accuracies"]), len(FLIPS))
    return {str(num): float(part.mean()) for num, part in zip(FLIPS, parts, strict=True)}


def _identities(plan: Plan, arm: Arm[Training]) -> list[int]:
    """How many layers of each random network are identities."""
    space = plan.job(arm.training).space
    genomes = [path.genome for path in spread(plan.setting, arm.training)]
    return np.isin(genomes, list(space.layout.identities)).sum(axis=1).tolist()


def _curve(plan: Plan, arm: Arm[Training]) -> list[Row]:
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
