"""Supernets: a folder each, trained once for all that ask for the same one, side by side."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save
from torch import Tensor

from common.files import read
from common.images import leading
from common.progress import Say
from escalade.artefacts.files import write_bytes, write_json
from escalade.config.recipe import Recipe
from escalade.core.numbers.seeds import torch_seed
from escalade.core.sampling.samplers import Hierarchical, Uniform
from escalade.core.space.space import Space
from escalade.data import ImageData, TrainBatches
from escalade.evaluate.path_meter import share_split, shared_split
from escalade.supernet.make import make_supernet
from escalade.supernet.shared_weights import SharedWeights
from escalade.train.loop import train
from escalade.train.metrics import Progress
from escalade.train.pool import Pool
from escalade.train.prepare import augmentation
from escalade.train.runtime import Runtime
from escalade.train.steps import SinglePathStep, Step, TrainingObjective
from escalade.train.worker import Link

SUPERNETS = "supernets"


@dataclass(frozen=True, kw_only=True)
class SupernetJob(ABC):
    """A supernet's folder: weights, what they cost, and what is scored with them.

    A study's own kind says which space it holds and how it trains.
    """

    folder: Path
    seed: int
    recipe: Recipe

    @property
    @abstractmethod
    def space(self) -> Any:
        """Whose networks it holds."""

    @abstractmethod
    def step(self, supernet: Any, data: ImageData, runtime: Runtime) -> Step:
        """How it trains."""

    @property
    def name(self) -> str:
        return self.folder.name

    @property
    def num_crops(self) -> int:
        """Crops of every image in a batch."""
        return 1

    @property
    def facts(self) -> dict[str, Any]:
        """What supernet.json says beside the cost."""
        return {}

    @property
    def identity(self) -> dict[str, Any]:
        """What a checkpoint must agree on beside the training images."""
        return {"supernet": self.name}

    @property
    def cost(self) -> dict[str, Any] | None:
        """What the training cost, None while it is not done."""
        return read(self.folder / "supernet.json")

    def empty(self) -> Any:
        """With the initial weights of its seed."""
        torch.manual_seed(torch_seed(self.seed, "supernet"))
        return make_supernet(self.space.shape)

    def trained(self) -> Any:
        supernet = self.empty()
        supernet.load_state_dict(load_file(self.folder / "supernet.safetensors"))
        return supernet

    def batches(self, data: ImageData, device: torch.device | str = "cpu") -> TrainBatches:
        """What it trains on."""
        return TrainBatches(
            data.train,
            batch_size=self.recipe.batch_size,
            seed=self.seed,
            augmentation=augmentation(self.recipe, data),
            device=device,
            num_crops=self.num_crops,
        )

    def num_steps(self, data: ImageData) -> int:
        return self.recipe.num_steps(len(data.train) // self.recipe.batch_size)


@dataclass(frozen=True, kw_only=True)
class SampledJob(SupernetJob):
    """A supernet that trains a sampled path a step."""

    sampler: Uniform | Hierarchical

    @property
    def space(self) -> Space:
        return self.sampler.space

    @property
    def identity(self) -> dict[str, Any]:
        """Nothing more: so it stands in the checkpoints that there are."""
        return {}

    def step(self, supernet: SharedWeights, data: ImageData, runtime: Runtime) -> Step:
        objective = objective_of(self.recipe, data, runtime)
        return SinglePathStep(
            supernet, space=self.space, sampler=self.sampler, seed=self.seed, objective=objective
        )


def objective_of(recipe: Recipe, data: ImageData, runtime: Runtime) -> TrainingObjective:
    """Loss and input statistics."""
    return TrainingObjective(
        mean=data.mean,
        std=data.std,
        label_smoothing=recipe.label_smoothing,
        autocast=runtime.autocast,
    )


@dataclass(frozen=True, kw_only=True)
class TrainSupernets:
    """The work of a pool: a thread for each supernet, or one GPU for all."""

    data: ImageData
    device: str

    def setup(self, shared: Mapping[str, Tensor]) -> ImageData:
        return replace(self.data, train=shared_split(shared, "train"))

    def run(self, state: ImageData, job: SupernetJob, link: Link) -> None:
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
            seed=job.seed,
            name=job.name,
            checkpoint=job.folder / "checkpoint.pt",
            identity={"train_digest": state.train_digest} | job.identity,
            metrics=job.folder / "metrics.jsonl",
            progress=link.report,
            should_stop=link.should_stop,
        )
        weights = {n: p.detach().cpu().contiguous() for n, p in supernet.named_parameters()}
        write_bytes(job.folder / "supernet.safetensors", save(weights))
        found = {"device_seconds": result.seconds, "images": result.num_images}
        write_json(job.folder / "supernet.json", found | job.facts)
        (job.folder / "checkpoint.pt").unlink(missing_ok=True)


def train_all(
    jobs: Iterable[SupernetJob], *, data: ImageData, device: str, num_workers: int, say: Say
) -> None:
    """Train the supernets that are not trained yet, each folder once."""
    waiting = list({job.folder: job for job in jobs if job.cost is None}.values())
    if not waiting:
        return

    def tell(index: int, progress: Progress) -> None:
        say(
            f"{waiting[index].name}: step {progress.step} of {progress.num_steps}, "
            f"{progress.images_per_second:,.0f} images/s, {progress.seconds_left:.0f} s left"
        )

    none = leading(data.train, 0)
    work = TrainSupernets(data=replace(data, train=none, search=none, test=none), device=device)
    num, shared = min(num_workers, len(waiting)), share_split(data.train, "train")
    with Pool(work, num_workers=num, shared=shared) as pool:
        for index, _ in pool.run(waiting, on_report=tell):
            print(f"{SUPERNETS}: {waiting[index].name}", flush=True)
