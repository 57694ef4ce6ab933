"""Several members trained side by side: in processes of one thread each, or divided among ranks."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

import torch
from torch import Tensor

from escalade.data.image_data import ImageData
from escalade.data.listing.listed_images import ListedImages
from escalade.data.splits.split import COPIED_BYTES, Split
from escalade.evaluate.path_meter import EvaluationSettings, share_split, shared_split
from escalade.family.trainings.division import divided
from escalade.family.trainings.jobs import MemberJob
from escalade.family.trainings.making import Made, Workplace
from escalade.train.metrics import Progress
from escalade.train.pool import WorkerPool
from escalade.train.runtime import Runtime
from escalade.train.worker import Link

SPLITS = ("train", "search")
Job = TypeVar("Job", bound=MemberJob)


@dataclass(frozen=True, kw_only=True)
class Retraining:
    """The work of a pool: results are `Made`.

    Attributes:
        data: without the images if they are among the shared tensors.
        is_alone: whether this runs in a worker process, outside the ranks.
    """

    data: ImageData
    settings: EvaluationSettings
    device: str
    precision: str
    checkpoint_seconds: float
    is_alone: bool

    def setup(self, shared: Mapping[str, Tensor]) -> tuple[ImageData, Runtime]:
        data = with_shared_images(self.data, shared)
        runtime = Runtime(device=self.device, precision=self.precision, is_alone=self.is_alone)
        return data, runtime

    def run(self, state: tuple[ImageData, Runtime], job: MemberJob, link: Link) -> Made:
        data, runtime = state
        place = Workplace(
            data=data,
            runtime=runtime,
            settings=self.settings,
            checkpoint_seconds=self.checkpoint_seconds,
            progress=lambda _, value: link.report(value),
            should_stop=link.should_stop,
        )
        return job.make(place)


def retrain_all(
    jobs: Sequence[Job],
    place: Workplace,
    *,
    num_workers: int | None = None,
    all_threads: bool = False,
    together: Collection[str] = (),
    on_made: Callable[[Job, Made], None] | None = None,
) -> Iterator[tuple[Job, Made]]:
    """Train members; yields each as it is done. One that `needs` another starts after that.

    What most work hangs on starts first. On CPU every job has one thread, unless all are to have
    all threads, so a member's weights do not depend on how many are trained or where. Several ranks
    divide the jobs: each, and all that needs it, is trained by one rank as if there were no others,
    and all are yielded, without weights, once all are done. On CUDA one after the other, unless
    `num_workers` says how many share the GPU.

    Args:
        jobs: folders and names must differ; the same on all ranks.
        num_workers: processes; None is one a core, on CUDA one.
        all_threads: on CPU, for one process: every job has the threads of this one.
        together: names of jobs that all ranks train together, one after the other, before.
        on_made: gets what was made, by one process: that which trained it, or rank 0. What needs
            it begins after that.

    Raises:
        Interrupted: `place.should_stop` said so; running jobs save, and the same call goes on.
    """
    ordered = _ordered(jobs, data=place.data)
    keep: Callable[[Job, Made], None] = on_made or (lambda job, made: None)
    if place.runtime.world_size == 1:
        threads = None if all_threads else 1
        yield from _trained(ordered, place, keep, num_workers=num_workers, threads=threads)
        return
    shared = [job for job in ordered if job.name in together]
    keep_once = keep if place.runtime.is_main else lambda job, made: None
    for job, made in _trained(shared, place, keep_once):
        place.runtime.barrier()  # others may begin with its weights
        yield job, made
    yield from _divided([job for job in ordered if job.name not in together], place, keep)


def _trained(
    jobs: Sequence[Job],
    place: Workplace,
    keep: Callable[[Job, Made], None],
    *,
    num_workers: int | None = None,
    threads: int | None = 1,
    is_alone: bool = False,
) -> Iterator[tuple[Job, Made]]:
    data, runtime = place.data, place.runtime
    places = {job.folder: index for index, job in enumerate(jobs)}
    needs = [None if job.needs is None else places.get(job.needs) for job in jobs]
    num = num_processes(len(jobs), data=data, runtime=runtime, num_workers=num_workers)
    here, shared = share_images(data) if num > 1 else (data, {})
    work = Retraining(
        data=replace(here, test=_empty(data)),
        settings=place.settings,
        device=str(runtime.device),
        precision=runtime.precision,
        checkpoint_seconds=place.checkpoint_seconds,
        is_alone=is_alone or num > 1,
    )

    def report(index: int, value: Progress) -> None:
        if place.progress is not None:
            place.progress(jobs[index].name, value)

    with WorkerPool(
        work,
        num_workers=num,
        shared=shared,
        memory=runtime.trainer_memory,
        threads=threads,
    ) as pool:
        for index, made in pool.run(
            jobs, needs=needs, on_report=report, should_stop=place.should_stop
        ):
            keep(jobs[index], made)
            yield jobs[index], made


def _divided(
    jobs: Sequence[Job], place: Workplace, keep: Callable[[Job, Made], None]
) -> Iterator[tuple[Job, Made]]:
    """Train this rank's jobs; yields those of all ranks, without weights, when all are done."""
    runtime, named = place.runtime, {job.name: job for job in jobs}
    groups = chains(jobs)
    work = [sum(work_of(job, place.data) for job in group) for group in groups]
    places = divided(work, num_ranks=runtime.world_size)[runtime.rank]
    own = [job for at in places for job in groups[at]]
    made = [(job.name, each) for job, each in _trained(own, place, keep, is_alone=True)]
    told = runtime.gather([(name, replace(each, weights=b"")) for name, each in made])
    for part in told:
        for name, each in part:
            yield named[name], each


def num_processes(
    num_jobs: int, *, data: ImageData, runtime: Runtime, num_workers: int | None = None
) -> int:
    """How many of so many trainings run at a time; the arguments are those of `retrain_all`."""
    too_large = data.train.num_bytes > COPIED_BYTES
    if runtime.world_size > 1 or too_large:
        return 1
    if runtime.on_cuda:
        return max(1, min(num_jobs, num_workers or 1))
    return max(1, min(num_jobs, runtime.num_workers(num_workers)))


def share_images(data: ImageData) -> tuple[ImageData, dict[str, Tensor]]:
    """The data set without its images, and those to train on and to score as shared tensors."""
    shared: dict[str, Tensor] = {}
    for name in SPLITS:
        shared |= share_split(getattr(data, name), name)
    none = _empty(data)
    return replace(data, train=none, search=none, test=none, listed=ListedImages()), shared


def with_shared_images(data: ImageData, shared: Mapping[str, Tensor]) -> ImageData:
    """The data set with the images that are among the shared tensors, if there are any."""
    if not shared:
        return data
    train, search = (shared_split(shared, name) for name in SPLITS)
    return replace(data, train=train, search=search)


def chains(jobs: Sequence[Job]) -> list[list[Job]]:
    """Every training that needs no other of these, followed by all that need it."""
    folders = {job.folder for job in jobs}

    def with_others(job: Job) -> list[Job]:
        others = [each for each in jobs if each.needs == job.folder]
        return [job, *(one for other in others for one in with_others(other))]

    return [with_others(job) for job in jobs if job.needs not in folders]


def _ordered(jobs: Sequence[Job], *, data: ImageData) -> list[Job]:
    """By the work from a job's start until all that needs it is done."""

    def work(job: Job) -> float:
        others = (work(each) for each in jobs if each.needs == job.folder)
        return work_of(job, data) + max(others, default=0.0)

    return sorted(jobs, key=work, reverse=True)


def work_of(job: MemberJob, data: ImageData) -> float:
    return job.recipe.num_images(len(data.train)) * job.macs


def _empty(data: ImageData) -> Split:
    shape = (0, data.in_channels, data.side, data.side)
    return Split(torch.empty(shape, dtype=torch.uint8), torch.empty(0, dtype=torch.int64))
