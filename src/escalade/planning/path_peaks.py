"""The most that a run's paths take: activations, memory, and the side of their images."""

from __future__ import annotations

from dataclasses import dataclass, replace

from escalade.core.network import cost
from escalade.core.numbers.seeds import generator
from escalade.planning.resolved_run import Run
from escalade.train.supernet_step import path_sampler

NUM_PATHS = 20_000


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
