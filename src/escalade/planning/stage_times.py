"""What a run's stages take, from what was timed."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from escalade.core.network import cost
from escalade.family.family import Origin
from escalade.family.trainings.equal_time import RULES, contest_images, look_images, member_images
from escalade.planning.device_times import DeviceTimes
from escalade.planning.member_sizes import MemberSizes, member_macs
from escalade.planning.resolved_run import Run
from escalade.planning.seed_training import seed_job
from escalade.planning.start_trials import start_places, tries_starts

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
    if run.has_supernet:
        train = config.supernet.recipe.num_images(num_train) * times.path
        mean = float(np.mean([times.image(m) for m in macs[: len(sizes.searched)]]))
        asked = evaluations * run.method.fresh_share
        search = asked * score * mean / times.processes
    else:
        train = 0.0
        short = config.search.recipe.num_images(num_train) + score
        search = _trainings([(_Training(macs[0], short),)] * evaluations, times)
    how = config.retrain
    images = how.recipe.num_images(num_train)
    together = images * times.together if how.way.together else 0.0
    alone = [
        _Training(each, how.recipe_alone(num_train, ratio=ratio).num_images(num_train) + score)
        for each, ratio in zip(macs, sizes.ratios, strict=True)
    ]
    share = config.search.finalist_share
    short_ones = [
        _Training(job.macs, share * (job.num_images - score) + score)
        for job in alone[: len(sizes.searched)]
    ]
    look, rivals = _rivals(run, sizes, macs, score=score)
    return StageTimes(
        train=train,
        search=search,
        retrain=together
        + _trainings(_starts(run, score=score), times)
        + _trainings(_seed(run, score=score), times)
        + _trainings(look, times)
        + sum(_round(run, each, times) for each in _rounds(run, sizes, alone, beside=rivals)),
        export=EXPORT_SECONDS * len(macs) + START_SECONDS,
        evaluations=evaluations,
        confirm=sum(_trainings(each, times) for each in _confirmations(run, short_ones)),
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


class _Training(NamedTuple):
    """Macs of a network, and images that it is trained on and scored with."""

    macs: float
    num_images: float


# Trainings one after another: each needs the one before.
_Row = tuple[_Training, ...]


def _trainings(rows: Iterable[_Row], times: DeviceTimes) -> float:
    """Seconds of trainings, done as `retrain_all` does them."""
    longest_first = sorted(rows, key=lambda row: -sum(job.macs * job.num_images for job in row))
    seconds = [sum(job.num_images * times.image(job.macs) for job in row) for row in longest_first]
    return makespan(seconds, workers=times.processes, alone=times.alone)


def _round(run: Run, rows: Sequence[_Row], times: DeviceTimes) -> float:
    """Seconds of a round of members' trainings; a row of members in turn has all threads."""
    if run.config.retrain.way.in_turn and len(rows) == 1:
        return times.threaded * _trainings(rows, replace(times, processes=1, alone=1.0))
    return _trainings(rows, times)


def _confirmations(run: Run, jobs: Sequence[_Training]) -> list[list[_Row]]:
    """The finalists' trainings that run side by side, round by round, each of half as many."""
    settings = run.config.search
    going, rounds = settings.finalists, list[list[_Row]]()
    for number in range(settings.finalist_rounds if going else 0):
        if number and going == 1:
            break
        rounds.append([(job,) for job in jobs for _ in range(going)])
        going = -(-going // 2)
    return rounds


def _rounds(
    run: Run, sizes: MemberSizes, jobs: list[_Training], *, beside: list[_Row]
) -> list[list[_Row]]:
    """The trainings that run side by side, one round after the other."""
    how, num = run.config.retrain, len(sizes.searched)
    searched, grown = jobs[:num], jobs[num:]
    alone = [(job,) for job in grown]
    first = [*beside]
    if how.way.in_turn:
        first.append(tuple(searched))
    elif how.way.alone:
        first += [(job,) for job in searched]
    if how.grown in ("scratch", "both"):
        first += alone
    # Warm starts need the largest without its identities, which its slice may keep.
    keeps = run.space.traits.leaves_out and how.way.uses_slices
    if keeps and grown and how.grown != "scratch":
        first.append((searched[-1],))
    if grown and how.grown == "look":
        look = (_look(run, grown[0]),)
        return [[*first, look], [look], [tuple(grown)]]
    return [first, [tuple(grown)] if grown and how.grown != "scratch" else []]


def _look(run: Run, job: _Training) -> _Training:
    """The short training of a grown member, from one of two starts."""
    batch_size = run.config.retrain.recipe.for_images(len(run.data.train)).batch_size
    return _Training(job.macs, look_images(int(job.num_images), batch_size=batch_size))


def _seed(run: Run, *, score: float) -> list[_Row]:
    """The fine-tuning of the network that the run starts from, if there is one.

    It is counted as a member's that trains alone, though it has all threads: it takes less.
    """
    if run.seed is None:
        return []
    job = seed_job(run)
    images = job.recipe.num_images(len(run.data.train))
    return [(_Training(job.macs, images + score),)]


def _starts(run: Run, *, score: float) -> list[_Row]:
    """Both starts where they are tried; from scratch takes as long as from the network."""
    if not tries_starts(run):
        return []
    return [
        (_Training(cost.of(place.seed).macs, place.num_images + score),)
        for place in start_places(run)
        for _ in ("seed", "scratch")
    ]


def _rivals(
    run: Run, sizes: MemberSizes, macs: list[float], *, score: float
) -> tuple[list[_Row], list[_Row]]:
    """The short looks at plain networks, and the rivals that train beside members.

    A rival takes what its member does: the same macs, and the images of all its starts.
    """
    rival, num = run.config.rival, len(sizes.searched)
    if rival == "none":
        return [], []
    num_train = len(run.data.train)
    origins: list[Origin] = ["searched" if i < num else "grown" for i in range(len(macs))]
    images = [
        member_images(run.config, origin, ratio=ratio, num_train=num_train, num_searched=num)
        for origin, ratio in zip(origins, sizes.ratios, strict=True)
    ]
    batch_size = run.config.retrain.recipe.for_images(num_train).batch_size
    short = _Training(macs[0], contest_images(images[0], batch_size=batch_size) + score)
    num_bases = len(run.bases_by_hand)
    num_looks = 0 if run.seed is not None else len(RULES) + (num_bases if num_bases > 1 else 0)
    if not run.searches:  # nothing to hold a network against
        return [(short,)] * (num_bases if num_bases > 1 else 0), []
    if rival == "contest":  # what was found at two budgets, a network by hand at one of them
        return [(short,)] * (num_looks + (3 if len(macs) > 1 else 1)), []
    return [(short,)] * num_looks, [
        (_Training(m, seen + score),) for m, seen in zip(macs, images, strict=True)
    ]
