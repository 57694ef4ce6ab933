from __future__ import annotations

import torch
from tiny_training import make_split, plain_network
from torch import Tensor

from escalade.config.recipe import Recipe
from escalade.data.batching.batches import Augmentation, TrainBatches
from escalade.train.runtime import Runtime
from escalade.train.step import Batch, PlainStep, TrainingObjective
from escalade.train.step_rehearsal import rehearse

RECIPE = Recipe(epochs=3, batch_size=16)


class Clock(Runtime):
    """A runtime whose clock the test sets."""

    now = 0.0

    def own_clock(self) -> float:
        return self.now


class Slow:
    """A step whose time is known: the first takes 100 s, the n-th after it n."""

    def __init__(self, runtime: Clock, network: torch.nn.Module) -> None:
        objective = TrainingObjective(
            mean=(0.5,), std=(0.25,), label_smoothing=0.1, autocast=runtime.autocast
        )
        self.step = PlainStep(network, resolution=8, objective=objective)
        self.runtime = runtime

    def __call__(self, batch: Batch) -> Tensor:
        self.runtime.now += batch.step or 100
        return self.step(batch)


def rehearsed(seconds: float, fewest: int = 2) -> tuple[list[float], float]:
    """Durations, and how far the weights moved."""
    torch.manual_seed(0)
    runtime, network = Clock(device="cpu"), plain_network()
    before = [p.detach().clone() for p in network.parameters()]
    durations = rehearse(
        Slow(runtime, network),
        network=network,
        batches=TrainBatches(make_split(), batch_size=16, seed=0, augmentation=Augmentation()),
        recipe=RECIPE,
        runtime=runtime,
        seconds=seconds,
        fewest=fewest,
    )
    moved = [(p - q).abs().max() for p, q in zip(network.parameters(), before, strict=True)]
    return durations, float(torch.stack(moved).detach().max())


def test_steps_after_the_first_are_timed_until_the_time_is_over() -> None:
    assert rehearsed(9.0)[0] == [1, 2, 3, 4]
    assert rehearsed(0.5)[0] == [1, 2]
    assert rehearsed(0.5, fewest=3)[0] == [1, 2, 3]


def test_the_weights_stay_where_they_are() -> None:
    assert rehearsed(9.0)[1] < 1e-4
