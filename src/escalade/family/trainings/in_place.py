"""Training one child in place: a supernet of the largest path and the child alone.

In-place distillation from scratch (BigNAS, Table 3, distillation B): the two share weights, the
largest path learns from the labels, the child from its soft labels, and then the child is sliced.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import torch

from escalade.config.recipe import Recipe
from escalade.core.network import cost
from escalade.core.network.architecture import Architecture
from escalade.core.numbers.seeds import torch_seed
from escalade.core.sampling.sandwich_paths import Pair
from escalade.core.space.choice_shape import ChoiceShape
from escalade.core.space.path import Path as NetworkPath
from escalade.core.space.shape import SupernetShape
from escalade.data.image_data import ImageData
from escalade.evaluate.path_meter import EvaluationSettings
from escalade.family.trainings.alone import train_job
from escalade.family.trainings.making import Made, slice_member
from escalade.supernet.make import make_supernet
from escalade.supernet.shared_weights import SharedWeights
from escalade.train.metrics import Progress
from escalade.train.prepare import objective
from escalade.train.runtime import Runtime
from escalade.train.sandwich_step import SandwichStep

STREAM = "in_place"


@dataclass(frozen=True, slots=True, kw_only=True)
class InPlaceJob:
    """One training of a child beside the path that teaches it; a value that pickles.

    Attributes:
        name: the stage in metrics and messages; also names its random streams.
        largest: the path that teaches.
        child: the path that is sliced.
        shape: what the supernet holds; both paths are in it.
        zero_residual: as for `Supernet`.
        regularise: as for `SandwichStep`.
        patches: as for `SandwichStep`.
        recipe: how to train.
        seed: of the run.
        folder: holds this training's checkpoint and metrics; its own.
    """

    name: str
    largest: NetworkPath
    child: NetworkPath
    shape: SupernetShape | ChoiceShape
    zero_residual: bool = False
    regularise: str = "largest"
    patches: str = "same"
    recipe: Recipe
    seed: int
    folder: Path

    @property
    def architecture(self) -> Architecture:
        """What comes out of it."""
        return self.child.architecture

    @property
    def macs(self) -> int:
        """Macs that an image is trained with."""
        return sum(cost.of(path.running).macs for path in (self.largest, self.child))


def train_in_place(
    job: InPlaceJob,
    *,
    data: ImageData,
    runtime: Runtime,
    settings: EvaluationSettings,
    checkpoint_seconds: float = 30.0,
    progress: Callable[[Progress], None] | None = None,
    should_stop: Callable[[], bool] | None = None,
) -> Made:
    """Train a child in place, slice and finish it; the same call goes on after a kill.

    Arguments are those of `retrain_member`.

    Raises:
        ValueError: if the supernet does not hold a path, or the two are one network.
        Interrupted: `should_stop` said so; the same call goes on.
        TrainingDiverged: the loss is not finite.
    """
    supernet = _initial(job, runtime)
    pair = Pair(largest=job.largest, child=job.child)
    step = SandwichStep(
        supernet,
        sandwich=pair,
        objective=objective(job.recipe, data, runtime=runtime),
        recipe=job.recipe,
        regularise=job.regularise,
        patches=job.patches,
    )
    result = train_job(
        job,
        step,
        network=supernet,
        data=data,
        runtime=runtime,
        stream=STREAM,
        identity={
            "architecture": job.child.key,
            "data": data.train_digest,
            "largest": job.largest.key,
        },
        num_crops=pair.num_paths if job.patches == "different" else 1,
        checkpoint_seconds=checkpoint_seconds,
        progress=progress,
        should_stop=should_stop,
    )
    made = slice_member(supernet, job.child.running, data=data, runtime=runtime, settings=settings)
    return replace(
        made, num_steps=result.num_steps, num_images=result.num_images, seconds=result.seconds
    )


def _initial(job: InPlaceJob, runtime: Runtime) -> SharedWeights:
    with runtime.private_randomness():
        torch.manual_seed(torch_seed(job.seed, STREAM, job.name, "weights"))
        supernet = make_supernet(job.shape, zero_residual=job.zero_residual)
    return supernet.to(runtime.device)
