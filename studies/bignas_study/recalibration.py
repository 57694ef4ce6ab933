"""Batch norm statistics of each slice's own, or statistics that slices share.

The supernet has no running statistics, so what happens without recalibration is made from the
finished weights: `Shared` is what its batch norms would have held if they kept running averages.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from bignas_study.plan import Plan, Work, score_slices
from bignas_study.slices import spread
from bignas_study.supernets import Job
from common.files import read
from common.images import leading
from escalade.artefacts.files import write_json
from escalade.core.network.architecture import Architecture
from escalade.data import ImageData
from escalade.data.batches import prepare
from escalade.evaluate.batch_cache import BatchCache
from escalade.evaluate.score import BATCH_SIZE, count_correct
from escalade.supernet.normalise import EPSILON, Normalise
from escalade.supernet.supernet import Supernet
from escalade.train.runtime import Runtime

MOMENTUM = 0.1  # torch's default
# Steps of the training that the running averages see once more; at this momentum only the last
# hundred or so of its paths count.
NUM_STEPS = 100
NUM_IMAGES = (128, 1024, 8192)
RUNNING, LARGEST = "running averages of all paths", "the largest path's"
CACHE_BYTES = 1 << 29


class Shared:
    """Means and variances for all channels of a supernet's batch norms, in place of the paths' own.

    A path takes those of its channels, the leading ones. Which batch norm it is, its scale's place
    in memory tells: a slice begins where the whole does.
    """

    def __init__(self, supernet: Supernet) -> None:
        scales = [p for p in supernet.parameters() if p.dim() == 1]
        self._held = {p.data_ptr(): (torch.zeros_like(p), torch.ones_like(p)) for p in scales}
        self._num = dict.fromkeys(self._held, 0)

    def normalise(self, *, learns: bool, momentum: float | None = MOMENTUM) -> Normalise:
        """With the batch's statistics, which go into the averages, or with the averages.

        Args:
            learns: take the batch's.
            momentum: of the averages; None averages all batches alike.
        """

        def run(x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
            place = weight.data_ptr()
            mean, variance = (held.detach()[: len(weight)] for held in self._held[place])
            share = 0.0
            if learns:
                self._num[place] += 1
                share = 1 / self._num[place] if momentum is None else momentum
            return F.batch_norm(
                x, mean, variance, weight, bias, training=learns, momentum=share, eps=EPSILON
            )

        return run


def run(work: Work, seed: int) -> None:
    """Score the best recipe's slices in every way."""
    training = work.plan.steady(seed)
    score_slices(work, [training])
    (job,) = work.train([training])
    for num in NUM_IMAGES:
        _keep(job, own_name(num), lambda num=num: _own(work, job, num))  # type: ignore[misc]
    _keep(job, RUNNING, lambda: _shared(work, job, _running(job, work.data)))
    _keep(job, LARGEST, lambda: _shared(work, job, _largest(job, work.data)))


def found(plan: Plan, seed: int) -> dict[str, list[float]]:
    """Accuracies of the slices by way, of those that are scored."""
    job = plan.job(plan.steady(seed))
    names = [*(own_name(num) for num in NUM_IMAGES), RUNNING, LARGEST]
    done: dict[str, Any] = {name: read(_path(job, name)) for name in names}
    return {name: each["accuracies"] for name, each in done.items() if each}


def own_name(num: int) -> str:
    return f"the slice's own, {num:,} images"


def _keep(job: Job, name: str, make: Callable[[], list[float]]) -> None:
    if read(_path(job, name)) is None:
        write_json(_path(job, name), {"accuracies": make()})


def _path(job: Job, name: str) -> Any:
    words = name.replace(",", "").replace("'", "").split()
    return job.folder / "recalibration" / f"{'-'.join(words)}.json"


def _own(work: Work, job: Job, num: int) -> list[float]:
    bench = replace(work.judging(work.setting.judge_images), num_recalibration=num)
    return bench.score(job, spread(work.setting, job.training))


def _shared(work: Work, job: Job, made: tuple[Supernet, Shared]) -> list[float]:
    """Accuracies with shared statistics, on the same images."""
    supernet, shared = made
    data, images = work.data, leading(work.judge, work.setting.judge_images)
    cache = BatchCache(
        images,
        batch_size=BATCH_SIZE,
        mean=data.mean,
        std=data.std,
        device=torch.device("cpu"),
        max_bytes=CACHE_BYTES,
    )
    runtime, found = Runtime(device="cpu", threads=1), []
    for path in spread(work.setting, job.training):
        network = _network(supernet, path.architecture, shared)
        batches = cache.at(path.architecture.resolution)
        found.append(count_correct(network, batches, autocast=runtime.autocast) / len(images))
    return found


def _network(
    supernet: Supernet, architecture: Architecture, shared: Shared
) -> Callable[[Tensor], Tensor]:
    def network(x: Tensor) -> Tensor:
        return supernet.run(x, architecture, normalise=shared.normalise(learns=False))

    return network


@torch.no_grad()
def _running(job: Job, data: ImageData) -> tuple[Supernet, Shared]:
    """Running averages over all paths of some steps, the smallest and the largest among them."""
    supernet = job.trained()
    shared, sandwich, batches = Shared(supernet), job.sandwich(), job.batches(data)
    for step in range(min(NUM_STEPS, job.recipe.num_steps(batches.num_per_epoch))):
        images, _ = batches.at(step)
        networks = [path.architecture for path in sandwich.at(step).all]
        _learn(supernet, shared, networks, images, data=data, momentum=MOMENTUM)
    return supernet, shared


@torch.no_grad()
def _largest(job: Job, data: ImageData) -> tuple[Supernet, Shared]:
    """The largest path's own statistics, of 1,024 images without augmentation."""
    supernet = job.trained()
    shared = Shared(supernet)
    largest = job.sandwich().at(0).largest
    assert largest is not None
    for images in _unchanged(data):
        network = largest.architecture
        _learn(supernet, shared, [network], images, data=data, momentum=None)
    return supernet, shared


def _unchanged(data: ImageData, num: int = 1024, batch_size: int = 128) -> Iterator[Tensor]:
    images = leading(data.train, num).images
    yield from images.split(min(batch_size, len(images)))


def _learn(
    supernet: Supernet,
    shared: Shared,
    networks: Sequence[Architecture],
    images: Tensor,
    *,
    data: ImageData,
    momentum: float | None,
) -> None:
    for network in networks:
        x = prepare(images, resolution=network.resolution, mean=data.mean, std=data.std)
        supernet.run(x, network, normalise=shared.normalise(learns=True, momentum=momentum))
