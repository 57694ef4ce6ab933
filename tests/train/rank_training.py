"""One rank of a training; started by test_ranks.py.

Arguments: a file for the weights, one of a checkpoint, the step (single, sandwich or fair).
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


def main(out: str, checkpoint: str, kind: str) -> None:
    torch.set_num_threads(1)
    training = make_training(kind)
    runtime: Runtime = training.runtime
    if runtime.rank == 1:  # ranks begin with rank 0's weights
        for parameter in training.network.parameters():
            parameter.data.zero_()
    training.run(checkpoint=Path(checkpoint))
    gathered = runtime.gather([runtime.rank, runtime.any(runtime.rank == 1)])
    assert gathered == [[rank, runtime.world_size > 1] for rank in range(runtime.world_size)]
    assert runtime.broadcast(runtime.rank) == 0
    runtime.barrier()
    torch.save(training.state(), f"{out}.{runtime.rank}")
    if distributed.is_initialized():
        distributed.destroy_process_group()


if __name__ == "__main__":
    main(*sys.argv[1:])
