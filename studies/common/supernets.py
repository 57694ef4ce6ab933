"""Supernets: a folder each, trained once for all that ask for the same one, side by side."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from safetensors.torch import load_file, save
from torch import Tensor

from common import lab
from common.files import read
from common.images import leading
from common.lab import ImageData, Recipe, Runtime, Supernet
from common.progress import Say, describe

SUPERNETS = "supernets"


@dataclass(frozen=True, kw_only=True)
class SupernetJob(ABC):
    """A supernet's folder: weights, what they cost, and what is scored with them.

    A study's own kind says which space it holds, and how it trains if not by random paths.
    """

    folder: Path
    seed: int
    recipe: Recipe

    @property
    @abstractmethod
    def space(self) -> Any:
        """Whose networks it holds."""

    @property
    def sampler(self) -> Any:
        """Of the random paths."""
        return lab.Uniform(self.space.training)

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
    def cost(self) -> dict[str, Any] | None:
        """What the training cost, None while it is not done."""
        return read(self.folder / "supernet.json")

    def empty(self) -> Supernet:
        """Before its first step: with the initial weights of its seed."""
        return lab.new_supernet(self.space, seed=self.seed)

    def trained(self) -> Supernet:
        supernet = self.empty()
        supernet.load_state_dict(load_file(self.folder / "supernet.safetensors"))
        return supernet

    def step(self, supernet: Supernet, data: ImageData, runtime: Runtime) -> lab.Step:
        """How it trains: here by one random path a step."""
        return lab.SinglePathStep(
            supernet,
            space=self.space.training,
            sampler=self.sampler,
            seed=self.seed,
            objective=self.objective(data, runtime),
        )

    def objective(self, data: ImageData, runtime: Runtime) -> lab.Objective:
        """Loss and input statistics."""
        return lab.objective(self.recipe, data, runtime=runtime)

    def batches(self, data: ImageData, runtime: Runtime) -> lab.TrainBatches:
        """What it trains on."""
        return lab.training_batches(
            self.recipe, data, seed=self.seed, runtime=runtime, num_crops=self.num_crops
        )

    def num_steps(self, data: ImageData) -> int:
        return self.recipe.num_steps(len(data.train) // self.recipe.batch_size)


@dataclass(frozen=True, kw_only=True)
class SampledJob(SupernetJob):
    """A supernet that trains the paths of some sampler, one a step."""

    sampling: lab.Uniform | lab.Hierarchical

    @property
    def space(self) -> Any:
        return self.sampling.space

    @property
    def sampler(self) -> Any:
        return self.sampling


@dataclass(frozen=True, kw_only=True)
class TrainSupernets:
    """The work of a pool: a thread for each supernet, or one GPU for all."""

    data: ImageData
    device: str

    def setup(self, shared: Mapping[str, Tensor]) -> ImageData:
        return replace(self.data, train=lab.shared_split(shared, "train"))

    def run(self, state: ImageData, job: SupernetJob, link: lab.Link) -> None:
        runtime = Runtime(device=self.device, is_alone=True)
        supernet = job.empty().to(runtime.device)
        result = lab.train(
            job.step(supernet, state, runtime),
            network=supernet,
            batches=job.batches(state, runtime),
            recipe=job.recipe,
            num_steps=job.num_steps(state),
            runtime=runtime,
            seed=job.seed,
            name=job.name,
            checkpoint=job.folder / "checkpoint.pt",
            identity={"train_digest": state.train_digest, "supernet": job.name},
            metrics=job.folder / "metrics.jsonl",
            progress=link.report,
            should_stop=link.should_stop,
        )
        weights = {n: p.detach().cpu().contiguous() for n, p in supernet.named_parameters()}
        lab.write_bytes(job.folder / "supernet.safetensors", save(weights))
        found = {"device_seconds": result.seconds, "images": result.num_images}
        lab.write_json(job.folder / "supernet.json", found | job.facts)
        (job.folder / "checkpoint.pt").unlink(missing_ok=True)


def train_all(
    jobs: Iterable[SupernetJob], *, data: ImageData, device: str, num_workers: int, say: Say
) -> None:
    """Train the supernets that are not trained yet, each folder once."""
    waiting = list({job.folder: job for job in jobs if job.cost is None}.values())
    if not waiting:
        return
    none = leading(data.train, 0)
    work = TrainSupernets(data=replace(data, train=none, search=none, test=none), device=device)
    num, shared = min(num_workers, len(waiting)), lab.share_split(data.train, "train")
    with lab.Pool(work, num_workers=num, shared=shared) as pool:
        done = pool.run(waiting, on_report=lambda i, at: say(describe(waiting[i].name, at)))
        for index, _ in done:
            print(f"{SUPERNETS}: {waiting[index].name}", flush=True)
