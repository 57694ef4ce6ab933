"""Training one member: from scratch, or from a packaged member's weights."""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import nn

from escalade.core.network import cost
from escalade.core.network.architecture import Architecture
from escalade.core.numbers.score_words import LabelTask
from escalade.core.numbers.seeds import torch_seed
from escalade.core.numbers.shown import percent
from escalade.data.image_data import ImageData
from escalade.family.packaging import package
from escalade.family.trainings.jobs import MemberJob
from escalade.family.trainings.making import Made, Workplace, finish
from escalade.family.trainings.warm_start import WarmStart, warm_start
from escalade.nets.build import build
from escalade.nets.channels import adapt
from escalade.train.prepare import objective
from escalade.train.runtime import Runtime
from escalade.train.step import PlainStep, Step, TrainingObjective
from escalade.train.steps.distil import DistilStep


@dataclass(frozen=True, slots=True, kw_only=True)
class RetrainJob(MemberJob):
    """One training of one member, named such as `S2`.

    Attributes:
        architecture: the member, for the data at hand.
        start: a packaged member whose weights it starts from: the same network (fine-tuning), or
            a smaller one (warm start of a grown member). None is from scratch.
        teacher: a packaged network of the same classes whose predictions it learns from, instead
            of the labels.
        zero_residual: how residual branches begin without a start; see `nets.build.build`.
    """

    stream = "retrain"
    architecture: Architecture
    start: Path | None = None
    teacher: Path | None = None
    zero_residual: bool | None = None

    @property
    def macs(self) -> int:
        return cost.of(self.architecture).macs

    @property
    def needs(self) -> Path | None:
        return self.start

    def make(self, place: Workplace) -> Made:
        """Train the member and finish it.

        Raises:
            ValueError: if the architecture is not for this data, or the start does not fit.
        """
        data, runtime = place.data, place.runtime
        _fits(self.architecture, data)
        network, started = initial_network(self, runtime=runtime)
        aim = objective(self.recipe, data, runtime=runtime)
        step = _step(self, network, task=data.task, objective=aim, runtime=runtime)
        result = self.train(step, network=network, place=place, identity=_identity(self, data))
        return finish(
            network,
            self.architecture,
            place=place,
            num_steps=result.num_steps,
            num_images=result.num_images,
            seconds=result.seconds,
            start=started,
        )


def initial_network(job: RetrainJob, *, runtime: Runtime) -> tuple[nn.Module, WarmStart | None]:
    """The job's network before its first step, on the device, and what came from its start."""
    architecture = job.architecture
    with runtime.private_randomness():
        torch.manual_seed(torch_seed(job.seed, job.stream, job.name, "weights"))
        network = build(
            architecture,
            drop_rate=job.recipe.drop_rate,
            drop_path_rate=job.recipe.drop_path_rate,
            zero_residual=job.zero_residual,
        )
    started = None
    if job.start is not None:
        state, of = adapt(
            package.load_state(job.start),
            package.read(job.start).architecture,
            num_classes=architecture.num_classes,
            in_channels=architecture.in_channels,
        )
        started = warm_start(network, architecture, state=state, of=of)
    network.to(device=runtime.device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    return network, started


def _step(
    job: RetrainJob,
    network: nn.Module,
    *,
    task: LabelTask,
    objective: TrainingObjective,
    runtime: Runtime,
) -> Step:
    resolution = job.architecture.resolution
    if job.teacher is None:
        return PlainStep(network, resolution=resolution, objective=objective)
    packed = package.read(job.teacher)
    of = packed.architecture
    if packed.task != task:
        raise ValueError(
            f"{job.teacher}: the teacher is of {packed.task}, {job.name} of {task}; "
            "train a teacher on these images"
        )
    if of.num_classes != job.architecture.num_classes:
        raise ValueError(
            f"{job.teacher}: the teacher has {of.num_classes} classes, {job.name} "
            f"{job.architecture.num_classes}; train a teacher on these images"
        )
    teacher = package.load_network(job.teacher)
    teacher.to(device=runtime.device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    return DistilStep(
        network,
        resolution=resolution,
        teacher=teacher,
        teacher_resolution=of.resolution,
        objective=objective,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class BetterStart:
    """Which of two starts is kept, and one sentence with the numbers.

    Attributes:
        made: the better one on the search split; scratch where they are equal.
        is_warm: whether that is the warm start.
        note: for the card and the report.
    """

    made: Made
    is_warm: bool
    note: str


def better_start(*, scratch: Made, warm: Made) -> BetterStart:
    """Choose between the same member trained from scratch and from smaller weights."""
    gap = warm.search.accuracy - scratch.search.accuracy
    error = math.hypot(warm.search.standard_error, scratch.search.standard_error)
    if abs(gap) <= 2 * error:
        verdict = "no clear difference"
    else:
        verdict = "the warm start helped" if gap > 0 else "the warm start did not help"
    is_warm = gap > 0
    note = (
        f"Trained from the weights of the member before it and from scratch, "
        f"{warm.num_images:,} and {scratch.num_images:,} images: "
        f"{percent(warm.search.accuracy, digits=2)} and "
        f"{percent(scratch.search.accuracy, digits=2)} on the "
        f"search images (difference {100 * gap:+.2f} points, standard error {100 * error:.2f}): "
        f"{verdict}. Kept: {'the warm start' if is_warm else 'from scratch'}."
    )
    return BetterStart(made=warm if is_warm else scratch, is_warm=is_warm, note=note)


def _fits(architecture: Architecture, data: ImageData) -> None:
    for field, found in (("num_classes", data.num_classes), ("in_channels", data.in_channels)):
        if getattr(architecture, field) != found:
            raise ValueError(
                f"{architecture.name or 'architecture'}.{field}: {getattr(architecture, field)}, "
                f"but {data.name} has {found}"
            )


def _identity(job: RetrainJob, data: ImageData) -> dict[str, str]:
    start = "scratch" if job.start is None else weights_digest(job.start)
    found = {"architecture": job.architecture.key, "data": data.train_digest, "start": start}
    found["zero_residual"] = str(job.zero_residual)
    return found if job.teacher is None else found | {"teacher": weights_digest(job.teacher)}


def weights_digest(folder: Path) -> str:
    """Of a package's weights, by which a checkpoint knows them."""
    return hashlib.sha256((folder / package.WEIGHTS).read_bytes()).hexdigest()[:16]
