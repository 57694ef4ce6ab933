"""How many threads train: all, or one where a short look says that more are hardly faster.

Threads wait for each other at every operation, so that one that shares its core with another
process holds up all: beside a busy neighbour two threads are slower than one. The look is taken
before the first stage and its answer is kept in config.yaml: threads decide the last bits, so they
never change within a training. Processes of one thread with averaged gradients wait once a step
instead, but they would divide every batch's statistics, and train other networks than one process.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from escalade.core.network.architecture import Architecture
from escalade.nets.build import build
from escalade.planning.examples import near_budgets
from escalade.planning.member_sizes import sizes_of
from escalade.planning.resolved_run import Run
from escalade.train import prepare
from escalade.train.runtime import Runtime, limit_threads
from escalade.train.step_rehearsal import rehearse
from escalade.train.steps import PlainStep

SECONDS, TURNS = 0.6, 2  # of timed steps a turn; turns of each number of threads
# What all threads must be worth: a neighbour that comes later costs them more than half.
CLEARLY = 1.15


def with_threads(run: Run) -> Run:
    """The run with its threads stated, by a look where nobody said how many."""
    return run.with_config(replace(run.config, threads=_threads(run)))


def _threads(run: Run) -> int | None:
    most, runtime = run.runtime.threads, run.runtime
    said = run.config.threads
    if said or most is None or most == 1 or runtime.world_size > 1:
        return said or most
    if not run.space.traits.has_supernet:  # all trainings have one thread each
        return most
    middle = near_budgets(run, sizes_of(run))
    seconds = _look(run, middle[len(middle) // 2].architecture, (most, 1))
    gain = seconds[1] / seconds[most]
    if gain >= CLEARLY:
        return most
    runtime.use_threads(1)
    run.console.say(
        f"threads: trains with 1 of {most}, which together are {gain:.2f} times as fast here now; "
        f"--set threads={most} takes them all"
    )
    return 1


def _look(run: Run, network: Architecture, counts: tuple[int, ...]) -> dict[int, float]:
    """Median seconds of a network's training steps with so many threads, in turns."""
    recipe = run.config.supernet.recipe.for_images(len(run.data.train))
    found: dict[int, list[float]] = {num: [] for num in counts}
    for num in counts * TURNS:
        with limit_threads(num):
            runtime = Runtime(device="cpu", precision=run.config.precision, is_alone=True)
            with runtime.private_randomness():
                made = build(network)
            found[num] += rehearse(
                PlainStep(
                    made,
                    resolution=network.resolution,
                    objective=prepare.objective(recipe, run.data, runtime=runtime),
                ),
                network=made,
                batches=prepare.training_batches(recipe, run.data, seed=0, runtime=runtime),
                recipe=recipe,
                runtime=runtime,
                seconds=SECONDS,
            )
    return {num: float(np.median(each)) for num, each in found.items()}
