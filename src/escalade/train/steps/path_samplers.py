"""The paths that a supernet's steps draw: the sampler that settings call for, and its words."""

from __future__ import annotations

from collections.abc import Sequence

from escalade.config.settings import SupernetConfig
from escalade.core.numbers.budget import Budget
from escalade.core.sampling.samplers import Hierarchical, NearBudgets, Uniform, Window
from escalade.core.space.space import Space

AnySampler = Uniform | Hierarchical | NearBudgets


def sampler_by(
    settings: SupernetConfig, space: Space, budgets: Sequence[Budget], *, near_budgets: bool
) -> AnySampler:
    """The sampler of a supernet's training.

    In a space without scaling stages all paths are drawn alike, whatever they cost (BigNAS), unless
    they are to be near the budgets.
    """
    if not space.traits.scales and not near_budgets:
        return Uniform(space)
    window = None
    if settings.window is not None and budgets:
        window = Window(
            targets=tuple(budget.target for budget in budgets),
            kind=budgets[0].kind,
            factor=settings.window,
            balance=settings.balance,
        )
    if not space.traits.scales:
        return Uniform(space) if window is None else NearBudgets(space, window=window)
    if settings.sampler == "uniform":
        return Uniform(space, window=window)
    return Hierarchical(space, weights=settings.weights, window=window)


def sampler_in_words(settings: SupernetConfig, *, scales: bool, near: bool) -> str:
    """What such a sampler draws.

    Args:
        scales: the space has scaling stages.
        near: there are budgets.
    """
    drawn = "all paths alike"
    if scales and settings.sampler == "hierarchical":
        drawn = "hierarchical: a stage, a strategy of it, a base (ScaleNet, equations 1 and 2)"
    if settings.window is None or not near:
        return drawn
    evenly = {"both": "resolutions and depths", "none": ""}.get(
        settings.balance, f"{settings.balance}s"
    )
    even = f", and {evenly} evenly" if evenly else ""
    return f"{drawn}; none farther than {settings.window:g} times from its budget{even}"
