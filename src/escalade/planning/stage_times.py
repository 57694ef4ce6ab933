"""What a run's stages take, from what was timed."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from escalade.planning.device_times import DeviceTimes
from escalade.planning.member_sizes import MemberSizes, member_macs
from escalade.planning.resolved_run import Run

# Evaluation against training of the same image: forward alone, batch norm folded.
EVALUATION_SHARE = 0.25
# A member's exports and its test; and what every run has once: imports, the plan, workers, report.
EXPORT_SECONDS, START_SECONDS = 4.0, 45.0


@dataclass(frozen=True, slots=True, kw_only=True)
class StageTimes:
    """Seconds and evaluations that each stage of a run takes here.

    `confirm` is the finalists' part of the search.
    """

    train: float
    search: float
    retrain: float
    export: float
    evaluations: int
    confirm: float = 0.0

    @property
    def total(self) -> float:
        return self.train + self.search + self.confirm + self.retrain + self.export

    @property
    def trained(self) -> float:
        """What grows with the members' training: theirs, and the finalists'."""
        return self.confirm + self.retrain


def stage_times(run: Run, sizes: MemberSizes, times: DeviceTimes) -> StageTimes:
    """What the stages would take with the run's settings."""
    config, num_train = run.config, len(run.data.train)
    macs = member_macs(run, sizes)
    num_scored = len(run.data.search) + min(config.evaluation.recalibration_images, num_train)
    score = num_scored * EVALUATION_SHARE
    evaluations = run.method.num_scores(run.task)
    images = config.retrain.recipe.num_images(num_train)
    if run.space.traits.has_supernet:
        train = config.supernet.recipe.num_images(num_train) * times.path
        mean = float(np.mean([times.image(m) for m in macs[: len(sizes.searched)]]))
        asked = evaluations * run.method.fresh_share
        search = asked * score * mean / times.processes
    else:
        train = 0.0
        short = config.search.recipe.num_images(num_train) + score
        search = _trainings([macs[0]] * evaluations, times, num_images=short)
    together = images * times.together if config.retrain.searched == "together" else 0.0
    return StageTimes(
        train=train,
        search=search,
        retrain=together
        + sum(
            _trainings(each, times, num_images=images + score) for each in _rounds(run, sizes, macs)
        ),
        export=EXPORT_SECONDS * len(macs) + START_SECONDS,
        evaluations=evaluations,
        confirm=sum(
            _trainings(each, times, num_images=config.search.finalist_share * images + score)
            for each in _confirmations(run, sizes, macs)
        ),
    )


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


def _trainings(macs: Iterable[float], times: DeviceTimes, *, num_images: float) -> float:
    """Seconds of trainings of so many images, done as `retrain_all` does them."""
    jobs = [num_images * times.image(each) for each in sorted(macs, reverse=True)]
    return makespan(jobs, workers=times.processes, alone=times.alone)


def _confirmations(run: Run, sizes: MemberSizes, macs: list[float]) -> list[list[float]]:
    """Macs of the finalists that train side by side, round by round, each of half as many."""
    settings, searched = run.config.search, macs[: len(sizes.searched)]
    going, rounds = settings.finalists, []
    for _ in range(settings.finalist_rounds if going else 0):
        rounds.append([each for each in searched for _ in range(going)])
        going = -(-going // 2)
        if going == 1:
            break
    return rounds


def _rounds(run: Run, sizes: MemberSizes, macs: list[float]) -> list[list[float]]:
    """Macs of the trainings that run side by side, one round after the other."""
    how, num = run.config.retrain, len(sizes.searched)
    searched, grown = macs[:num], macs[num:]
    first = [] if how.searched in ("slice", "together") else list(searched)
    if how.grown != "warm":
        first += grown
    # Warm starts need the largest without its identities, which its slice may keep.
    keeps = run.space.traits.leaves_out and how.searched != "retrain"
    if keeps and grown and how.grown != "scratch":
        first.append(searched[-1])
    return [first, [] if how.grown == "scratch" else grown]
