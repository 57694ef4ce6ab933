"""What the finished supernets, trainings and searches say, as one value."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from common.comparison import RATE
from common.files import SEEDS, plain
from common.statistics import against, agreement, summary
from scarlet_study import alone, searches
from scarlet_study.networks import space_of, spread
from scarlet_study.probes import looks
from scarlet_study.setting import FAIR, FEWEST_RANKED, FLIPS, SINGLE, Training
from scarlet_study.supernets import ARMS, FLIPPED, NETWORKS, PROBED, Work

Row = dict[str, Any]


def to_json(work: Work) -> Row:
    """The result file: everything that the tables and pictures show."""
    ranked = alone.found_ranked(work)
    return plain(
        {
            "setting": asdict(work.setting),
            "rates": {step: work.rate(step) for step in (FAIR, SINGLE)},
            "studies": {name: _study(work, name) for name in ARMS},
            "genome": alone.found_genome(work),
            "extremes": alone.found_extremes(work),
            "folded": _folded(work),
            "ranked": ranked,
            "agreement": _agreement(work, ranked),
            "searches": {name: searches.found(work, name) for name in searches.KINDS},
        }
    )


def _study(work: Work, name: str) -> list[Row]:
    """The arms of a study that are scored, each against the first."""
    seeds, file = (SEEDS[:1], RATE) if name == RATE else (SEEDS, NETWORKS)
    rows: list[Row] = []
    arms = ARMS[name](work)
    for row in work.compared(arms, file, seeds=seeds):
        trainings = {seed: work.arms(arms, seed)[row["name"]] for seed in row["accuracies"]}
        forced = {seed: _flipped(work, training) for seed, training in trainings.items()}
        row["identities"] = _identities(work, next(iter(trainings.values())))
        row["flipped"] = {seed: means for seed, means in forced.items() if means}
        row["curves"] = {seed: _curve(work, training) for seed, training in trainings.items()}
        rows.append(row)
        for what, measure in MEASURES.items():
            values, first = (
                {seed: measure(each) for seed, each in of["accuracies"].items()}
                for of in (row, rows[0])
            )
            row[what] = summary(values) | {"minus_first": against([values], [first])}
    return rows


def _mean(accuracies: Sequence[float]) -> float:
    return float(np.mean(accuracies))


def _deviation(accuracies: Sequence[float]) -> float:
    return float(np.std(accuracies))


# Of the random networks of one supernet.
MEASURES = {"mean": _mean, "deviation": _deviation, "worst": min, "best": max}


def _flipped(work: Work, training: Training) -> dict[str, float]:
    """Mean accuracies by the number of forced identities; none before they are scored."""
    forced = work.scores(training, FLIPPED)
    if forced is None:
        return {}
    parts = np.split(np.array(forced["accuracies"]), len(FLIPS))
    return {str(num): float(part.mean()) for num, part in zip(FLIPS, parts, strict=True)}


def _identities(work: Work, training: Training) -> list[int]:
    """How many layers of each random network are identities."""
    genomes = [path.genome for path in spread(work.setting, training)]
    identities = list(space_of(training).layout.identity_choices or ())
    return np.isin(genomes, identities).sum(axis=1).tolist()


def _curve(work: Work, training: Training) -> list[Row]:
    """Mean and deviation of the networks on training images, over the training's progress."""
    seen = looks(work.job(training).folder / "probes.json")
    last = work.scores(training, PROBED)
    if last is None:
        return []
    seen.append(last["accuracies"])
    return [
        {"progress": (i + 1) / len(seen), "mean": _mean(each), "deviation": _deviation(each)}
        for i, each in enumerate(seen)
    ]


def _folded(work: Work) -> list[Row]:
    """Networks of both spaces with many identities trained alone, paired by network and seed."""
    by_name: dict[str, dict[int, list[float]]] = {}
    for seed in SEEDS:
        for name, training in work.arms(ARMS["folds"](work), seed).items():
            if accuracies := alone.found_folds(work, training):
                by_name.setdefault(name, {})[seed] = accuracies
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


def _agreement(work: Work, ranked: Sequence[Row]) -> list[Row]:
    """How supernets order the networks that were trained alone, by arm and seed."""
    if len(ranked) < FEWEST_RANKED:
        return []
    single = [_mean(list(row["accuracies"].values())) for row in ranked]
    macs = [row["macs"] for row in ranked]
    rows = []
    for seed in SEEDS:
        for name, training in work.arms(ARMS["fairness"](work), seed).items():
            done = work.scores(training, NETWORKS)
            if done is not None:
                own = [done["accuracies"][row["index"]] for row in ranked]
                both = agreement(own, single, macs)
                rows.append({"name": name, "seed": seed, "supernet": own, "agreement": both})
    return rows
