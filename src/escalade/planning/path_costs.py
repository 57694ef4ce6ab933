"""Whether a run can begin: what paths cost against its budgets, and what fine-tuning holds."""

from __future__ import annotations

import os
from dataclasses import dataclass

from escalade.core.network import cost
from escalade.core.numbers.budget import Budget
from escalade.core.numbers.seeds import generator
from escalade.core.numbers.shown import amount, memory
from escalade.core.space.path import Population
from escalade.core.space.space_summary import Costs, candidate_paths, histogram
from escalade.core.values.invalid import Invalid
from escalade.planning.resolved_run import Run
from escalade.planning.seed_training import seed_job
from escalade.search.problem import BoolArray
from escalade.train import control_groups
from escalade.train.steps import path_sampler, settings_used

NUM_PATHS = 20_000
# Bytes of a parameter in training: weight, gradient, momentum, and the supernet's copy of it; and
# of an activation: what a convolution, its norm and what follows keep for the way back.
PARAMETER, ACTIVATION = 4 * 4, 3 * 4


@dataclass(frozen=True, slots=True, kw_only=True)
class StageReach:
    """What the paths of a scaling stage cost, and the share of them that meets its budget."""

    stage: int
    budget: float
    min: float
    max: float
    mean: float
    share: float


def check_feasible(run: Run) -> None:
    """A look at everything that a run needs, before it begins.

    Raises:
        Invalid: if the data, the space, a budget or a setting cannot be used.
    """
    check_memory(run)
    check_budgets(run)
    if run.has_supernet:
        settings_used.check(run.supernet_task)
    run.method.check_feasible(run.task, num_images=len(run.data.search))


def check_budgets(run: Run) -> tuple[StageReach, ...]:
    """What the paths of each scaling stage cost against its budget; nothing without budgets.

    Raises:
        Invalid: for a budget outside what the stage's paths reach, with the feasible range.
    """
    if not run.space.traits.has_supernet:
        first = run.budgets[0]
        drawn = _genomes(run)
        costs = run.space.costs(drawn, first.kind)
        return (_costs(first, 0, costs, run.space.allowed(drawn)),)
    follows, rows = run.method.follows_stages(run.space.traits), []
    for stage, budget in enumerate(run.budgets):
        at = stage if follows else 0
        paths = candidate_paths(run.space, generator(0, "feasible", stage), at, num=NUM_PATHS)
        row = _costs(budget, stage, run.space.costs(paths, budget.kind), run.space.allowed(paths))
        if not row.min <= budget.target <= row.max:
            raise _outside(run, row, budget, at)
        rows.append(row)
    return tuple(rows)


def drawn_costs(run: Run) -> dict[str, list[float] | list[int]]:
    """The histogram of what is trained on."""
    if not run.space.traits.has_supernet:
        return histogram(_drawn(run))
    sampler = path_sampler(run.config.supernet, run.space, run.budgets)
    drawn = sampler.draw(generator(run.config.seed, "plan"), NUM_PATHS)
    return histogram(run.space.costs(drawn, run.config.budget_kind))


def _drawn(run: Run) -> Costs:
    """Costs of networks that are trained alone, as the space draws them."""
    return run.space.costs(_genomes(run), run.config.budget_kind)


def _genomes(run: Run) -> Population:
    genomes = run.space.sample_genomes(generator(run.config.seed, "plan"), NUM_PATHS)
    return Population.unscaled(genomes)


def _costs(budget: Budget, stage: int, costs: Costs, allowed: BoolArray) -> StageReach:
    return StageReach(
        stage=stage,
        budget=budget.target,
        min=costs.min().item(),
        max=costs.max().item(),
        mean=float(costs.mean()),
        share=float(((costs >= budget.low) & (costs <= budget.high) & allowed).mean()),
    )


def _outside(run: Run, row: StageReach, budget: Budget, at: int) -> Invalid:
    kind = budget.kind
    way = "raise" if budget.target < row.min else "lower"
    where = f"the ratios of scaling stage {at}" if at else "the widths and resolutions"
    others = f"name another --space, or change {where} in your own"
    if run.seed is not None:
        others = "or begin with another network"
    return Invalid(
        f"{amount(budget.target, kind)} {kind} at stage {row.stage} is outside what the "
        f"space {run.space.name} reaches there, {amount(row.min, kind)} to "
        f"{amount(row.max, kind)}",
        path=("budgets",),
        remedy=f"\n{way} the budget, {others}",
    )


def check_memory(run: Run) -> None:
    """Whether the fine-tuning of the network fits; nothing where the run starts from none.

    Raises:
        Invalid: if it does not, with what it takes.
    """
    if run.seed is None or run.runtime.on_cuda:
        return
    job, has = seed_job(run), _memory()
    counts, batch = cost.of(job.architecture), job.recipe.batch_size
    takes = counts.params * PARAMETER + counts.activations * batch * ACTIVATION
    if takes > has:
        raise Invalid(
            f"{run.seed.name} takes about {memory(takes)} to fine-tune, {batch} images at a time "
            f"at {job.architecture.resolution} pixels, and this machine has {memory(has)}",
            path=("seed_network",),
            remedy="begin with a smaller network, lower the largest budget, or use a smaller "
            "retrain.recipe.batch_size",
        )


def _memory() -> int:
    """Bytes of this machine or container; where it does not tell, more than anybody has."""
    allowed = control_groups.memory_limit() or 1 << 62
    try:
        return min(allowed, os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))
    except (AttributeError, ValueError, OSError):
        return allowed
