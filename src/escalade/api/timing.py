"""How long this device takes: a batch of the smallest and of the largest member is timed."""

from __future__ import annotations

import gc
import math
from dataclasses import dataclass

import numpy as np
import torch
from torch import nn

from escalade.config import Config
from escalade.core import cost
from escalade.core.architecture import Architecture
from escalade.core.budget import Budget
from escalade.core.members import follow
from escalade.core.population import Population
from escalade.core.samplers import Hierarchical, Window
from escalade.core.scaling import Scaling, apply
from escalade.core.seeds import generator
from escalade.core.space import SearchSpace
from escalade.nets.build import build
from escalade.train.runtime import Runtime, num_cores

BATCH = 64
# Evaluation against training of the same image: forward alone, batch norm folded.
EVALUATION_SHARE = 0.25
# Processes of one thread against one process with all threads (docs/performance.md).
PARALLEL_GAIN = 1.2
EXPORT_SECONDS = 12.0
# Paths drawn to tell the macs behind a budget of another kind, and how many of them tell it.
NUM_PATHS, NUM_NEAREST = 4096, 64
START_SECONDS = 20.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """Seconds per training image as a linear function of macs, and what was measured for it."""

    fixed: float
    per_mac: float
    peak_memory: int

    def image(self, macs: float) -> float:
        """Seconds to train on one image with a network of so many macs."""
        return max(self.fixed + self.per_mac * macs, 1e-7)


def time_members(config: Config, space: SearchSpace, runtime: Runtime) -> Timing:
    """Time one training batch of a network at the first and at the last budget."""
    targets = [config.budgets[0], config.ladder.grown(config.grow.num)[-1].target]
    if config.grow.num == 0:
        targets[1] = config.budgets[-1]
    smallest = example(config, space)
    scaling = follow(
        smallest,
        curve=lambda j: Scaling(*[2 ** (j / 5)] * 3),
        budget=Budget(targets[1], config.budget_kind),
        start=math.log2(targets[1] / targets[0]),
        cost_of=space.latency.of if space.latency is not None else None,
    )
    largest = apply(
        smallest,
        scaling,
        width_divisor=space.data.width_divisor,
        resolution_divisor=space.data.resolution_divisor,
    )
    return time_batches(smallest, largest, runtime)


def time_batches(smallest: Architecture, largest: Architecture, runtime: Runtime) -> Timing:
    """Time one training batch of two networks, and draw a line through the times."""
    points = []
    for architecture in (smallest, largest):
        seconds = time_batch(architecture, runtime)
        points.append((cost.of(architecture).macs, seconds / BATCH))
    (low, fast), (high, slow) = points
    per_mac = max((slow - fast) / max(high - low, 1), 0.0)
    fixed = max(fast - per_mac * low, 0.0)
    return Timing(fixed=fixed, per_mac=per_mac, peak_memory=runtime.peak_memory())


def example(config: Config, space: SearchSpace) -> Architecture:
    """Some base network near the first budget."""
    window = Window(targets=tuple(config.budgets[:1]), kind=config.budget_kind, factor=1.2)
    base = space.for_ladder((1.0,))
    drawn = Hierarchical(base, window=window).draw(generator(0, "timing"), 1)
    return base.paths(drawn)[0].architecture


def time_batch(architecture: Architecture, runtime: Runtime) -> float:
    """Median seconds of a forward and backward pass."""
    network = build(architecture).train().to(runtime.device)
    network.to(memory_format=torch.channels_last)
    side, channels = architecture.resolution, architecture.in_channels
    images = torch.randn(BATCH, channels, side, side, device=runtime.device)
    images = images.to(memory_format=torch.channels_last)
    labels = torch.zeros(BATCH, dtype=torch.int64, device=runtime.device)
    times = []
    for _ in range(5):
        start = runtime.clock()
        with runtime.autocast():
            loss = nn.functional.cross_entropy(network(images), labels)
        loss.backward()  # type: ignore[no-untyped-call]
        times.append(runtime.clock() - start)
        if sum(times) > 5:
            break
    del network
    gc.collect()
    return float(np.median(times[1:] or times))


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """Seconds and evaluations that each stage of a configuration takes here."""

    train: float
    search: float
    retrain: float
    export: float
    evaluations: int

    @property
    def total(self) -> float:
        return self.train + self.search + self.retrain + self.export


def member_macs(config: Config, space: SearchSpace) -> list[float]:
    """Macs of every member, searched and grown."""
    budgets = [*config.budgets, *(b.target for b in config.ladder.grown(config.grow.num))]
    if config.budget_kind == "macs":
        return budgets
    macs = [_macs_at(budget, space, stage) for stage, budget in enumerate(config.ladder.budgets)]
    ratio = macs[-1] / macs[-2] if len(macs) > 1 else 2.0
    while len(macs) < len(budgets):
        macs.append(macs[-1] * ratio)
    return macs


def _macs_at(budget: Budget, space: SearchSpace, stage: int) -> float:
    """Mean macs of those of a stage's paths that are nearest to its budget."""
    rows, rng = space.strategies(stage), generator(0, "macs", stage)
    genomes = space.sample_genomes(rng, NUM_PATHS)
    drawn = Population(genomes, rows[rng.integers(0, len(rows), NUM_PATHS)])
    gaps = np.abs(np.log(space.costs(drawn, budget.kind) / budget.target))
    nearest = np.argsort(gaps, kind="stable")[:NUM_NEAREST]
    return float(space.costs(drawn[nearest]).mean())


def num_evaluations(config: Config) -> int:
    """Paths a search scores at most."""
    search, stages = config.search, max(1, len(config.budgets) - 1)
    base = search.population * search.generations * stages
    strategies = search.strategies * stages
    return search.num_bases * strategies + search.rounds * (base + strategies)


def estimate(
    config: Config, space: SearchSpace, timing: Timing, *, num_train: int, num_search: int
) -> Estimate:
    """What the stages would take with these recipes."""
    macs = member_macs(config, space)
    searched = macs[: len(config.budgets)]
    mean_image = float(np.mean([timing.image(m) for m in searched]))
    workers = config.workers or num_cores()
    speed = max(1.0, workers / num_cores() * PARALLEL_GAIN)
    recipe = config.supernet.recipe
    batch = min(recipe.batch_size, num_train)
    train = recipe.num_steps(num_train // batch) * batch * mean_image
    evaluations = num_evaluations(config)
    scored = num_search + min(config.evaluation.recalibration_images, num_train)
    search = evaluations * scored * mean_image * EVALUATION_SHARE / speed
    batch = min(config.retrain.recipe.batch_size, num_train)
    images = config.retrain.recipe.num_steps(num_train // batch) * batch
    retrain = 0.0
    for index, value in enumerate(macs):
        times = 2 if config.retrain.grown == "both" and index >= len(searched) else 1
        if index < len(searched) and config.retrain.searched == "slice":
            times = 0
        retrain += times * images * timing.image(value) / speed
    export = EXPORT_SECONDS * len(macs) + START_SECONDS
    return Estimate(
        train=train, search=search, retrain=retrain, export=export, evaluations=evaluations
    )
