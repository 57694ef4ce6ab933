"""How a run's pretrained network is fine-tuned, whole, before anything is cut out of it."""

from __future__ import annotations

from dataclasses import replace

from escalade.config import SupernetConfig
from escalade.core.network.architecture import Architecture
from escalade.core.network.cost import CostOf, counted
from escalade.core.numbers.budget import Budget
from escalade.core.space.make_around import largest_side
from escalade.family.trainings.alone import RetrainJob
from escalade.planning.kept_limits import missed_limits
from escalade.planning.resolved_run import Run

NAME = "seed"


def seed_job(run: Run) -> RetrainJob:
    """The fine-tuning of the network for the data, at the resolution of the largest budget.

    It takes the members' epochs at a lower rate.
    """
    named = run.config.seed_network
    assert named is not None
    recipe = run.config.retrain.recipe.for_images(len(run.data.train))
    return RetrainJob(
        name=NAME,
        architecture=replace(network_of(run), resolution=teacher_side(run)),
        recipe=replace(recipe, learning_rate=recipe.learning_rate * named.rate),
        seed=run.config.seed,
        folder=run.folder.training / NAME,
        start=run.folder.seed_network,
    )


def network_of(run: Run) -> Architecture:
    """The pretrained network for the classes and channels of the data."""
    assert run.seed is not None
    return replace(
        run.seed.architecture,
        name=run.seed.name,
        in_channels=run.data.in_channels,
        num_classes=run.data.num_classes,
    )


def teacher_side(run: Run) -> int:
    """The resolution at which the network is fine-tuned.

    That of the largest budget that is searched; without budgets its own, if the space has it.
    """
    network = network_of(run)
    if not run.budgets:
        return min(network.resolution, run.space.largest_side)
    return side_within(run, network, run.budgets[-1]) or network.total_stride


def side_within(
    run: Run, network: Architecture, budget: Budget, *, limited: bool = False
) -> int | None:
    """The largest resolution at which a network has a budget or less; None where none is.

    Where every resolution has less, as of a budget of parameters, it is the network's own.

    Args:
        run: whose costs and limits these are.
        network: at any resolution.
        budget: of which the target counts, without its tolerance.
        limited: it keeps the limits of the search, too.
    """
    of = cost_of(run, budget.kind)

    def fits(at: Architecture) -> bool:
        return of(at) <= budget.target and not (limited and missed_limits(run, at))

    return largest_side(network, fits=fits)


def cost_of(run: Run, kind: str) -> CostOf:
    """What budgets of a kind count."""
    if kind == "latency":
        assert run.space.latency is not None
        return run.space.latency.of
    return counted(kind)


def supernet_settings(run: Run) -> SupernetConfig:
    """How the supernet trains: one that begins as a pretrained network at a lower rate."""
    settings, named = run.config.supernet, run.config.seed_network
    if named is None:
        return settings
    rate = settings.recipe.learning_rate * named.rate
    return replace(settings, recipe=replace(settings.recipe, learning_rate=rate))
