"""Studies that train networks alone: the paper's random one, the extremes, the ranked ones."""

from __future__ import annotations

from typing import Any

from common.alone import described
from common.files import SEEDS
from common.lab import Architecture, macs
from scarlet_study.networks import PLAINEST, extremes, folded, genome, ranked, spread
from scarlet_study.setting import LET, RELU, Setting, Training
from scarlet_study.supernets import ARMS, Work

# The genome costs little: so many trainings of it for each seed of the study.
REPEATS = 3
REMOVED = "identities removed"
NAMES = {LET: "LET", RELU: "LET with ReLU"}
Row = dict[str, Any]


def run_genome(work: Work, seed: int) -> None:
    """The paper's random network, its identities transformed in both ways and removed (Fig. 4)."""
    work.train_alone(_genomes().values(), range(REPEATS * seed, REPEATS * (seed + 1)))


def run_extremes(work: Work, seed: int) -> None:
    """The networks of the least and of the most macs (Table 2)."""
    work.train_alone(_extremes().values(), [seed])


def run_fairness(work: Work, seed: int) -> None:
    """The supernets, and networks over the range of macs trained alone."""
    work.compare("fairness", seed)
    work.train_alone(ranks(work.setting).values(), [seed])


def run_folds(work: Work, seed: int) -> None:
    """The supernets of both spaces, and some networks of each with many identities alone."""
    work.compare("folds", seed)
    for training in work.arms(ARMS["folds"](work), seed).values():
        work.train_alone(_folded(work, training), [seed])


def ranks(setting: Setting) -> dict[int, Architecture]:
    """The random networks that are trained alone, by their place among all."""
    networks = [path.architecture for path in spread(setting, PLAINEST)]
    return {index: networks[index] for index in ranked(setting, [macs(each) for each in networks])}


def found_genome(work: Work) -> list[Row]:
    """By how identities run: macs, and accuracies by seed."""
    about = {"genome": genome(LET).genome}
    every = range(REPEATS * len(SEEDS))
    return [about | row for row in _found(work, _genomes(), every)]


def found_extremes(work: Work) -> list[Row]:
    """Both networks: costs, and accuracies by seed."""
    return _found(work, _extremes(), SEEDS)


def found_ranked(work: Work) -> list[Row]:
    """The networks trained alone: index among the random ones, macs, accuracies by seed."""
    return [
        {"index": index, "macs": macs(network), "accuracies": accuracies}
        for index, network in ranks(work.setting).items()
        if (accuracies := work.alone(network))
    ]


def found_folds(work: Work, training: Training) -> list[float]:
    """Accuracies of a space's networks with many identities alone; none before all are done."""
    networks = _folded(work, training)
    done = [work.alone(each, [training.seed]).get(training.seed) for each in networks]
    return [] if None in done else [each for each in done if each is not None]


def _found(work: Work, networks: dict[str, Architecture], seeds: range) -> list[Row]:
    return [
        {"name": name, "accuracies": known} | described(each, "macs", "params")
        for name, each in networks.items()
        if (known := work.alone(each, seeds))
    ]


def _genomes() -> dict[str, Architecture]:
    """The paper's random network in its three forms, by name."""
    made = {name: genome(kind).running for kind, name in NAMES.items()}
    return made | {REMOVED: genome(LET).architecture}


def _extremes() -> dict[str, Architecture]:
    return {name: path.architecture for name, path in extremes().items()}


def _folded(work: Work, training: Training) -> list[Architecture]:
    return [path.architecture for path in folded(work.setting, training)]
