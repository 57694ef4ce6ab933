"""Supernets: a folder each, with the weights, what they cost, and what is scored with them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from safetensors.torch import load_file, save

from common import lab
from common.files import read
from common.lab import ImageData, Recipe, Runtime, Supernet

SUPERNETS = "supernets"


@dataclass(frozen=True, kw_only=True)
class SupernetJob(ABC):
    """A supernet and its training, by one random path a step unless a study's own kind says else.

    Attributes:
        folder: its own.
        seed: of weights, batches and paths.
        recipe: how it trains.
        training: what makes a study's supernets differ, a dataclass, where it compares them.
    """

    folder: Path
    seed: int
    recipe: Recipe
    training: Any = None
    num_crops = 1  # of every image in a batch

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
        """How it trains."""
        return lab.SinglePathStep(
            supernet,
            paths=lab.PathSequence(self.space.training, sampler=self.sampler, seed=self.seed),
            objective=lab.objective(self.recipe, data, runtime=runtime),
        )

    def batches(self, data: ImageData, runtime: Runtime) -> lab.TrainBatches:
        """What it trains on."""
        num = self.num_crops
        return lab.training_batches(
            self.recipe, data, seed=self.seed, runtime=runtime, num_crops=num
        )

    def num_steps(self, data: ImageData) -> int:
        return self.recipe.num_steps(len(data.train) // self.recipe.batch_size)

    def train(self, data: ImageData, runtime: Runtime, link: lab.Link) -> None:
        """Train it; after a kill the same call goes on."""
        supernet, checkpoint = self.empty().to(runtime.device), self.folder / "checkpoint.pt"
        result = lab.train(
            self.step(supernet, data, runtime),
            network=supernet,
            batches=self.batches(data, runtime),
            recipe=self.recipe,
            num_steps=self.num_steps(data),
            runtime=runtime,
            seed=self.seed,
            name=self.name,
            checkpoint=checkpoint,
            identity={"train_digest": data.train_digest, "supernet": self.name},
            metrics=self.folder / "metrics.jsonl",
            progress=link.report,
            should_stop=link.should_stop,
        )
        weights = {n: p.detach().cpu().contiguous() for n, p in supernet.named_parameters()}
        lab.write_bytes(self.folder / "supernet.safetensors", save(weights))
        found = {"device_seconds": result.seconds, "images": result.num_images}
        facts = {"training": asdict(self.training)} if self.training else {}
        lab.write_json(self.folder / "supernet.json", found | facts)
        checkpoint.unlink(missing_ok=True)


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
