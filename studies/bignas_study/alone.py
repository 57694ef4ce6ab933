"""Slices against the same networks trained from scratch (Tables 2 and 3), and what is between.

What keeps slices below the same networks alone: too short a training, or each other? In
`interference` a finished supernet trains on for two epochs, at an eighth of its rate: by its own
steps, or by steps of one, two or three networks of the budgets. If it was too short, its own steps
help; if the networks are in each other's way, the fewer train, the more it helps them.
"""

from __future__ import annotations

from typing import Any

from bignas_study.setting import NAMES
from bignas_study.space import BUDGETS as TARGETS
from bignas_study.space import budgets_networks
from bignas_study.supernets import BUDGETS, SLICES, STEADY, Work
from common import alone
from common.comparison import ALONE, Arms
from common.statistics import column

MORE_EPOCHS = 2.0


def run(work: Work, seed: int) -> None:
    """Supernets' slices for the three budgets on all judge images, and each alone."""
    work.score_budgets(work.arms(work.ending, seed).values())
    work.score_slices(work.arms(_others(work), seed).values())
    _train_alone(work, seed)


def run_half(work: Work, seed: int) -> None:
    """Of the supernets only the one whose second half trains the networks together."""
    work.score_budgets([work.arms(work.ending, seed)["half"]])
    _train_alone(work, seed)


def run_interference(work: Work, seed: int) -> None:
    """The best recipe's supernet of seed 0, trained on in every way; one seed."""
    if seed == 0:
        trainings = work.arms(_interference(work), seed).values()
        work.score_budgets(trainings)
        work.score_slices(trainings)


def found(work: Work) -> list[dict[str, Any]]:
    """For each budget the network, and by seed its accuracy as a slice and alone."""
    scores = work.scored(work.ending, BUDGETS)
    names = ("macs", "params", "resolution", "depths", "widths", "architecture")
    rows = []
    for index, path in enumerate(budgets_networks()):
        done = alone.results(work.folder / ALONE, path.architecture)
        about = {"name": NAMES[index], "budget": TARGETS[index].target}
        slices = {kind: column(scores.get(kind, {}), index) for kind in work.ending}
        own = {"alone": column(done, "accuracy"), "device_seconds": column(done, "device_seconds")}
        rows.append(about | alone.described(path.architecture, *names) | slices | own)
    return rows if any(row[kind] for row in rows for kind in (*work.ending, "alone")) else []


def found_others(work: Work) -> dict[str, dict[int, list[float]]]:
    """What it costs the other networks: the 30 slices before and after members train together.

    Nothing while one of the supernets is not scored.
    """
    arms = _others(work)
    scored = work.scored(arms, SLICES)
    return scored if len(scored) == len(arms) else {}


def found_interference(work: Work) -> list[dict[str, Any]]:
    """For every way the accuracies of the three networks, and the mean of the 30 slices."""
    networks, slices = (work.scored(_interference(work), of, seeds=[0]) for of in (BUDGETS, SLICES))
    return [
        {"name": name, "accuracies": of[0], "slices": sum(slices[name][0]) / len(slices[name][0])}
        for name, of in networks.items()
        if name in slices
    ]


def _train_alone(work: Work, seed: int) -> None:
    work.train_alone((path.architecture for path in budgets_networks()), [seed])


def _others(work: Work) -> Arms:
    together = work.ending["together"]
    before = {"epochs": work.setting.epochs - together["together"]}
    return {
        "the best recipe": STEADY,
        "its first part": STEADY | before,
        "and together": together,
    }


def _interference(work: Work) -> Arms:
    longer = {"epochs": work.setting.epochs + MORE_EPOCHS, "together": MORE_EPOCHS}
    whom: dict[str, tuple[str, ...]] = {
        "all paths, by sandwiches": (),
        "the small network alone": NAMES[:1],
        "small and middle": NAMES[:2],
        "all three": NAMES,
    }
    ways = {name: STEADY | longer | {"whom": each} for name, each in whom.items()}
    return {"nothing": STEADY} | ways
