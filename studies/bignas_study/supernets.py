"""Supernets: one folder each, trained once for all studies that ask for the same one."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save
from torch import Tensor

from bignas_study.setting import LADDER, LADDER_SPACE, NUM_RANDOM, SINGLE, Setting, Training
from claim_test.images import leading
from common import read
from escalade.core.layer_space import LayerSpace
from escalade.core.samplers import Hierarchical, Uniform, Window
from escalade.core.sandwich import Sandwich
from escalade.core.seeds import torch_seed
from escalade.data import ImageData, TrainBatches
from escalade.evaluate.measure import share_split, shared_split
from escalade.family.files import write_bytes, write_json
from escalade.spaces.load import SupernetSpace, load
from escalade.supernet.supernet import Supernet
from escalade.train.augmentation import augmentation
from escalade.train.loop import train
from escalade.train.metrics import Progress
from escalade.train.pool import Pool
from escalade.train.recipe import Recipe
from escalade.train.runtime import Runtime
from escalade.train.sandwich import SandwichStep
from escalade.train.steps import Batch, Objective, SinglePathStep, Step
from escalade.train.worker import Link

SUPERNETS = "supernets"
WINDOW = 1.5


@dataclass(frozen=True)
class Job:
    """A supernet's folder: weights, what they cost, and what is scored with them."""

    folder: Path
    training: Training
    recipe: Recipe

    @classmethod
    def of(cls, folder: Path, setting: Setting, training: Training) -> Job:
        """The job of a training in the study's folder."""
        return cls(folder / SUPERNETS / training.name, training, setting.supernet_recipe(training))

    @cached_property
    def space(self) -> SupernetSpace:
        return space_of(self.training)

    @property
    def cost(self) -> dict[str, Any] | None:
        """What the training cost, None while it is not done."""
        return read(self.folder / "supernet.json")

    def empty(self) -> Supernet:
        """With the initial weights of its seed."""
        torch.manual_seed(torch_seed(self.training.seed, "supernet"))
        return Supernet(self.space.shape, zero_residual=self.training.zero_residual)

    def trained(self) -> Supernet:
        supernet = self.empty()
        supernet.load_state_dict(load_file(self.folder / "supernet.safetensors"))
        return supernet

    def batches(self, data: ImageData, device: torch.device | str = "cpu") -> TrainBatches:
        """What it trains on."""
        different = self.training.patches == "different"
        return TrainBatches(
            data.train,
            batch_size=self.recipe.batch_size,
            seed=self.training.seed,
            augmentation=augmentation(self.recipe, data),
            device=device,
            num_crops=NUM_RANDOM + 2 if different else 1,
        )

    def sandwich(self) -> Sandwich:
        """The paths of its steps."""
        space, seed = self.space.training, self.training.seed
        return Sandwich(space, sampler=self._sampler, seed=seed, num_random=NUM_RANDOM)

    def step(self, supernet: Supernet, data: ImageData, runtime: Runtime) -> Step:
        """How it trains."""
        training = self.training
        objective = Objective(
            mean=data.mean,
            std=data.std,
            label_smoothing=self.recipe.label_smoothing,
            autocast=runtime.autocast,
        )
        if training.step == SINGLE:
            return SinglePathStep(
                supernet,
                space=self.space.training,
                sampler=self._sampler,
                seed=training.seed,
                objective=objective,
            )
        return SandwichStep(
            supernet,
            sandwich=self.sandwich(),
            objective=objective,
            recipe=self.recipe,
            distillation=training.distillation,
            distil_from=round(training.distil_after * self._num_steps(data)),
            regularise=training.regularise,
            patches=training.patches,
        )

    def _num_steps(self, data: ImageData) -> int:
        return self.recipe.num_steps(len(data.train) // self.recipe.batch_size)

    @property
    def _sampler(self) -> Uniform | Hierarchical:
        """Uniform in a space without a ladder; else even over stages, resolutions and depths."""
        space = self.space.training
        if isinstance(space, LayerSpace):
            return Uniform(space)
        targets = tuple(budget.target for budget in LADDER)
        return Hierarchical(space, window=Window(targets=targets, factor=WINDOW, balance="both"))


def space_of(training: Training) -> SupernetSpace:
    """The space that a supernet holds."""
    if training.space == LADDER_SPACE:
        factors = [budget.target / LADDER[0].target for budget in LADDER]
        return load(LADDER_SPACE, factors=factors, in_channels=1, num_classes=10)
    space = load(training.space, in_channels=1, num_classes=10)
    assert isinstance(space, LayerSpace)
    return space if training.transitions else space.with_transitions(False)


@dataclass(frozen=True, kw_only=True)
class _Train:
    """The work of a pool: supernets side by side, one thread each."""

    data: ImageData
    device: str

    def setup(self, shared: Mapping[str, Tensor]) -> ImageData:
        return replace(self.data, train=shared_split(shared, "train"))

    def run(self, state: ImageData, job: Job, link: Link) -> None:
        runtime = Runtime(device=self.device, is_alone=True)
        supernet = job.empty().to(runtime.device)
        batches = job.batches(state, runtime.device)
        result = train(
            job.step(supernet, state, runtime),
            network=supernet,
            batches=batches,
            recipe=job.recipe,
            num_steps=job.recipe.num_steps(batches.num_per_epoch),
            runtime=runtime,
            seed=job.training.seed,
            name=job.training.name,
            checkpoint=job.folder / "checkpoint.pt",
            identity={"train_digest": state.train_digest, "supernet": job.training.name},
            metrics=job.folder / "metrics.jsonl",
            progress=link.report,
            should_stop=link.should_stop,
        )
        weights = {n: p.detach().cpu().contiguous() for n, p in supernet.named_parameters()}
        write_bytes(job.folder / "supernet.safetensors", save(weights))
        found = {"device_seconds": result.seconds, "images": result.num_images}
        write_json(job.folder / "supernet.json", found | {"training": asdict(job.training)})
        (job.folder / "checkpoint.pt").unlink(missing_ok=True)


def train_all(
    jobs: Iterable[Job],
    *,
    data: ImageData,
    device: str,
    num_workers: int,
    say: Callable[[str], None],
) -> None:
    """Train the supernets that are not trained yet."""
    waiting = list({job.folder: job for job in jobs if job.cost is None}.values())
    if not waiting:
        return

    def tell(index: int, progress: Progress) -> None:
        say(
            f"{waiting[index].training.name}: step {progress.step} of {progress.num_steps}, "
            f"{progress.images_per_second:,.0f} images/s, {progress.seconds_left:.0f} s left"
        )

    none = leading(data.train, 0)
    work = _Train(data=replace(data, train=none, search=none, test=none), device=device)
    num, shared = min(num_workers, len(waiting)), share_split(data.train, "train")
    with Pool(work, num_workers=num, shared=shared) as pool:
        for index, _ in pool.run(waiting, on_report=tell):
            print(f"{SUPERNETS}: {waiting[index].training.name}", flush=True)


def pace(first: Job, second: Job, *, data: ImageData, num: int, device: str = "cpu") -> float:
    """How much longer a step of the first takes than one of the second.

    In processor time, on CUDA by the clock.

    Steps of both take turns, `num` of the first and four times as many of the second, whose paths
    vary more; each has one step before to warm up.
    """
    runtime = Runtime(device=device, threads=1)
    clock = runtime.clock if runtime.on_cuda else time.process_time
    jobs, seconds = {first: 1, second: 4}, dict.fromkeys((first, second), 0.0)
    steps = {job: job.step(job.empty().to(runtime.device), data, runtime) for job in jobs}
    made = {job: job.batches(data, runtime.device) for job in jobs}
    for index in range(num + 1):
        for job, times in jobs.items():
            for place in range(times if index else 1):
                batch = _batch(made[job], index * times + place)
                start = clock()
                steps[job](batch)
                if index:
                    seconds[job] += (clock() - start) / times
    return seconds[first] / seconds[second]


def _batch(batches: TrainBatches, step: int) -> Batch:
    images, labels = batches.at(step)
    return Batch(images=images, labels=labels, step=step, share=1.0)
