"""A training run for the clock only: how long its steps take here."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from itertools import pairwise

from torch import Tensor, nn

from escalade.config.recipe import Recipe
from escalade.train.interrupt import Interrupted
from escalade.train.loop import Batches, train
from escalade.train.runtime import Runtime
from escalade.train.step import Batch, Step

# Longer than anybody waits, and a rate that leaves the weights where they are.
NUM_STEPS, LEARNING_RATE = 1_000_000, 1e-6
# The first step compiles kernels and fills caches; with the next two, a median means something.
FEWEST = 2


def rehearse(
    step: Step,
    *,
    network: nn.Module,
    batches: Batches,
    recipe: Recipe,
    runtime: Runtime,
    seconds: float,
    fewest: int = FEWEST,
    clock: Callable[[], float] | None = None,
) -> list[float]:
    """Seconds of a training's steps after the first: batch, gradients and update.

    Args:
        step: as for `train`, and so are the next four.
        network: its weights hardly change.
        runtime: of this process alone; other ranks are not waited for.
        seconds: how long to go on.
        fewest: steps that are timed however long they take.
        clock: that times them; None leaves out what other processes take of the core, so that a
            plan is the same on a busy machine (`Runtime.own_clock`).
    """
    watch = _Watch(step, clock or runtime.own_clock)
    with suppress(Interrupted):
        train(
            watch,
            network=network,
            batches=batches,
            recipe=replace(recipe, steps=NUM_STEPS, epochs=None, learning_rate=LEARNING_RATE),
            num_steps=NUM_STEPS,
            runtime=runtime,
            seed=0,
            name="rehearsal",
            should_stop=lambda: watch.has(seconds, fewest),
        )
    return watch.durations


class _Watch:
    """A step that notes when it begins; from one beginning to the next is a whole step."""

    def __init__(self, step: Step, clock: Callable[[], float]) -> None:
        self._step = step
        self._clock = clock
        self._times: list[float] = []
        self.durations: list[float] = []

    def __call__(self, batch: Batch) -> Tensor:
        self._times.append(self._clock())
        return self._step(batch)

    def has(self, seconds: float, fewest: int) -> bool:
        """Whether so much was timed; asked at the end of a step."""
        times = [*self._times, self._clock()]
        self.durations = [after - before for before, after in pairwise(times)][1:]
        return len(self.durations) >= fewest and sum(self.durations) >= seconds
