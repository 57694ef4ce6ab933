"""Studies that train networks alone: the paper's random one, the extremes, the ranked ones."""

from __future__ import annotations

from typing import Any

from escalade.core.network import cost
from escalade.core.network.architecture import Architecture
from scarlet_study import arms
from scarlet_study.networks import PLAINEST, extremes, folded, genome, ranked, spread
from scarlet_study.plan import Plan, Work
from scarlet_study.setting import LET, RELU, Setting, Training

# The genome costs little: so many trainings of it for each seed of the study.
REPEATS = 3
REMOVED = "identities removed"
NAMES = {LET: "LET", RELU: "LET with ReLU"}


def run_genome(work: Work, seed: int) -> None:
    """The paper's random network, its identities transformed in both ways and removed (Fig. 4)."""
    networks = genomes().values()
    work.train_alone([(network, each) for each in _seeds(seed) for network in networks])


def run_extremes(work: Work, seed: int) -> None:
    """The networks of the least and of the most macs (Table 2)."""
    work.train_alone([(path.architecture, seed) for path in extremes().values()])


def run_fairness(work: Work, seed: int) -> None:
    """The supernets, and networks over the range of macs trained alone."""
    arms.run(work, "fairness", seed)
    paths = spread(work.setting, PLAINEST)
    work.train_alone([(paths[index].architecture, seed) for index in ranks(work.setting)])


def run_folds(work: Work, seed: int) -> None:
    """The supernets of both spaces, and some networks of each with many identities alone."""
    arms.run(work, "folds", seed)
    both = [folded(work.setting, arm.training) for arm in arms.folds(work.plan, seed)]
    work.train_alone([(path.architecture, seed) for paths in both for path in paths])


def genomes() -> dict[str, Architecture]:
    """The paper's random network in its three forms, by name."""
    made = {name: genome(kind).running for kind, name in NAMES.items()}
    return made | {REMOVED: genome(LET).architecture}


def ranks(setting: Setting) -> list[int]:
    """The random networks that are trained alone, by index."""
    return ranked(setting, [cost.of(p.architecture).macs for p in spread(setting, PLAINEST)])


def found_genome(plan: Plan, seeds: range) -> list[dict[str, Any]]:
    """By how identities run: macs, and accuracies by seed."""
    every = [each for seed in seeds for each in _seeds(seed)]
    rows = []
    for name, network in genomes().items():
        done = {each: plan.alone(network, each) for each in every}
        known = {each: result["accuracy"] for each, result in done.items() if result}
        if known:
            about = {"name": name, "genome": genome(LET).genome}
            rows.append(about | {"accuracies": known} | _costs(network))
    return rows


def found_extremes(plan: Plan, seeds: range) -> list[dict[str, Any]]:
    """Both networks: costs, and accuracies by seed."""
    rows = []
    for name, path in extremes().items():
        done = {seed: plan.alone(path.architecture, seed) for seed in seeds}
        known = {seed: result["accuracy"] for seed, result in done.items() if result}
        if known:
            rows.append({"name": name, "accuracies": known, **_costs(path.architecture)})
    return rows


def found_ranked(plan: Plan, seeds: range) -> list[dict[str, Any]]:
    """The networks trained alone: index among the random ones, macs, accuracies by seed."""
    paths = spread(plan.setting, PLAINEST)
    rows = []
    for index in ranks(plan.setting):
        done = {seed: plan.alone(paths[index].architecture, seed) for seed in seeds}
        known = {seed: result["accuracy"] for seed, result in done.items() if result}
        if known:
            macs = cost.of(paths[index].architecture).macs
            rows.append({"index": index, "macs": macs, "accuracies": known})
    return rows


def found_folds(plan: Plan, training: Training) -> list[float] | None:
    """Accuracies of a space's networks with many identities alone; None before all are done."""
    done = [plan.alone(path.architecture, training.seed) for path in folded(plan.setting, training)]
    if not done or None in done:
        return None
    return [result["accuracy"] for result in done if result]


def _seeds(seed: int) -> range:
    return range(REPEATS * seed, REPEATS * (seed + 1))


def _costs(architecture: Architecture) -> dict[str, int]:
    costs = cost.of(architecture)
    return {"macs": costs.macs, "params": costs.params}
