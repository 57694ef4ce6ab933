"""What cards and messages say of rivals, by what these are made of."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from escalade.core.network.architecture import Architecture
from escalade.core.space.plain_network import PLAIN
from escalade.family.family import RivalBase
from escalade.family.member_candidates import ByHand
from escalade.family.packaging.card import escape
from escalade.planning.resolved_run import Run
from escalade.planning.seed_training import cost_of
from escalade.search.growing.found import widths_and_depths


@dataclass(frozen=True, slots=True, kw_only=True)
class RivalWords:
    """Words for the rivals of one base.

    Attributes:
        short: in the middle of a sentence.
        story: of one that is kept, of the run and how it was made.
        beside: how one that is not kept was made, of the run, the rule and the network.
    """

    short: str
    story: Callable[[Run, ByHand], str]
    beside: Callable[[Run, str, Architecture], str]


def _plain_story(run: Run, made: ByHand) -> str:
    known = "kernels of 3, one expansion, no squeeze-excitation"
    base = f"plain base of the space {run.space.name} ({known})"
    if made.base != PLAIN:
        base = f"base {made.base} of the space {run.space.name}, made by hand"
    return (
        f"The {base}, scaled by the rule {made.rule} to the budget: nobody searched it. It stands "
        "here because it was ahead of what was found."
    )


def _plain_beside(run: Run, rule: str, network: Architecture) -> str:
    return (
        f"The plain base of the space {run.space.name}, scaled by the rule {rule} to the "
        f"same budget ({widths_and_depths(network)}) and trained for as long"
    )


def _seed_story(run: Run, made: ByHand) -> str:
    return (
        f"{_name(run)}, the network that the run started from, fine-tuned whole and then trained "
        "on at the largest resolution within the budget: nobody searched it. It stands here "
        "because it is better than what was found."
    )


def _seed_beside(run: Run, rule: str, network: Architecture) -> str:
    return (
        f"{_name(run)}, the network that the run started from, fine-tuned whole and trained on "
        f"for as long at {network.resolution} pixels, {_which_side(run, network)}"
    )


def _which_side(run: Run, network: Architecture) -> str:
    """Its own where budgets do not count the resolution, as those of parameters."""
    of, finer = cost_of(run, run.config.budget_kind), 2 * network.resolution
    is_own = of(replace(network, resolution=finer)) == of(network)
    return "its own" if is_own else "the most within the same budget"


def _name(run: Run) -> str:
    return "A pretrained network" if run.seed is None else escape(run.seed.name)


WORDS: dict[RivalBase, RivalWords] = {
    "plain": RivalWords(short="the plain rival", story=_plain_story, beside=_plain_beside),
    "seed": RivalWords(
        short="the fine-tuned network itself", story=_seed_story, beside=_seed_beside
    ),
}
