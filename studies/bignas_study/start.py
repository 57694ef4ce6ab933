"""What the other paths do to the largest one at the start of a training: its loss, step by step.

With gamma 1 and a constant rate after the warm-up, so that only the paths and what they learn from
differ.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from bignas_study.plan import Plan, Work
from bignas_study.setting import DEFAULT_RATE, NUM_RANDOM, Training
from bignas_study.supernets import space_of
from common.files import read
from common.supernets import objective_of
from escalade.artefacts.files import write_json
from escalade.config.recipe import Recipe
from escalade.core.numbers.seeds import torch_seed
from escalade.core.sampling.samplers import Uniform
from escalade.core.sampling.sandwich_paths import Sandwich
from escalade.data import TrainBatches
from escalade.supernet.supernet import Supernet
from escalade.train.loop import train
from escalade.train.prepare import augmentation
from escalade.train.runtime import Runtime
from escalade.train.sandwich_step import SandwichStep
from escalade.train.steps import Batch

NUM_STEPS, WARMUP, SHOWN = 100, 0.1, 20
# Random paths beside the largest and the smallest (None: the largest alone), and distillation.
ARMS: dict[str, tuple[int | None, bool]] = {
    "largest alone": (None, False),
    "and smallest, distilled": (0, True),
    "and smallest and random, labels only": (NUM_RANDOM, False),
    "and smallest and random, distilled": (NUM_RANDOM, True),
}


def run(work: Work, seed: int) -> None:
    """The first steps of every arm."""
    for name in ARMS:
        path = _path(work.plan, name, seed)
        if read(path) is None:
            write_json(path, {"losses": _losses(work, name, seed)})


def found(plan: Plan, seed: int) -> dict[str, list[float]]:
    """Losses of the largest path by arm, means of 20 steps each."""
    done: dict[str, Any] = {name: read(_path(plan, name, seed)) for name in ARMS}
    return {
        name: [
            sum(part) / len(part)
            for start in range(0, len(each["losses"]), SHOWN)
            if (part := each["losses"][start : start + SHOWN])
        ]
        for name, each in done.items()
        if each
    }


def _losses(work: Work, name: str, seed: int) -> list[float]:
    num_random, distils = ARMS[name]
    data, runtime, steps = work.data, Runtime(device="cpu", threads=1), work.setting.steps
    training = Training(seed=seed, epochs=1, learning_rate=DEFAULT_RATE)
    space = space_of(training).training
    torch.manual_seed(torch_seed(seed, "supernet"))
    supernet = Supernet(space.shape)
    recipe = Recipe(
        steps=steps or NUM_STEPS,
        batch_size=work.setting.supernet_recipe(training).batch_size,
        learning_rate=DEFAULT_RATE,
        schedule="constant",
        warmup=WARMUP,
        weight_decay=1e-5,
        drop_rate=0.2,
        flip=True,
    )
    objective = objective_of(recipe, data, runtime)
    largest = space.path(space.largest, space.base_triple).architecture
    sandwich = Sandwich(space, sampler=Uniform(space), seed=seed, num_random=num_random or 0)
    several = SandwichStep(
        supernet, sandwich=sandwich, objective=objective, recipe=recipe, distillation=distils
    )
    losses: list[float] = []

    def alone(images: Tensor) -> Tensor:
        logits: Tensor = supernet(images, largest, drop_rate=recipe.drop_rate)
        return logits

    def step(batch: Batch) -> Tensor:
        if num_random is None:
            loss = objective.backward(batch, resolution=largest.resolution, forward=alone)
        else:
            loss = several(batch)
        losses.append(float(loss))
        return loss

    batches = TrainBatches(
        data.train,
        batch_size=recipe.batch_size,
        seed=seed,
        augmentation=augmentation(recipe, data),
    )
    assert recipe.steps is not None
    train(
        step,
        network=supernet,
        batches=batches,
        recipe=recipe,
        num_steps=recipe.steps,
        runtime=runtime,
        seed=seed,
    )
    return losses


def _path(plan: Plan, name: str, seed: int) -> Path:
    return plan.folder / "start" / f"{'-'.join(name.replace(',', '').split())}-seed{seed}.json"
