"""Batch norm statistics of each slice's own, or statistics that slices share.

The supernet has no running statistics, so what happens without recalibration is made from the
finished weights: `Shared` is what its batch norms would have held if they kept running averages.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import partial
from pathlib import Path

import torch
from torch import Tensor
from torch.nn import functional as F

from bignas_study.space import spread
from bignas_study.supernets import Job, Work
from common import lab
from common.files import once, read, slug
from common.images import leading
from common.lab import Architecture, Supernet

MOMENTUM = 0.1  # torch's default
# Steps of the training that the running averages see once more; at this momentum only the last
# hundred or so of its paths count.
NUM_STEPS = 100
CACHE_BYTES = 1 << 29
Scores = dict[str, list[float]]


class Shared:
    """Means and variances for all channels of a supernet's batch norms, in place of the paths' own.

    A path takes those of its channels, the leading ones. Which batch norm it is, its scale's place
    in memory tells: a slice begins where the whole does.
    """

    def __init__(self, supernet: Supernet) -> None:
        scales = [p for p in supernet.parameters() if p.dim() == 1]
        self._held = {p.data_ptr(): (torch.zeros_like(p), torch.ones_like(p)) for p in scales}
        self._num = dict.fromkeys(self._held, 0)

    def normalise(self, *, learns: bool, momentum: float | None = MOMENTUM) -> lab.Normalise:
        """With the batch's statistics, which go into the averages, or with the averages.

        Args:
            learns: take the batch's.
            momentum: of the averages; None averages all batches alike.
        """

        def run(x: Tensor, weight: Tensor, bias: Tensor, epsilon: float) -> Tensor:
            place = weight.data_ptr()
            mean, variance = (held.detach()[: len(weight)] for held in self._held[place])
            share = 0.0
            if learns:
                self._num[place] += 1
                share = 1 / self._num[place] if momentum is None else momentum
            return F.batch_norm(
                x, mean, variance, weight, bias, training=learns, momentum=share, eps=epsilon
            )

        return run


def run(work: Work, seed: int) -> None:
    """Score the best recipe's slices in every way."""
    training = work.steady(seed)
    work.score_slices([training])
    job = work.job(training)
    for name, way in WAYS.items():
        once(_path(job, name), partial(way, work, job))


def found(work: Work, seed: int) -> Scores:
    """Accuracies of the slices by way, of those that are scored."""
    job = work.job(work.steady(seed))
    done = {name: read(_path(job, name)) for name in WAYS}
    return {name: each["accuracies"] for name, each in done.items() if each}


def own_name(num: int) -> str:
    return f"the slice's own, {num:,} images"


def _path(job: Job, name: str) -> Path:
    return job.folder / "recalibration" / f"{slug(name)}.json"


def _own(work: Work, job: Job, *, num: int) -> Scores:
    bench = replace(work.judging(work.setting.judge_images), num_recalibration=num)
    return {"accuracies": bench.score(job, spread(work.setting, job.training))}


def _running(work: Work, job: Job) -> Scores:
    """With running averages over all paths of some steps, smallest and largest among them."""
    sandwich, batches = job.sandwich(), job.batches(work.data, lab.Runtime(device="cpu"))
    steps = range(min(NUM_STEPS, job.num_steps(work.data)))
    seen = (
        (path.architecture, batches.at(step)[0]) for step in steps for path in sandwich.at(step).all
    )
    return _shared(work, job, seen, momentum=MOMENTUM)


def _largest(work: Work, job: Job) -> Scores:
    """With the largest path's own statistics, of 1,024 images without augmentation."""
    largest, images = job.sandwich().at(0).largest, leading(work.data.train, 1024).images
    assert largest is not None
    seen = ((largest.architecture, batch) for batch in images.split(min(128, len(images))))
    return _shared(work, job, seen, momentum=None)


@torch.no_grad()
def _shared(
    work: Work,
    job: Job,
    seen: Iterable[tuple[Architecture, Tensor]],
    *,
    momentum: float | None,
) -> Scores:
    """With statistics that all slices share, those of the networks and batches seen."""
    supernet, data = job.trained(), work.data
    images = leading(work.images[1], work.setting.judge_images)
    shared, runtime, found = Shared(supernet), lab.Runtime(device="cpu", threads=1), []
    for network, batch in seen:
        x = lab.prepare_images(batch, resolution=network.resolution, mean=data.mean, std=data.std)
        supernet.run(x, network, normalise=shared.normalise(learns=True, momentum=momentum))
    cache = lab.BatchCache(
        images,
        name="judge",
        batch_size=lab.SCORED_AT_ONCE,
        mean=data.mean,
        std=data.std,
        device=runtime.device,
        folder=None,
        max_bytes=CACHE_BYTES,
    )
    normalise = shared.normalise(learns=False)
    for path in spread(work.setting, job.training):
        run = partial(supernet.run, architecture=path.architecture, normalise=normalise)
        batches = cache.at(path.architecture.resolution)
        found.append(lab.count_correct(run, batches, autocast=runtime.autocast) / len(images))
    return {"accuracies": found}


# Ways to come to statistics, by name.
WAYS: dict[str, Callable[[Work, Job], Scores]] = {
    **{own_name(num): partial(_own, num=num) for num in (128, 1024, 8192)},
    "running averages of all paths": _running,
    "the largest path's": _largest,
}
