"""A member's training step against that of timm's training script; and the data's share of it.

    PYTHONPATH=src python benchmarks/member_step.py [--num-rounds 25] [--threads 2] [--json]

Ours is what a run does with one batch: rows of the split, crop and flip, resizing, normalising,
forward, backward, clipping as the recipe says, a fused update. timm's is the step of its train.py
as shipped, for the same network, loss and optimizer settings: default memory layout, optimizer of
`create_optimizer_v2`, no clipping; its images lie ready in memory as normalised floats, so data
cost it nothing. Both in turns on the same batches; each ratio is between the two of
a round, the data's share within ours. Medians, with the quartiles.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from dataclasses import dataclass, replace

import torch
from timm.loss import LabelSmoothingCrossEntropy
from timm.optim import create_optimizer_v2
from torch import Tensor, nn

from escalade.config.recipe import Recipe
from escalade.data.batching.batches import Augmentation, TrainBatches, prepare
from escalade.data.splits.split import Split
from escalade.nets.build import build
from escalade.spaces.load import load
from escalade.train.optimizer import make_optimizer
from escalade.train.runtime import Runtime, num_cores
from escalade.train.step import Batch, PlainStep, TrainingObjective

NUM_CLASSES = 10
NUM_IMAGES = 4096
NUM_WARM = 3  # rounds that are not counted


@dataclass(frozen=True, kw_only=True)
class Case:
    """What is trained: the plain base of a space on images of a kind."""

    space: str
    channels: int
    side: int
    augmentation: Augmentation


CASES = {
    "small, 1 x 28 x 28": Case(
        space="small", channels=1, side=28, augmentation=Augmentation(padding=2, flip=True)
    ),
    "medium, 3 x 64 x 64": Case(
        space="medium",
        channels=3,
        side=64,
        augmentation=Augmentation(random_resized_crop=True, flip=True),
    ),
}


class Contest:
    """One network, trained in two ways."""

    def __init__(self, case: Case, *, batch_size: int, recipe: Recipe) -> None:
        torch.manual_seed(0)
        space = load(
            case.space, factors=(1.0, 2.0), in_channels=case.channels, num_classes=NUM_CLASSES
        )
        architecture = space.layout.plain_base
        self.side, self.recipe = architecture.resolution, recipe
        mean, std = (0.5,) * case.channels, (0.25,) * case.channels
        size = (NUM_IMAGES, case.channels, case.side, case.side)
        images = torch.randint(0, 256, size, dtype=torch.uint8)
        self.batches = TrainBatches(
            Split(images, torch.randint(0, NUM_CLASSES, (NUM_IMAGES,))),
            batch_size=batch_size,
            seed=0,
            augmentation=case.augmentation,
        )
        self.objective = TrainingObjective(
            mean=mean,
            std=std,
            label_smoothing=recipe.label_smoothing,
            autocast=Runtime(device="cpu").autocast,
        )
        self.ours = build(architecture).to(memory_format=torch.channels_last).train()
        self.step = PlainStep(self.ours, resolution=self.side, objective=self.objective)
        self.our_optimizer = make_optimizer(self.ours, recipe=recipe)
        self.theirs = build(architecture).train()
        self.their_optimizer = create_optimizer_v2(
            self.theirs,
            opt="sgd",
            lr=recipe.learning_rate,
            weight_decay=recipe.weight_decay,
            momentum=recipe.momentum,
        )
        self.loss = LabelSmoothingCrossEntropy(recipe.label_smoothing)

    def round(self, number: int) -> tuple[float, float, float]:
        """Seconds of our step, of the data in it, and of timm's step."""
        images, labels = self.batches.at(number)
        ready = self._prepared(images).contiguous()
        if number % 2:
            return *self._our_step(number), self._their_step(ready, labels)
        theirs = self._their_step(ready, labels)
        return *self._our_step(number), theirs

    def _prepared(self, images: Tensor) -> Tensor:
        mean, std = self.objective.mean, self.objective.std
        return prepare(images, resolution=self.side, mean=mean, std=std)

    def _our_step(self, number: int) -> tuple[float, float]:
        start = time.perf_counter()
        self.our_optimizer.zero_grad(set_to_none=True)
        images, labels = self.batches.at(number)
        made = time.perf_counter() - start
        self.step(Batch(images=images, labels=labels, step=number, share=1.0))
        if self.recipe.clip_grad_norm is not None:
            nn.utils.clip_grad_norm_(self.ours.parameters(), self.recipe.clip_grad_norm)
        self.our_optimizer.step()
        whole = time.perf_counter() - start
        start = time.perf_counter()
        self._prepared(images)
        return whole, made + time.perf_counter() - start

    def _their_step(self, images: Tensor, labels: Tensor) -> float:
        start = time.perf_counter()
        loss = self.loss(self.theirs(images), labels)
        loss.backward()
        self.their_optimizer.step()
        self.their_optimizer.zero_grad()
        loss.item()
        return time.perf_counter() - start


def quartiles(values: list[float]) -> dict[str, float]:
    """The median between its quartiles."""
    low, middle, high = statistics.quantiles(values, n=4)
    return {"median": middle, "low": low, "high": high}


def main() -> None:
    """Parse, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--num-rounds", type=int, default=25)
    parser.add_argument("--batch-size", type=int, default=64)
    parser.add_argument("--threads", type=int, default=num_cores())
    parser.add_argument("--json", action="store_true", help="one JSON object on stdout")
    args = parser.parse_args()
    Runtime(device="cpu", threads=args.threads)
    # So small a rate leaves the weights where they are: diverging ones would change the times.
    recipe = replace(Recipe(), learning_rate=1e-6, batch_size=args.batch_size)
    found = {}
    for name, case in CASES.items():
        contest = Contest(case, batch_size=args.batch_size, recipe=recipe)
        rounds = [contest.round(number) for number in range(NUM_WARM + args.num_rounds)][NUM_WARM:]
        found[name] = {
            "timm's step against ours": quartiles([theirs / ours for ours, _, theirs in rounds]),
            "data's share of ours": quartiles([data / ours for ours, data, _ in rounds]),
            "our step, ms": quartiles([1e3 * ours for ours, _, _ in rounds]),
        }
    if args.json:
        print(json.dumps({"settings": vars(args), "found": found}, indent=2))
        return
    for name, figures in found.items():
        for what, each in figures.items():
            print(f"{name}: {what}: {each['median']:.3g} ({each['low']:.3g} to {each['high']:.3g})")


if __name__ == "__main__":
    main()
