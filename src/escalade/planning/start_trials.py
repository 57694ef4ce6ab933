"""Where a run from a pretrained network tries both starts: at which budgets, and for how long."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from escalade.core.network.architecture import Architecture
from escalade.core.numbers.budget import Budget
from escalade.family.trainings.equal_time import look_images, member_images, work_of_image
from escalade.planning.resolved_run import Run
from escalade.planning.seed_training import network_of, side_within


@dataclass(frozen=True, slots=True, kw_only=True)
class StartPlace:
    """A budget at which both starts are tried.

    Attributes:
        at: its place in the ladder, from 0.
        seed: the pretrained network at the largest resolution within it.
        num_images: that its training sees.
    """

    at: int
    budget: Budget
    seed: Architecture
    num_images: int

    @property
    def work(self) -> float:
        """What each of the two trainings takes, as `work_of_image` counts it."""
        return self.num_images * work_of_image(self.seed)


def why_untried(run: Run) -> str:
    """Why a run from a network has no start from scratch to try; empty where it has one."""
    if not run.budgets:
        return "there is no budget to try both at"
    if run.needs_latency:
        return "the latency of other networks is not measured here"
    if not start_places(run):
        limits = " and limits" if run.config.limits else ""
        return f"its strides allow no resolution within the budgets{limits} that are tried"
    return ""


def tries_starts(run: Run) -> bool:
    """Whether a run tries both starts before it trains a supernet."""
    named = run.config.seed_network
    return named is not None and named.scratch != "none" and not why_untried(run)


def start_places(run: Run) -> Sequence[StartPlace]:
    """The smallest budget and the middle one, where the network keeps them and all limits."""
    network = network_of(run)
    found = []
    for at in sorted({0, len(run.budgets) // 2} if run.budgets else ()):
        budget = run.budgets[at]
        side = side_within(run, network, budget, limited=True)
        if side is not None:
            at_side = replace(network, resolution=side)
            num_images = _num_images(run, budget)
            found.append(StartPlace(at=at, budget=budget, seed=at_side, num_images=num_images))
    return found


def _num_images(run: Run, budget: Budget) -> int:
    """Of a short look, where a member of that budget sees more."""
    num_train = len(run.data.train)
    images = member_images(
        run.config,
        "searched",
        ratio=budget.target / run.budgets[0].target,
        num_train=num_train,
        num_searched=len(run.budgets),
    )
    batch_size = run.config.retrain.recipe.for_images(num_train).batch_size
    return look_images(images, batch_size=batch_size)
