"""One rank of trainings, one after the other; started by test_ranks.py.

Argument: a folder for the weights and checkpoints of each.
"""

from __future__ import annotations

import os
import sys
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from pathlib import Path
from unittest.mock import patch

import torch
from tiny_training import Training, assert_equal
from torch import Tensor, distributed

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


# What so many ranks train.
KINDS = {2: tuple(RECIPES), 4: ("sandwich",)}


def small_buckets() -> AbstractContextManager[object]:
    return patch("escalade.train.reduction.BUCKET_BYTES", 256)


def make_training(kind: str, *, groups: int = 2) -> Training:
    recipe = replace(RECIPES[kind], batch_norm_groups=groups)
    return Training(recipe=recipe, sandwich=kind == "sandwich", fair=kind == "fair")


def main(folder: str) -> None:
    torch.set_num_threads(1)
    for kind in KINDS[int(os.environ["WORLD_SIZE"])]:
        with small_buckets():
            first = train(kind, Path(folder))
        # Two numbers add up to the same in any order; the sum of more follows their places.
        with nullcontext() if os.environ["WORLD_SIZE"] == "2" else small_buckets():
            assert_equal(train(kind, Path(folder) / "again"), first)
    if distributed.is_initialized():
        distributed.destroy_process_group()


def train(kind: str, folder: Path) -> dict[str, Tensor]:
    training = make_training(kind, groups=int(os.environ["WORLD_SIZE"]))
    runtime: Runtime = training.runtime
    if runtime.is_main:
        folder.mkdir(exist_ok=True)
    if runtime.rank == 1:  # ranks begin with rank 0's weights
        for parameter in training.network.parameters():
            parameter.data.zero_()
    training.run(checkpoint=folder / f"{kind}.pt")
    gathered = runtime.gather([runtime.rank, runtime.any(runtime.rank == 1)])
    assert gathered == [[rank, runtime.world_size > 1] for rank in range(runtime.world_size)]
    assert runtime.broadcast(runtime.rank) == 0
    runtime.barrier()
    torch.save(training.state(), folder / f"{kind}.{runtime.rank}")
    return training.state()


if __name__ == "__main__":
    main(*sys.argv[1:])
