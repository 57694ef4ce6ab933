"""A network trained like a member: by its recipe and for its device time.

Device time is counted in advance, as images times macs, activations and layers, so that equal
settings train equally long on every machine.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from escalade.config import Config
from escalade.core.network import cost
from escalade.core.network.architecture import Architecture
from escalade.family.family import Origin, RivalBase
from escalade.family.member_candidates import Candidate
from escalade.family.trainings.alone import RetrainJob

# What a user would scale a plain base by.
RULES = ("dWr", "dwr", "wr")
# Of a look at several networks: at most so many steps of the member's, and this part of them.
LOOK_STEPS, LOOK_PART = 200, 6
# Of a look at bases and rules, and of a contest, likewise, but of the smallest member's training,
# whatever the budget: what is compared needs a training of some length, and that one costs least.
CONTEST_STEPS, CONTEST_PART = 800, 4
# What training takes beside macs, as macs an image: of an activation (it is read, normalised and
# written; Fast and Accurate Model Scaling, section 4) and of a layer (calls). Fitted to small
# networks on one CPU thread (benchmarks/layer_time.py).
ACTIVATION_MACS, LAYER_MACS = 60, 80_000


@dataclass(frozen=True, slots=True, kw_only=True)
class RivalTraining:
    """The training of a member's rival: what it is made of, the rule that made it, and how."""

    base: RivalBase
    rule: str
    job: RetrainJob


def member_images(
    config: Config, origin: Origin, *, ratio: float, num_train: int, num_searched: int
) -> int:
    """Images that a member's training sees, all its starts together.

    A slice that is not trained after the search has its share of the supernet's training.

    Args:
        ratio: of its budget to the smallest member's.
        num_searched: members that share the supernet's training.
    """
    retrain = config.retrain
    images = retrain.recipe_alone(num_train, ratio=ratio).num_images(num_train)
    if origin == "grown":
        return images * (2 if retrain.grown == "both" else 1)
    if retrain.way.together:
        return retrain.recipe_together(num_train).num_images(num_train)
    if not retrain.way.alone:
        return config.supernet.recipe.num_images(num_train) // num_searched
    return images


def work_of_image(architecture: Architecture) -> float:
    """What a network's training takes for an image, as macs."""
    counts, num_layers = cost.of(architecture), len(cost.layers(architecture))
    return counts.macs + ACTIVATION_MACS * counts.activations + LAYER_MACS * num_layers


def member_work(
    config: Config, member: Candidate, everyone: Sequence[Candidate], *, num_train: int
) -> float:
    """What a member's training takes, over all its images."""
    images = member_images(
        config,
        member.origin,
        ratio=member.budget / everyone[0].budget,
        num_train=num_train,
        num_searched=sum(each.origin == "searched" for each in everyone),
    )
    return images * work_of_image(trained(config, member))


def trained(config: Config, member: Candidate) -> Architecture:
    """The network that a member trains as: its slice, or itself."""
    return member.running if config.retrain.way.uses_slices else member.architecture


def look_images(images: int, *, batch_size: int) -> int:
    """Images of each training of a short look, where a member's sees so many."""
    return min(images // LOOK_PART, LOOK_STEPS * batch_size)


def contest_images(images: int, *, batch_size: int) -> int:
    """Images of the smallest member that a training of a contest is worth, where its own sees so
    many."""
    return min(images // CONTEST_PART, CONTEST_STEPS * batch_size)


def trained_like_member(
    architecture: Architecture,
    *,
    name: str,
    work: float,
    config: Config,
    num_train: int,
    folder: Path,
    start: Path | None = None,
) -> RetrainJob:
    """The training of a network for so much work, by the members' recipe.

    From weights the rate is that of members that have some.

    Args:
        architecture: for the data at hand.
        start: a package that it starts from; None is from scratch.
    """
    retrain = config.retrain
    alone = retrain.recipe_alone if start is None else retrain.recipe_from_weights
    recipe = alone(num_train)
    steps = round(work / work_of_image(architecture) / recipe.batch_size)
    return RetrainJob(
        name=name,
        architecture=architecture,
        recipe=replace(recipe, epochs=None, steps=max(1, steps)),
        seed=config.seed,
        folder=folder,
        start=start,
    )
