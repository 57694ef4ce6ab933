"""Networks by hand, each trained for the same seconds of one core."""

from __future__ import annotations

import statistics
import time
from dataclasses import asdict, dataclass, replace
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch

from bases_study.setting import BASES, budget_of, budgets_of
from common import lab
from common.files import once, plain, read, slug
from common.study import Work

BATCH, WARM, TIMED = 64, 3, 12
HELD_OUT = 5  # one training image in so many judges


@dataclass(frozen=True, kw_only=True)
class Runs(Work):
    """Every base on every set with every seed."""

    def run(self) -> None:
        """Train what is not trained yet."""
        torch.set_num_threads(1)
        for seed in range(self.options.seeds):
            for name in self.setting.sets:
                for base in BASES:
                    once(
                        self._path(name, base, seed),
                        lambda n=name, b=base, s=seed: self._one(n, b, s),
                    )

    def to_json(self) -> dict[str, Any]:
        """What is finished, by set and base."""
        found = []
        for name in self.setting.sets:
            for base in BASES:
                runs = [read(self._path(name, base, seed)) for seed in range(self.options.seeds)]
                if any(runs):
                    found.append({"set": name, "base": base, "runs": [run for run in runs if run]})
        return plain({"seconds": self.setting.seconds, "bases": found})

    def _path(self, name: str, base: str, seed: int) -> Path:
        return self.folder / f"{name}-{slug(base)}-seed{seed}.json"

    def _one(self, name: str, base: str, seed: int) -> dict[str, Any]:
        data = images(self.setting.sets[name])
        network = scaled(base, data, budget=budget_of(name), rule=self.setting.rule)
        per_step = step_seconds(network)
        recipe = lab.resolve({}).retrain.recipe
        recipe = replace(recipe, epochs=None, steps=round(self.setting.seconds / per_step))
        with TemporaryDirectory() as folder:
            job = lab.RetrainJob(
                name=base, architecture=network, recipe=recipe, seed=seed, folder=Path(folder)
            )
            settings = lab.evaluation_settings(1024, data)
            made = job.make(
                lab.Workplace(
                    data=data,
                    runtime=lab.Runtime(device="cpu", threads=1),
                    settings=settings,
                    checkpoint_seconds=1e9,
                )
            )
        counts = lab.cost.of(network)
        return {
            "accuracy": made.search.accuracy,
            "num_images": made.search.num_images,
            "steps": recipe.steps,
            "macs": counts.macs,
            "params": counts.params,
            "activations": counts.activations,
            "resolution": network.resolution,
        }


@cache
def images(folder: str) -> lab.ImageData:
    """A folder's training images, of which a fifth judges; no others are looked at."""
    budgets = budgets_of(Path(folder).name).split(",")
    data = lab.demo_images(lab.resolve({"data": folder, "budgets": budgets, "space": "small"}))
    num = len(data.train) // HELD_OUT
    held, kept = (
        data.train.subset(torch.arange(num)),
        data.train.subset(torch.arange(num, len(data.train))),
    )
    return replace(data, train=kept, search=held)


def scaled(base: str, data: lab.ImageData, *, budget: str, rule: str) -> lab.Architecture:
    """A base at a budget, for the images."""
    space = lab.load(
        "small", factors=(1.0,), in_channels=data.in_channels, num_classes=data.num_classes
    )
    changes = dict(BASES[base])
    kernel, kind = changes.pop("kernel", 3), changes.pop("kind", "mbconv")
    plain = asdict(space.layout.plain) | changes | {"name": "tried", "kind": kind}
    layout = replace(space.layout, bases=(lab.HandMade(**plain),))
    network = layout.hand_made["tried"]
    stages = [
        replace(s, blocks=tuple(replace(b, kernel=kernel) for b in s.blocks))
        for s in network.stages
    ]
    target = lab.Budget(float(budget.rstrip("M")) * 1e6, "macs", 0.05)
    return lab.scale_within(
        replace(network, stages=tuple(stages)),
        rule=rule,
        budget=target,
        stage=1.0,
        side=data.side,
        name=slug(base),
    ).architecture


def step_seconds(network: lab.Architecture) -> float:
    """What a step takes of the processor, the median of some."""
    model = lab.build(network).to(memory_format=torch.channels_last).train()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.9)
    side = network.resolution
    batch = torch.randn(BATCH, network.in_channels, side, side).to(
        memory_format=torch.channels_last
    )
    labels, seconds = torch.zeros(BATCH, dtype=torch.long), []
    for _ in range(WARM + TIMED):
        started = time.process_time()
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(model(batch), labels).backward()
        optimizer.step()
        seconds.append(time.process_time() - started)
    return statistics.median(seconds[WARM:])
