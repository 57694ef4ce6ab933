"""A look ahead: a run checked and timed, its schedule fitted where hours are given."""

from __future__ import annotations

from escalade.config import Config
from escalade.planning.device_times import time_run
from escalade.planning.hours import fit
from escalade.planning.member_sizes import MemberSizes, sizes_of
from escalade.planning.outlook import FrontCosts, Outlook
from escalade.planning.path_costs import check_budgets, check_feasible, drawn_costs
from escalade.planning.resolved_run import Run
from escalade.planning.run_memory import hold
from escalade.planning.stage_times import stage_times
from escalade.planning.thread_look import with_threads


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
