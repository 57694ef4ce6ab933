"""What networks hold on CPU while they are trained or scored, beside a process's own."""

from __future__ import annotations

from collections.abc import Sequence

from escalade.config import Recipe
from escalade.core.network import cost
from escalade.core.network.architecture import Architecture
from escalade.evaluate.score import BATCH_SIZE
from escalade.planning.resolved_run import Run

STATE = 5  # numbers a weight: itself, gradient, momentum, average, and a copy while saving
FLOAT = 4
TRAINING = 3.4  # bytes kept for gradients, against an image's activations in floats
SCORING = 1.5  # bytes alive while scoring, against a network's peak: inputs of parts stay
HOLES = 1.5  # of sizes that change from step to step


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
