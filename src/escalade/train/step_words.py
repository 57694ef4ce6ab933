"""How a supernet trains, in sentences: its step, its sampler, its identities."""

from __future__ import annotations

from collections.abc import Iterator

from escalade.config.settings import SupernetConfig
from escalade.core.numbers.budget import Budget
from escalade.core.space.traits import Traits
from escalade.train.supernet_step import TAUGHT

_OPENING = {
    "at_once": "",
    "in_turn": "; resolutions and hidden widths from the first step, then, all else whole until "
    "its turn, kernels, depths and the widths of stages",
}
_IDENTITIES = {
    "let": "linear 1x1 convolutions, the linearly equivalent transformations of SCARLET's Fig. 2",
    "let_relu": "1x1 convolutions with a ReLU (SCARLET, Fig. 2)",
    "plain": "bare: they hand on what they get, or max pooling of it",
}


def training_in_words(
    settings: SupernetConfig, traits: Traits, *, budgets: tuple[Budget, ...] = ()
) -> Iterator[tuple[str, str]]:
    """What was done, and how, as pairs of a name and a sentence.

    Args:
        settings: with their step stated.
        budgets: that paths are drawn around.
    """
    yield "Training step", _step(settings)
    if traits.scales or settings.step == TAUGHT:
        yield "Sampler", _sampler(settings, scales=traits.scales, near=bool(budgets))
    elif settings.step != "fair":
        yield "Sampler", "every choice of every layer alike, whatever the path costs"
    if settings.coupled:
        yield "Coupling", "left and right channels in turns (coupled channels, as in BCNet)"
    if settings.zero_residual:
        yield "Initialisation", "the last scale of every residual branch is 0 (BigNAS, section 3.1)"
    if settings.identity is not None:
        yield "Identities", _IDENTITIES[settings.identity]


def _step(settings: SupernetConfig) -> str:
    if settings.step == "sandwich":
        return _sandwich(settings)
    if settings.step == TAUGHT:
        return (
            f"{settings.num_random} random paths near the budgets a step, which learn from the "
            "pretrained network" + _OPENING[settings.opening]
        )
    if settings.step == "fair":
        return (
            "strictly fair (FairNAS, which SCARLET follows): every choice of every layer once a "
            "step, gradients summed over as many paths"
        )
    return "single paths: one that is drawn, a step (ScaleNet, section 3.2)"


def _sandwich(settings: SupernetConfig) -> str:
    """BigNAS, section 3.1."""
    taught = "the labels teach all"
    if settings.distillation:
        taught = "the others learn the largest one's predictions (in-place distillation)"
    whom = "the largest alone" if settings.regularise == "largest" else "all"
    return (
        f"sandwich rule (BigNAS, section 3.1): the largest, the smallest and {settings.num_random} "
        f"random paths a step; {taught}; dropout and weight decay on {whom}; {settings.patches} "
        "patches"
    )


def _sampler(settings: SupernetConfig, *, scales: bool, near: bool) -> str:
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
