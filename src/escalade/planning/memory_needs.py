"""What a run's processes hold on CPU, stage by stage.

Measured: activations that a step keeps for its gradients, kernels that oneDNN remembers by shape,
images, weights, and a process's own libraries. Shapes that change from step to step leave holes in
the heap, which grow until it is given back (`train/allocator.py`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import torch

from escalade.core.network import cost
from escalade.core.network.architecture import Architecture
from escalade.data.splits.split import COPIED_BYTES
from escalade.planning.examples import EXAMPLES, example_members
from escalade.planning.member_sizes import MemberSizes, sizes_of
from escalade.planning.network_needs import (
    FLOAT,
    HOLES,
    STATE,
    TRAINING,
    PathPeaks,
    images_at_once,
    path_peaks,
    scored,
    trained,
)
from escalade.planning.resolved_run import Run
from escalade.planning.seed_training import seed_job
from escalade.supernet.make import make_supernet
from escalade.train.allocator import Holding

MEBI = 2**20
# Python, torch and the rest: private pages of each process, and the libraries that all share.
OWN, SHARED = 460 * MEBI, 330 * MEBI
# What oneDNN remembers of networks that change: where they are trained, and only scored.
KERNELS, FORWARD_KERNELS = 8192 * 32 * 1024, 160 * MEBI


@dataclass(frozen=True)
class MemoryNeeds:
    """Bytes of a run's processes, by stage."""

    run: Run

    def holding(self, workers: int, caches: int) -> Holding:
        here = max(self.training, self.idle + self.testing)
        if workers == 1 or self.in_a_row:
            here = max(here, self.idle + self.member)
        if workers == 1:
            here = max(here, self.idle + self.scoring)
        return Holding(
            peak=max(self.stages(workers, caches).values()),
            workers=workers,
            here=here,
            scorer=OWN + FORWARD_KERNELS + self.scoring,
            trainer=OWN + self.member,
            caches=caches,
        )

    def largest_stage(self, holding: Holding) -> str:
        """What takes most."""
        stages = self.stages(holding.workers, holding.caches)
        return max(stages, key=lambda name: stages[name])

    def stages(self, workers: int, caches: int) -> Mapping[str, int]:
        """All processes together, in each stage; one worker is the run's own process.

        Ranks are copies of that.
        """
        side_by_side = self._together(self.member, min(workers, self.jobs), workers)
        found = {
            "train members": self.idle + self.member if self.in_a_row else side_by_side,
            "test members": self.idle + self.testing,
        }
        if self.in_a_row:
            found["compare members"] = self._together(self.searched, workers, workers)
        if self.run.config.hours is not None and not self.run.config.fitted:
            found["time members"] = side_by_side - self.kept
        if self.run.has_supernet:
            mapped = min(caches, self.batches)
            found["train the supernet"] = self.training
            each = self.scoring + mapped
            found["search"] = self._together(each, workers, workers, kernels=FORWARD_KERNELS)
        copies = self.run.runtime.world_size
        return {name: SHARED + copies * each for name, each in found.items()}

    def _together(self, each: int, num: int, workers: int, *, kernels: int = 0) -> int:
        """The run's own process, and so many workers beside it, which share the images."""
        if workers == 1:
            return self.idle + each
        return self.idle + self.images + num * (OWN + kernels + each)

    @cached_property
    def images(self) -> int:
        """Bytes of all images; beyond these they stay on the disk, and pages are taken back."""
        data = self.run.data
        num = sum(split.num_bytes for split in (data.train, data.search, data.test))
        return min(num, COPIED_BYTES)

    @property
    def in_a_row(self) -> bool:
        """Whether members are trained one after the other, by the run's own process."""
        config = self.run.config
        return config.retrain.way.in_turn and config.rival != "beside"

    @cached_property
    def jobs(self) -> int:
        """Networks that may be trained side by side."""
        run = self.run
        num = len(self.sizes.all) * (2 if run.config.rival == "beside" else 1)
        return num if run.has_supernet else max(num, run.method.num_scores(run.task))

    @cached_property
    def sizes(self) -> MemberSizes:
        return sizes_of(self.run)

    @cached_property
    def idle(self) -> int:
        """The run's own process while others work: images, weights, kernels."""
        return OWN + self.images + self.kept

    @property
    def kept(self) -> int:
        """What the supernet's training leaves: weights and kernels."""
        return FLOAT * self.weights + KERNELS if self.run.has_supernet else 0

    @cached_property
    def training(self) -> int:
        """The run's own process while it trains a supernet."""
        if not self.run.has_supernet:
            return self.idle
        per_step = images_at_once(self.run, self.run.config.supernet.recipe)
        sides = 2 if self.run.config.supernet.coupled else 1
        steps = HOLES * TRAINING * FLOAT * per_step * self._paths.activations * sides
        supernet = self.idle + round((STATE - 1) * FLOAT * self.weights + steps)
        if self.run.seed is None:
            return supernet
        return max(supernet, self.idle + trained(self.run, [seed_job(self.run).architecture]))

    @cached_property
    def member(self) -> int:
        """To train the largest member."""
        return trained(self.run, self._members)

    @cached_property
    def searched(self) -> int:
        """To train the largest of those that are searched."""
        sizes = replace(self.sizes, beyond=())
        return trained(self.run, example_members(self.run, sizes)[-EXAMPLES:])

    @cached_property
    def testing(self) -> int:
        """To test the members, one after the other."""
        return scored(max(cost.of(each).memory for each in self._members))

    @cached_property
    def scoring(self) -> int:
        """To score paths, one after the other."""
        if not self.run.has_supernet:
            return 0
        return scored(self._paths.memory)

    @cached_property
    def batches(self) -> int:
        """Resized batches that a process looks at; others are files, which memory need not hold."""
        data, settings = self.run.data, self.run.evaluation
        num = max(len(data.search), settings.num_images(len(data.train)))
        return FLOAT * data.in_channels * num * self._paths.side**2

    @cached_property
    def weights(self) -> int:
        """Numbers of the supernet."""
        if not self.run.has_supernet:
            return 0
        settings = self.run.config.supernet
        with self.run.runtime.private_randomness(), torch.device("meta"):
            supernet = make_supernet(self.run.space.shape, coupled=settings.coupled)
        return sum(each.numel() for each in supernet.parameters())

    @cached_property
    def _members(self) -> Sequence[Architecture]:
        """Networks of the largest member's size."""
        return example_members(self.run, self.sizes)[-EXAMPLES:]

    @cached_property
    def _paths(self) -> PathPeaks:
        return path_peaks(self.run)
