"""What a run's processes hold on CPU, stage by stage.

Measured: activations that a step keeps for its gradients, kernels that oneDNN remembers by shape,
images, weights, and a process's own libraries. Shapes that change from step to step leave holes in
the heap, which grow until it is given back (`train/allocator.py`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from escalade.config import Recipe
from escalade.core.network import cost
from escalade.core.network.architecture import Architecture
from escalade.core.numbers.seeds import generator
from escalade.data.split import COPIED_BYTES
from escalade.evaluate.score import BATCH_SIZE
from escalade.planning.examples import EXAMPLES, example_members
from escalade.planning.member_sizes import MemberSizes, sizes_of
from escalade.planning.resolved_run import Run
from escalade.planning.seed_training import seed_job
from escalade.supernet.make import make_supernet
from escalade.train.holding import Holding
from escalade.train.supernet_step import path_sampler

MEBI = 2**20
# Python, torch and the rest: private pages of each process, and the libraries that all share.
OWN, SHARED = 460 * MEBI, 330 * MEBI
KERNELS = 8192 * 32 * 1024  # what oneDNN remembers of networks that change
STATE = 5  # numbers a weight: itself, gradient, momentum, average, and a copy while saving
FLOAT = 4
# Bytes kept for gradients, and while scoring, against an image's activations in floats.
TRAINING, SCORING = 3.4, 1.0
HOLES = 1.5  # of activations that change from step to step
NUM_PATHS = 1024


@dataclass(frozen=True)
class MemoryNeeds:
    """Bytes of a run's processes, by stage."""

    run: Run

    def holding(self, workers: int, caches: int) -> Holding:
        """With so many workers and such caches."""
        stages = self.stages(workers, caches)
        here = self.training if workers > 1 else max(self.training, self.idle + self.working - OWN)
        return Holding(
            peak=max(stages.values()), workers=workers, here=here, worker=self.working,
            caches=caches,
        )  # fmt: skip

    def largest_stage(self, holding: Holding) -> str:
        """What takes most."""
        stages = self.stages(holding.workers, holding.caches)
        return max(stages, key=lambda name: stages[name])

    def stages(self, workers: int, caches: int) -> Mapping[str, int]:
        """All processes together, in each stage; one worker is the run's own process.

        Ranks are copies of that.
        """
        copies = self.run.runtime.world_size
        beside = self.images if workers > 1 else -OWN
        idle = self.idle + beside
        found = {"train members": idle + min(workers, self.jobs) * self.member}
        if self.run.space.traits.has_supernet:
            found["train the supernet"] = self.training
            found["search"] = idle + workers * self.scoring + min(caches, self.batches)
        return {name: SHARED + copies * each for name, each in found.items()}

    @cached_property
    def images(self) -> int:
        """Bytes of all images; beyond these they stay on the disk, and pages are taken back."""
        data = self.run.data
        num = sum(split.num_bytes for split in (data.train, data.search, data.test))
        return min(num, COPIED_BYTES)

    @cached_property
    def jobs(self) -> int:
        """Networks that may be trained side by side."""
        run = self.run
        num = len(self.sizes.all) * (1 if run.config.rival == "none" else 2)
        return num if run.space.traits.has_supernet else max(num, run.method.num_scores(run.task))

    @cached_property
    def sizes(self) -> MemberSizes:
        return sizes_of(self.run)

    @cached_property
    def idle(self) -> int:
        """The run's own process while others work: images mapped and copied, weights, kernels."""
        kernels = KERNELS if self.run.space.traits.has_supernet else 0
        return OWN + 2 * self.images + FLOAT * self.weights + kernels

    @cached_property
    def training(self) -> int:
        """The run's own process while it trains a supernet."""
        if not self.run.space.traits.has_supernet:
            return self.idle
        per_step = _images_at_once(self.run, self.run.config.supernet.recipe)
        steps = HOLES * TRAINING * FLOAT * per_step * self.activations
        supernet = self.idle + round((STATE - 1) * FLOAT * self.weights + steps)
        if self.run.seed is None:
            return supernet
        seed = seed_job(self.run).architecture
        return max(supernet, self.idle - OWN + self._trained([seed]))

    @property
    def working(self) -> int:
        """A worker, whatever it does."""
        return max(self.member, self.scoring if self.run.space.traits.has_supernet else 0)

    @cached_property
    def member(self) -> int:
        """A process that trains the largest member."""
        return self._trained(example_members(self.run, self.sizes)[-EXAMPLES:])

    def _trained(self, networks: Sequence[Architecture]) -> int:
        """A process that trains the largest of some networks, one after the other."""
        counts = [cost.of(each) for each in networks]
        per_step = _images_at_once(self.run, self.run.config.retrain.recipe)
        most = max(each.activations for each in counts)
        weights = max(each.params for each in counts)
        return OWN + round(FLOAT * (STATE * weights + TRAINING * per_step * most))

    @cached_property
    def scoring(self) -> int:
        """A process that scores paths."""
        return OWN + KERNELS + round(HOLES * SCORING * FLOAT * BATCH_SIZE * self.activations)

    @cached_property
    def activations(self) -> int:
        """Of the largest path that is trained on."""
        return int(self._drawn[0].max())

    @cached_property
    def batches(self) -> int:
        """Resized batches of all resolutions, which workers share."""
        data, settings = self.run.data, self.run.evaluation
        num = len(data.search) + settings.num_images(len(data.train))
        pixels = sum(int(side) ** 2 for side in np.unique(self._drawn[1]))
        return FLOAT * data.in_channels * num * pixels

    @cached_property
    def weights(self) -> int:
        """Numbers of the supernet."""
        if not self.run.space.traits.has_supernet:
            return 0
        settings = self.run.config.supernet
        with self.run.runtime.private_randomness(), torch.device("meta"):
            supernet = make_supernet(self.run.space.shape, coupled=settings.coupled)
        return sum(each.numel() for each in supernet.parameters())

    @cached_property
    def _drawn(self) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
        """Activations and sides of some paths."""
        run, space = self.run, self.run.space.training
        sampler = path_sampler(run.config.supernet, space, run.budgets)
        drawn = sampler.draw(generator(0, "memory"), NUM_PATHS)
        activations = space.costs(drawn, "activations")
        if space.num_stages == 1 and space.traits.shares:  # a sandwich trains its largest
            largest = space.path(space.largest, space.base_triple)
            activations = np.append(activations, cost.of(largest.running).activations)
        return activations, space.sides(drawn)


def _images_at_once(run: Run, recipe: Recipe) -> int:
    """Images whose graph is in memory at once, in a process."""
    recipe = recipe.for_images(len(run.data.train))
    return recipe.batch_size // (recipe.batch_norm_groups or run.runtime.world_size)
