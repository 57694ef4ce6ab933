"""One rank of trainings, one after the other; started by test_ranks.py.

Argument: a folder for the weights and checkpoints of each.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import torch
from tiny_training import Training
from torch import distributed

from escalade.config.recipe import Recipe
from escalade.train.runtime import Runtime

RECIPE = Recipe(
    steps=6, batch_size=8, learning_rate=0.05, batch_norm_groups=2, mixup=1.0, averaging=0.5
)


RECIPES = {
    "single": RECIPE,
    "sandwich": replace(RECIPE, drop_rate=0.2, optimizer="rmsprop"),
    "fair": RECIPE,
}


def make_training(kind: str) -> Training:
    return Training(recipe=RECIPES[kind], sandwich=kind == "sandwich", fair=kind == "fair")


def main(folder: str) -> None:
    torch.set_num_threads(1)
    for kind in RECIPES:
        train(kind, Path(folder))
    if distributed.is_initialized():
        distributed.destroy_process_group()


def train(kind: str, folder: Path) -> None:
    training = make_training(kind)
    runtime: Runtime = training.runtime
    if runtime.rank == 1:  # ranks begin with rank 0's weights
        for parameter in training.network.parameters():
            parameter.data.zero_()
    training.run(checkpoint=folder / f"{kind}.pt")
    gathered = runtime.gather([runtime.rank, runtime.any(runtime.rank == 1)])
    assert gathered == [[rank, runtime.world_size > 1] for rank in range(runtime.world_size)]
    assert runtime.broadcast(runtime.rank) == 0
    runtime.barrier()
    torch.save(training.state(), folder / f"{kind}.{runtime.rank}")


if __name__ == "__main__":
    main(*sys.argv[1:])
