"""What keeps slices below the same networks alone: too short a training, or each other?

A finished supernet trains on for two epochs, at an eighth of its rate: by its own steps, or by
steps of one, two or three networks of the budgets. If it was too short, its own steps help; if the
networks are in each other's way, the fewer train, the more it helps them.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from bignas_study.setting import NAMES, Training
from bignas_study.supernets import BUDGETS, SLICES, Work

EPOCHS = 2.0
WHOM: dict[str, tuple[str, ...]] = {
    "all paths, by sandwiches": (),
    "the small network alone": NAMES[:1],
    "small and middle": NAMES[:2],
    "all three": NAMES,
}
BEFORE = "nothing"


def run(work: Work, seed: int) -> None:
    """The best recipe's supernet of seed 0, trained on in every way; one seed."""
    if seed == 0:
        trainings = list(_trainings(work).values())
        work.score_budgets(trainings)
        work.score_slices(trainings)


def found(work: Work) -> list[dict[str, Any]]:
    """For every way the accuracies of the three networks, and the mean of the 30 slices."""
    rows = []
    for name, training in _trainings(work).items():
        networks, slices = work.scores(training, BUDGETS), work.scores(training, SLICES)
        if networks is not None and slices is not None:
            others, own = slices["accuracies"], networks["accuracies"]
            mean = sum(others) / len(others)
            rows.append({"name": name, "accuracies": own, "slices": mean})
    return rows


def _trainings(work: Work) -> dict[str, Training]:
    steady = work.steady(0)
    longer = replace(steady, epochs=steady.epochs + EPOCHS, together=EPOCHS)
    return {BEFORE: steady} | {name: replace(longer, whom=whom) for name, whom in WHOM.items()}
