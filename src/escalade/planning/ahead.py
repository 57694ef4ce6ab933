"""A look ahead: a run checked and timed, its schedule fitted where hours are given."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from escalade.config import Config
from escalade.core.network.architecture import Architecture
from escalade.nets.build import build
from escalade.planning.device_times import time_run
from escalade.planning.examples import near_budgets
from escalade.planning.hours import fit
from escalade.planning.member_sizes import MemberSizes, sizes_of
from escalade.planning.outlook import FrontCosts, Outlook
from escalade.planning.path_costs import check_budgets, check_feasible, drawn_costs
from escalade.planning.resolved_run import Run
from escalade.planning.run_memory import hold
from escalade.planning.stage_times import stage_times
from escalade.train import prepare
from escalade.train.runtime import Runtime, limit_threads
from escalade.train.step import PlainStep
from escalade.train.step_rehearsal import rehearse

SECONDS, TURNS = 0.6, 2  # of timed steps a turn; turns of each number of threads
# What all threads must be worth: a neighbour that comes later costs them more than half.
CLEARLY = 1.15


def settle(run: Run) -> Run:
    """Fix what this machine decides: threads, and how the run keeps to its memory.

    Raises:
        Invalid: for anything a run could not do, with what would work.
    """
    check_feasible(run)
    hold(run, limit=run.config.memory)
    return with_threads(run)


def look_ahead(run: Run) -> Outlook:
    """What a settled run would do and take; nothing is trained but for the clock.

    Raises:
        Invalid: for anything a run could not do, with what would work.
    """
    given, sizes = run.config, sizes_of(run)
    times = time_run(run, sizes)
    if given.hours is not None and not given.fitted:
        run = fit(run, sizes, times)
    return Outlook(
        run=run,
        given=given,
        sizes=sizes,
        stages=check_budgets(run),
        front=_front(run, given, sizes),
        histogram=drawn_costs(run),
        seconds=stage_times(run, sizes, times),
        times=times,
    )


def _front(run: Run, config: Config, sizes: MemberSizes) -> FrontCosts | None:
    """What paths cost within the limits, where nobody gives budgets."""
    within = run.method.within_limits(run.task)
    if within is None:
        return None
    costs, share = within
    return FrontCosts(
        members=len(sizes.searched),
        objectives=config.search.objectives or (),
        constraints=config.search.constraints,
        min=costs.min().item(),
        max=costs.max().item(),
        mean=float(costs.mean()),
        share=share,
    )


def with_threads(run: Run) -> Run:
    """The run with its threads stated, by a look where nobody said how many.

    Threads wait for each other at every operation, so that one that shares its core with another
    process holds up all: beside a busy neighbour two threads are slower than one. The look is taken
    before the first stage and its answer is kept in config.yaml: threads decide the last bits, so
    they never change within a training. Processes of one thread with averaged gradients wait once a
    step instead, but they would divide every batch's statistics, and train other networks.
    """
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
                clock=runtime.clock,  # neighbours are what is asked about
            )
    return {num: float(np.median(each)) for num, each in found.items()}
