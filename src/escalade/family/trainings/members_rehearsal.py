"""How long members train here, side by side as `retrain_all` will have them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from torch import Tensor

from escalade.config.recipe import Recipe
from escalade.core.network.architecture import Architecture
from escalade.data.image_data import ImageData
from escalade.family.trainings.side_by_side import share_images, with_shared_images
from escalade.nets.build import build
from escalade.train.pool import WorkerPool
from escalade.train.prepare import objective, training_batches
from escalade.train.runtime import Runtime
from escalade.train.step import PlainStep
from escalade.train.step_rehearsal import rehearse
from escalade.train.worker import Link


@dataclass(frozen=True, slots=True, kw_only=True)
class Rehearsed:
    """Seconds per training image of each network, one thread each.

    Attributes:
        together: with as many processes at a time as the training will have, in the order given.
        alone: of the last network, with nothing beside it.
        threaded: of the last network, with nothing beside it and all threads of this process.
    """

    together: tuple[float, ...]
    alone: float
    threaded: float


@dataclass(frozen=True, kw_only=True)
class Rehearsal:
    """The work of a pool: jobs are networks (None does nothing), results seconds per image.

    Attributes:
        data: without the images if they are among the shared tensors.
        seconds: of steps that are timed, each network.
    """

    data: ImageData
    recipe: Recipe
    device: str
    precision: str
    seconds: float

    def setup(self, shared: Mapping[str, Tensor]) -> tuple[ImageData, Runtime]:
        runtime = Runtime(device=self.device, precision=self.precision, is_alone=True)
        return with_shared_images(self.data, shared), runtime

    def run(self, state: tuple[ImageData, Runtime], job: Architecture | None, link: Link) -> float:
        """Median seconds per image of some training steps."""
        return 0.0 if job is None else self._time(job, *state)

    def _time(self, architecture: Architecture, data: ImageData, runtime: Runtime) -> float:
        recipe = self.recipe
        batches = training_batches(recipe, data, seed=0, runtime=runtime)
        aim = objective(recipe, data, runtime=runtime)
        with runtime.private_randomness():
            network = build(architecture)
        durations = rehearse(
            PlainStep(network, resolution=architecture.resolution, objective=aim),
            network=network,
            batches=batches,
            recipe=recipe,
            runtime=runtime,
            seconds=self.seconds,
        )
        return float(np.median(durations)) / recipe.batch_size


def rehearse_all(
    architectures: Sequence[Architecture],
    *,
    recipe: Recipe,
    data: ImageData,
    runtime: Runtime,
    num_processes: int,
    seconds: float,
) -> Rehearsed:
    """Train networks for a few steps each, so many at a time, for the clock only.

    Args:
        architectures: for the data at hand; the last one is also timed alone. Neighbours run side
            by side.
        num_processes: as `side_by_side.num_processes` says; 1 runs here.
        seconds: of steps that are timed, each network; at least two steps.
    """
    here, shared = share_images(data) if num_processes > 1 else (data, {})
    work = Rehearsal(
        data=here,
        recipe=recipe,
        device=str(runtime.device),
        precision=runtime.precision,
        seconds=seconds,
    )
    # No process is to be idle while another is timed: all are ready first, and the last network
    # fills up the last turn.
    last = architectures[-1]
    turns = [*architectures, *[last] * (-len(architectures) % num_processes)]
    with WorkerPool(
        work, num_workers=num_processes, shared=shared, memory=runtime.trainer_memory
    ) as pool:
        list(pool.run([None] * num_processes))
        found = dict(pool.run(turns))
        together = tuple(found[i] for i in range(len(architectures)))
        alone = dict(pool.run([last]))[0] if num_processes > 1 else together[-1]
    with WorkerPool(work, num_workers=1, shared=shared, threads=None) as pool:
        threaded = dict(pool.run([last]))[0]
    return Rehearsed(
        together=together,
        alone=min(alone, together[-1]),
        threaded=threaded,
    )
