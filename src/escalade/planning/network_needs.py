"""What networks and paths hold on CPU while they are trained or scored."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from escalade.config import Recipe
from escalade.core.network import cost
from escalade.core.network.architecture import Architecture
from escalade.core.numbers.seeds import generator
from escalade.evaluate.score import BATCH_SIZE
from escalade.planning.resolved_run import Run
from escalade.train.steps import path_sampler

STATE = 5  # numbers a weight: itself, gradient, momentum, average, and a copy while saving
FLOAT = 4
TRAINING = 3.4  # bytes kept for gradients, against an image's activations in floats
SCORING = 1.5  # bytes alive while scoring, against a network's peak: inputs of parts stay
HOLES = 1.5  # of sizes that change from step to step
NUM_PATHS = 20_000


def trained(run: Run, networks: Sequence[Architecture]) -> int:
    """Bytes to train the largest of some networks, one after the other, as members are."""
    counts = [cost.of(each) for each in networks]
    per_step = images_at_once(run, run.config.retrain.recipe)
    most = max(each.activations for each in counts)
    weights = max(each.params for each in counts)
    return round(FLOAT * (STATE * weights + TRAINING * per_step * most))


def scored(memory: int) -> int:
    """Bytes to score networks of a peak of so many bytes an image, one after the other."""
    return round(HOLES * SCORING * BATCH_SIZE * memory)


def images_at_once(run: Run, recipe: Recipe) -> int:
    """Images whose graph is in memory at once, in a process."""
    recipe = recipe.for_images(len(run.data.train))
    return recipe.batch_size // (recipe.batch_norm_groups or run.runtime.world_size)


@dataclass(frozen=True, slots=True, kw_only=True)
class PathPeaks:
    """Each of another path: activations in numbers, memory in bytes, and the images' side."""

    activations: int
    memory: int
    side: int


def path_peaks(run: Run) -> PathPeaks:
    """Of some paths, drawn as in training, and of the largest where steps run it."""
    space = run.space.training
    sampler = path_sampler(run.config.supernet, space, run.budgets)
    drawn = sampler.draw(generator(0, "memory"), NUM_PATHS)
    found = PathPeaks(
        activations=int(space.costs(drawn, "activations").max()),
        memory=int(space.costs(drawn, "memory").max()),
        side=int(space.sides(drawn).max()),
    )
    if space.num_stages > 1 or not space.traits.shares:
        return found
    largest = cost.of(space.path(space.largest, space.base_triple).running)  # a sandwich's
    return replace(
        found,
        activations=max(found.activations, largest.activations),
        memory=max(found.memory, largest.memory),
    )
