"""Settings with everything that follows from the space where nothing is said."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

from escalade.config import Config, RetrainConfig, SearchConfig, SupernetConfig
from escalade.core.space.space import Space
from escalade.core.space.traits import Traits
from escalade.core.values.invalid import Invalid
from escalade.search.methods import UNSEARCHED, Method, method_of
from escalade.train.steps import step_name

# Hours from which on a run searches: below, what was found was never ahead of networks by hand that
# had the time (docs/studies/worth.md).
SEARCHES_FROM = 1.0


def complete(config: Config, space: Space) -> tuple[Config, Method]:
    """The settings, complete, and the search that they are for. Complete ones stay as they are.

    Raises:
        Invalid: for settings that do not suit the space, or the search.
    """
    traits, search = space.traits, config.search
    method = _method(config, space)
    has_budgets = bool(config.budgets)
    stated = method.stated(search, kind=config.budget_kind, has_budgets=has_budgets)
    method.check(stated, has_budgets=has_budgets)
    retrain = replace(
        config.retrain,
        searched=config.retrain.searched or _member_weights(traits, method),
        finetune_rate=_finetune_rate(config),
    )
    retrain = replace(retrain, grown=retrain.grown or ("warm" if retrain.way.in_turn else "look"))
    supernet = config.supernet
    step = step_name(supernet.step, traits, has_teacher=config.seed_network is not None)
    if traits.has_supernet:
        supernet = replace(
            supernet,
            step=step,
            identity=supernet.identity or space.layout.identity,
            window=_window(supernet, is_front=method.is_front, scales=traits.scales),
        )
    else:
        retrain = replace(retrain, searched="retrain", grown="scratch")
    return replace(
        config,
        space=config.space or space.name,
        search=stated,
        supernet=supernet,
        retrain=retrain,
        rival=_rival(config, retrain, method),
    ), method


def _method(config: Config, space: Space) -> Method:
    """The search that is named, or that suits the space and the time."""
    traits = space.traits
    if traits.has_supernet and is_too_short(config):
        return UNSEARCHED
    return method_of(
        config.search.method if traits.has_supernet else None, traits, space=space.name
    )


def is_too_short(config: Config) -> bool:
    """Whether a run has no time for a search, and nothing said asks for one."""
    return (
        config.hours is not None
        and config.hours < SEARCHES_FROM
        and config.space is None
        and config.seed_network is None
        and bool(config.budgets)
        and not config.limits
        and config.rival in ("auto", "contest")
        and config.search == SearchConfig()
        and config.supernet == SupernetConfig()
        and not (config.retrain.searched and config.retrain.way.uses_slices)
        and not config.follows_law
    )


def _member_weights(traits: Traits, method: Method) -> str:
    return traits.member_weights if method.needs_supernet else "in_turn"


def _rival(
    config: Config, retrain: RetrainConfig, method: Method
) -> Literal["contest", "beside", "none"]:
    """A contest is between networks that are both trained from scratch."""
    is_alone = config.seed_network is None and not retrain.way.uses_slices
    if method is UNSEARCHED and not (is_alone and config.rival in ("auto", "contest")):
        raise Invalid(
            "makes members by hand and from scratch, which rival, retrain.searched or --from "
            "leave no room for",
            path=("search", "method"),
            remedy="use rival: contest and retrain.searched: in_turn without --from, or search",
        )
    if config.rival == "auto":
        return "contest" if is_alone else "beside"
    if config.rival == "contest" and not is_alone:
        raise Invalid(
            "a contest is between networks that are trained from scratch, but members begin with "
            + ("the supernet's weights" if config.seed_network is None else "pretrained weights"),
            path=("rival",),
            remedy="use beside, or none"
            + ("; or retrain.searched: in_turn" if config.seed_network is None else ""),
        )
    return config.rival


def _finetune_rate(config: Config) -> float:
    """Weights that began as a pretrained network's go on at its rate."""
    rate = config.retrain.finetune_rate
    if config.seed_network is None or rate != RetrainConfig().finetune_rate:
        return rate
    return config.seed_network.rate


def told(space: Space, method: Method) -> str:
    """What completing changes of what was said, for people; empty if nothing."""
    if method.needs_supernet:
        return ""
    if space.traits.has_supernet:
        return (
            f"nothing is searched: members are networks by hand, which have all of the time; "
            f"--hours {SEARCHES_FROM:g} or more, or --space {space.name}, searches"
        )
    return (
        f"the space {space.name} has no supernet: networks are drawn at random and trained alone "
        "(search.num_models of them), members from scratch (retrain.searched: retrain, "
        "retrain.grown: scratch)"
    )


def _window(supernet: SupernetConfig, *, is_front: bool, scales: bool) -> float | None:
    """Around budgets; members of a front may have any size."""
    if not (is_front and scales):
        return supernet.window
    if supernet.window not in (None, SupernetConfig().window):
        raise Invalid(
            f"{supernet.window:g} is around budgets, but the members of a front "
            "(search.method: nsga2) may have any size",
            path=("supernet", "window"),
            remedy="leave it out",
        )
    return None
