"""What the other paths do to the largest one at the start of a training: its loss, step by step.

With gamma 1 and a constant rate after the warm-up, so that only the paths and what they learn from
differ.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

from torch import Tensor

from bignas_study.setting import NUM_RANDOM
from bignas_study.space import PLAINEST, space_of
from bignas_study.supernets import DEFAULT_RATE, Work
from common import lab
from common.files import once, read, slug

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
    for name, arm in ARMS.items():
        once(_path(work, name, seed), partial(_losses, work, seed, *arm))


def found(work: Work, seed: int) -> dict[str, list[float]]:
    """Losses of the largest path by arm, means of 20 steps each."""
    done = {name: read(_path(work, name, seed)) for name in ARMS}
    return {name: _means(each["losses"]) for name, each in done.items() if each}


def _means(losses: list[float]) -> list[float]:
    parts = (losses[start : start + SHOWN] for start in range(0, len(losses), SHOWN))
    return [sum(part) / len(part) for part in parts]


def _losses(work: Work, seed: int, num_random: int | None, distils: bool) -> dict[str, Any]:
    data, runtime = work.data, lab.Runtime(device="cpu", threads=1)
    space = space_of(PLAINEST).training
    supernet = lab.new_supernet(space, seed=seed)
    recipe = lab.Recipe(
        steps=work.setting.steps or NUM_STEPS,
        batch_size=work.setting.supernet_recipe(PLAINEST).batch_size,
        learning_rate=DEFAULT_RATE,
        schedule="constant",
        warmup=WARMUP,
        weight_decay=1e-5,
        drop_rate=0.2,
        flip=True,
    )
    objective = lab.objective(recipe, data, runtime=runtime)
    largest = space.path(space.largest, space.base_triple).architecture
    sampler = lab.Uniform(space)
    sandwich = lab.Sandwich(space, sampler=sampler, seed=seed, num_random=num_random or 0)
    several = lab.SandwichStep(
        supernet, sandwich=sandwich, objective=objective, recipe=recipe, distillation=distils
    )
    losses: list[float] = []

    def alone(images: Tensor) -> Tensor:
        logits: Tensor = supernet(images, largest, drop_rate=recipe.drop_rate)
        return logits

    def step(batch: lab.Batch) -> Tensor:
        if num_random is None:
            loss = objective.backward(batch, resolution=largest.resolution, forward=alone)
        else:
            loss = several(batch)
        losses.append(float(loss))
        return loss

    lab.train(
        step,
        network=supernet,
        batches=lab.training_batches(recipe, data, seed=seed, runtime=runtime),
        recipe=recipe,
        num_steps=recipe.num_steps(1),
        runtime=runtime,
        seed=seed,
    )
    return {"losses": losses}


def _path(work: Work, name: str, seed: int) -> Path:
    return work.folder / "start" / f"{slug(name)}-seed{seed}.json"
