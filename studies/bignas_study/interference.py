"""What keeps slices below the same networks alone: too short a training, or each other?

A finished supernet trains on for two epochs, at an eighth of its rate: by its own steps, or by
steps of one, two or three networks of the budgets. If it was too short, its own steps help; if the
networks are in each other's way, the fewer train, the more it helps them.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from bignas_study.alone import SCORED, score_budgets
from bignas_study.plan import SLICES, Plan, Work, score_slices
from bignas_study.setting import NAMES, Training
from common.files import read

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
    if seed > 0:
        return
    trainings = list(_trainings(work.plan).values())
    work.train(trainings[:1])
    for job in work.train(trainings):
        score_budgets(work, job)
    score_slices(work, trainings)


def found(plan: Plan) -> list[dict[str, Any]]:
    """For every way the accuracies of the three networks, and the mean of the 30 slices."""
    rows = []
    for name, training in _trainings(plan).items():
        networks = read(plan.job(training).folder / SCORED)
        slices = plan.scores(training, SLICES)
        if networks is not None and slices is not None:
            others = slices["accuracies"]
            rows.append(
                {
                    "name": name,
                    "accuracies": networks["accuracies"],
                    "slices": sum(others) / len(others),
                }
            )
    return rows


def _trainings(plan: Plan) -> dict[str, Training]:
    steady = plan.steady(0)
    longer = replace(steady, epochs=steady.epochs + EPOCHS, together=EPOCHS)
    return {BEFORE: steady} | {name: replace(longer, whom=whom) for name, whom in WHOM.items()}
