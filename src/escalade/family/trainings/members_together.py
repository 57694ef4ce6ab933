"""Training a family on together: its members stay slices of one set of weights.

A supernet's weights serve every network of the space, which costs each of them something
(docs/studies.md). Once the members are chosen, some epochs in which they alone train, all in every
step, give that back, and they still are slices of the same supernet.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from escalade.config.recipe import Recipe
from escalade.core.space.path import Path as NetworkPath
from escalade.data.image_data import ImageData
from escalade.family.trainings.alone import train_job
from escalade.supernet.shared_weights import SharedWeights
from escalade.train.loop import TrainResult
from escalade.train.metrics import Progress
from escalade.train.prepare import objective
from escalade.train.runtime import Runtime
from escalade.train.together_step import TogetherStep

STREAM = "together"


@dataclass(frozen=True, slots=True, kw_only=True)
class TogetherJob:
    """One training of a family's members in their supernet.

    Attributes:
        name: the stage in metrics and messages; also names its random streams.
        members: paths of the supernet.
        distillation: what the costliest member's predictions count for the others; see
            `TogetherStep`.
        recipe: how to train; its dropout is for every member.
        seed: of the run.
        folder: holds this training's checkpoint and metrics; its own.
        start: says which weights it starts from, so that no checkpoint of others is taken up.
    """

    name: str
    members: tuple[NetworkPath, ...]
    distillation: float
    recipe: Recipe
    seed: int
    folder: Path
    start: str


def train_together(
    job: TogetherJob,
    supernet: SharedWeights,
    *,
    data: ImageData,
    runtime: Runtime,
    checkpoint_seconds: float = 30.0,
    progress: Callable[[Progress], None] | None = None,
    should_stop: Callable[[], bool] | None = None,
) -> TrainResult:
    """Train a supernet's weights on, by steps of the members alone; after a kill it goes on.

    Every member learns in every step, the costliest from the labels, the others also from its
    predictions. Tensors that no member uses stay as they are; parts of others that none uses see
    weight decay alone.

    Args:
        job: what to train.
        supernet: trained, on the device; changed in place.
        data: `train` is trained on; no other images are touched.
        runtime: device, precision, ranks.
        checkpoint_seconds: time between saves.
        progress: as for `train`.
        should_stop: as for `train`.

    Raises:
        ValueError: if there are no members, one is there twice, the supernet does not hold one, or
            `distillation` is no share.
        Interrupted: `should_stop` said so; the same call goes on.
        TrainingDiverged: the loss is not finite.
    """
    step = TogetherStep(
        partial(supernet, drop_rate=job.recipe.drop_rate),
        paths=job.members,
        objective=objective(job.recipe, data, runtime=runtime),
        distillation=job.distillation,
    )
    return train_job(
        job,
        step,
        network=supernet,
        data=data,
        runtime=runtime,
        stream=STREAM,
        identity={
            "data": data.train_digest,
            "distillation": job.distillation,
            "members": " ".join(path.key for path in job.members),
            "start": job.start,
        },
        checkpoint_seconds=checkpoint_seconds,
        progress=progress,
        should_stop=should_stop,
    )
