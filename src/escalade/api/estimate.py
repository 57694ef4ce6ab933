"""What a run's stages take, from what was timed."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from escalade.api.methods import method_of, num_evaluations, scales
from escalade.api.session import weights_of
from escalade.api.timing import Timing
from escalade.config import Config
from escalade.core.numbers.budget import Budget
from escalade.core.numbers.seeds import generator
from escalade.core.space.space import Space
from escalade.core.space.space_summary import candidate_paths
from escalade.train.recipe import Recipe

# Evaluation against training of the same image: forward alone, batch norm folded.
EVALUATION_SHARE = 0.25
# Of the scores that a search may ask for, those that it has not had before: 0.60 to 0.70.
MEASURED_SHARE = 0.7
# A member's exports and its test; and what every run has once: imports, the plan, workers, report.
EXPORT_SECONDS, START_SECONDS = 4.0, 45.0
# Paths drawn to tell the macs behind a budget of another kind, and how many of them tell it.
NUM_PATHS, NUM_NEAREST = 4096, 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """Seconds and evaluations that each stage of a configuration takes here."""

    train: float
    search: float
    retrain: float
    export: float
    evaluations: int

    @property
    def total(self) -> float:
        return self.train + self.search + self.retrain + self.export


def estimate(
    config: Config, space: Space, timing: Timing, *, num_train: int, num_search: int
) -> Estimate:
    """What the stages would take with these recipes; a ladder tells the members' sizes."""
    macs = member_macs(config, space)
    num = len(config.budgets)
    scored = num_search + min(config.evaluation.recalibration_images, num_train)
    mean = float(np.mean([timing.image(m) for m in macs[:num]]))
    evaluations = num_evaluations(config, space)
    asks_once = method_of(config, space) in ("random", "nsga2")
    asked = evaluations * (1.0 if asks_once else MEASURED_SHARE)
    rounds = _rounds(config, space, macs)
    images = num_images(config.retrain.recipe, num_train)
    trained = images + scored * EVALUATION_SHARE
    together = images * timing.together if weights_of(config, space) == "together" else 0.0
    return Estimate(
        train=num_images(config.supernet.recipe, num_train) * timing.path,
        search=asked * scored * mean * EVALUATION_SHARE / timing.processes,
        retrain=together
        + sum(retrain_seconds(each, timing, num_images=trained) for each in rounds),
        export=fixed_seconds(len(macs)),
        evaluations=evaluations,
    )


def retrain_seconds(macs: Iterable[float], timing: Timing, *, num_images: float) -> float:
    """Seconds of members' trainings of so many images, done as `retrain_all` does them."""
    jobs = [num_images * timing.image(each) for each in sorted(macs, reverse=True)]
    return makespan(jobs, workers=timing.processes, alone=timing.alone)


def fixed_seconds(num_members: int) -> float:
    """What no schedule changes: exports, tests, starting."""
    return EXPORT_SECONDS * num_members + START_SECONDS


def makespan(seconds: Sequence[float], *, workers: int, alone: float = 1.0) -> float:
    """When the last of some jobs ends, given to workers in this order as they become free.

    Args:
        seconds: what each job takes while all workers are busy.
        workers: jobs at a time.
        alone: the share of that time that a job takes when no other runs; between, linear.
    """
    waiting, busy, total = deque(seconds), list[float](), 0.0
    while waiting or busy:
        while waiting and len(busy) < workers:
            busy.append(waiting.popleft())
        others = (len(busy) - 1) / max(1, workers - 1)
        first = min(busy)
        total += first * (alone + (1 - alone) * others)
        busy = [left - first for left in busy if left > first]
    return total


def num_images(recipe: Recipe, num_train: int) -> int:
    """Images that a training sees."""
    batch = min(recipe.batch_size, num_train)
    return recipe.num_steps(num_train // batch) * batch


def member_macs(config: Config, space: Space) -> list[float]:
    """Macs of every member, searched and grown."""
    budgets = [*config.budgets, *(b.target for b in config.grown)]
    if config.budget_kind == "macs":
        return budgets
    macs = [
        _macs_at(budget, space, stage if scales(config, space) else 0)
        for stage, budget in enumerate(config.ladder.budgets)
    ]
    ratio = macs[-1] / macs[-2] if len(macs) > 1 else 2.0
    while len(macs) < len(budgets):
        macs.append(macs[-1] * ratio)
    return macs


def _rounds(config: Config, space: Space, macs: list[float]) -> list[list[float]]:
    """Macs of the trainings that run side by side, one round after the other."""
    num, how, weights = len(config.budgets), config.retrain, weights_of(config, space)
    searched, grown = macs[:num], macs[num:]
    first = [] if weights in ("slice", "together") else list(searched)
    if how.grown != "warm":
        first += grown
    # Warm starts need the largest without the layers left out, which its slice may keep.
    if space.traits.leaves_out and grown and how.grown != "scratch" and weights != "retrain":
        first.append(searched[-1])
    return [first, [] if how.grown == "scratch" else grown]


def _macs_at(budget: Budget, space: Space, stage: int) -> float:
    """Mean macs of those of a stage's paths that are nearest to its budget."""
    rng = generator(0, "macs", stage)
    drawn = candidate_paths(space, rng, stage, num=NUM_PATHS)
    gaps = np.abs(np.log(space.costs(drawn, budget.kind) / budget.target))
    nearest = np.argsort(gaps, kind="stable")[:NUM_NEAREST]
    return float(space.costs(drawn[nearest]).mean())
