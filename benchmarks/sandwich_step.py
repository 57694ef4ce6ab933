"""What the sandwich step costs: against the largest network's own step, and against its parts.

    PYTHONPATH=src python benchmarks/sandwich_step.py [--space bignas_small] [--threads 2] [--json]

The sandwich step trains the largest path, the smallest and two random ones, with distillation, and
updates once. The largest network's own step is that of a stand-alone one. The parts are the four
paths' own forward and backward passes, from the labels, and one update of what they touched; each
begins without gradients, so adding the gradients up counts as overhead. All of it starts from bytes
(resizing included), runs in turns on the same batch and paths, in changing order, and is the median
over the rounds; random paths differ from round to round.
Targets: at most 1.75 of the largest network's step; at most 1.03 of the sum of the parts.
"""

from __future__ import annotations

import argparse
import json
import statistics
from collections.abc import Callable
from dataclasses import replace

import torch
from torch import Tensor, nn

from escalade.config.recipe import Recipe
from escalade.core.sampling.samplers import Uniform
from escalade.core.sampling.sandwich_paths import Sandwich
from escalade.core.space.path import Path
from escalade.core.space.space import Space
from escalade.nets.build import build
from escalade.spaces.load import load
from escalade.supernet.supernet import Supernet
from escalade.train.optimizer import make_optimizer
from escalade.train.runtime import Runtime
from escalade.train.step import Batch, PlainStep, TrainingObjective
from escalade.train.steps.sandwich import SandwichStep

NUM_CLASSES = 10
NUM_WARM = 5  # rounds that are not counted


class Contest:
    """The sandwich step and its rivals on the same weights and batches.

    Args:
        space: whose paths train, at its training resolutions.
        batch_size: images a step, of 28 pixels.
        optimizer: as in a recipe.
        seed: of weights, images and paths.
        device: as a run has it.
    """

    def __init__(
        self, space: Space, *, batch_size: int, optimizer: str, seed: int, device: str
    ) -> None:
        runtime = Runtime(device=device)
        torch.manual_seed(seed)
        self.clock = runtime.clock
        # So small a rate leaves the weights where they are: diverging ones would change the times.
        recipe = Recipe(learning_rate=1e-6, optimizer=optimizer)
        self.objective = TrainingObjective(
            mean=(0.5,), std=(0.25,), label_smoothing=0.1, autocast=runtime.autocast
        )
        self.supernet = self._ready(Supernet(space.shape), runtime)
        self.optimizer = make_optimizer(self.supernet, recipe=recipe)
        self.sandwich = Sandwich(space, sampler=Uniform(space), seed=seed)
        self.step = SandwichStep(
            self.supernet, sandwich=self.sandwich, objective=self.objective, recipe=recipe
        )
        largest = self.sandwich.at(0).largest
        assert largest is not None
        plain = self._ready(build(largest.architecture), runtime)
        self.plain_optimizer = make_optimizer(plain, recipe=recipe)
        self.plain_step = PlainStep(
            plain, resolution=largest.architecture.resolution, objective=self.objective
        )
        size = (batch_size, space.layout.in_channels, 28, 28)
        self.batch = Batch(
            images=torch.randint(0, 256, size, dtype=torch.uint8).to(runtime.device),
            labels=torch.randint(0, NUM_CLASSES, (batch_size,)).to(runtime.device),
            step=0,
            share=1.0,
        )

    @staticmethod
    def _ready(network: nn.Module, runtime: Runtime) -> nn.Module:
        return network.to(runtime.device).to(memory_format=torch.channels_last).train()

    def round(self, number: int) -> dict[str, float]:
        """Seconds of the sandwich step, the largest network's step, each part and the update."""
        batch = replace(self.batch, step=number)
        paths = self.sandwich.at(number)
        runs: dict[str, Callable[[], float]] = {
            "sandwich": lambda: self._whole(self.step, batch, self.optimizer),
            "largest alone": lambda: self._whole(self.plain_step, batch, self.plain_optimizer),
        }
        names = ("largest", "smallest", *(f"random {i + 1}" for i in range(len(paths.random))))
        for name, path in zip(names, paths.all, strict=True):
            runs[name] = lambda path=path: self._part(path, batch)  # type: ignore[misc]
        order = list(runs)
        if number % 2:
            order.reverse()
        seconds = {name: runs[name]() for name in order}
        return seconds | {"update": self._update(batch)}

    def _whole(
        self, step: Callable[[Batch], Tensor], batch: Batch, optimizer: torch.optim.Optimizer
    ) -> float:
        start = self.clock()
        optimizer.zero_grad(set_to_none=True)
        step(batch)
        optimizer.step()
        seconds = self.clock() - start
        optimizer.zero_grad(set_to_none=True)
        return seconds

    def _part(self, path: Path, batch: Batch) -> float:
        architecture = path.architecture
        start = self.clock()
        self.objective.backward(
            batch,
            resolution=architecture.resolution,
            forward=lambda images: self.supernet(images, architecture),
        )
        seconds = self.clock() - start
        self.optimizer.zero_grad(set_to_none=True)
        return seconds

    def _update(self, batch: Batch) -> float:
        self.step(batch)
        start = self.clock()
        self.optimizer.step()
        seconds = self.clock() - start
        self.optimizer.zero_grad(set_to_none=True)
        return seconds


def summary(rounds: list[dict[str, float]]) -> dict[str, float]:
    """Medians of the ratios within each round, and of the milliseconds."""
    parts = [
        sum(seconds for name, seconds in found.items() if name not in ("sandwich", "largest alone"))
        for found in rounds
    ]
    against_largest = [found["sandwich"] / found["largest alone"] for found in rounds]
    against_parts = [found["sandwich"] / part for found, part in zip(rounds, parts, strict=True)]
    milliseconds = {
        f"{name}, ms": 1e3 * statistics.median(found[name] for found in rounds)
        for name in rounds[0]
    }
    return {
        "against the largest network's step": statistics.median(against_largest),
        "against the sum of the parts": statistics.median(against_parts),
        **milliseconds,
    }


def main() -> None:
    """Parse, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--space", default="bignas_small")
    parser.add_argument("--num-rounds", type=int, default=50)
    parser.add_argument("--batch-size", type=int, default=128)
    parser.add_argument("--optimizer", choices=("sgd", "rmsprop"), default="sgd")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", action="store_true", help="one JSON object on stdout")
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    space = load(args.space, in_channels=1, num_classes=NUM_CLASSES).training
    contest = Contest(
        space,
        batch_size=args.batch_size,
        optimizer=args.optimizer,
        seed=args.seed,
        device=args.device,
    )
    rounds = [contest.round(number) for number in range(NUM_WARM + args.num_rounds)][NUM_WARM:]
    found = summary(rounds)
    if args.json:
        print(json.dumps({"settings": vars(args), "summary": found, "rounds": rounds}, indent=2))
        return
    for name, value in found.items():
        print(f"{name}: {value:.3f}")


if __name__ == "__main__":
    main()
