"""Units of work that the studies share, each with a result file, so that a killed study goes on."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import load_file, save
from torch import Tensor

from claim_test.images import leading, scored_on
from claim_test.retraining import Unit
from claim_test.retraining import retrain as retrain_units
from common import read
from escalade.core.samplers import Hierarchical, Uniform
from escalade.core.seeds import torch_seed
from escalade.core.space import Path as SpacePath
from escalade.core.space import SearchSpace
from escalade.data import Augmentation, ImageData, TrainBatches
from escalade.data.split import Split
from escalade.evaluate.evaluator import Evaluator
from escalade.evaluate.measure import EvaluationSettings, share_split, shared_split
from escalade.evaluate.store import Store
from escalade.family.files import write_bytes, write_json
from escalade.search import Searcher
from escalade.supernet.supernet import Supernet
from escalade.train.loop import train
from escalade.train.metrics import Progress
from escalade.train.pool import Pool
from escalade.train.recipe import Recipe
from escalade.train.runtime import Runtime
from escalade.train.steps import Objective, SinglePathStep
from escalade.train.worker import Link


@dataclass(frozen=True, kw_only=True)
class SupernetJob:
    """A supernet to train: its folder holds the weights, the cost and what is scored with it."""

    folder: Path
    sampler: Uniform | Hierarchical
    recipe: Recipe
    seed: int

    @property
    def space(self) -> SearchSpace:
        return self.sampler.space

    @property
    def cost(self) -> dict[str, Any] | None:
        """What the training cost, None while it is not done."""
        return read(self.folder / "supernet.json")

    def empty(self) -> Supernet:
        torch.manual_seed(torch_seed(self.seed, "supernet"))
        return Supernet(self.space.shape)

    def trained(self) -> Supernet:
        supernet = self.empty()
        supernet.load_state_dict(load_file(self.folder / "supernet.safetensors"))
        return supernet


@dataclass(frozen=True, kw_only=True)
class TrainSupernets:
    """The work of a pool: supernets side by side, one thread each."""

    data: ImageData

    def setup(self, shared: Mapping[str, Tensor]) -> ImageData:
        return replace(self.data, train=shared_split(shared, "train"))

    def run(self, state: ImageData, job: SupernetJob, link: Link) -> None:
        runtime, recipe = Runtime(device="cpu", is_alone=True), job.recipe
        batches = TrainBatches(
            state.train,
            batch_size=recipe.batch_size,
            seed=job.seed,
            augmentation=Augmentation(padding=recipe.padding, flip=state.flip),
        )
        objective = Objective(
            mean=state.mean,
            std=state.std,
            label_smoothing=recipe.label_smoothing,
            autocast=runtime.autocast,
        )
        supernet = job.empty()
        result = train(
            SinglePathStep(
                supernet, space=job.space, sampler=job.sampler, seed=job.seed, objective=objective
            ),
            network=supernet,
            batches=batches,
            recipe=recipe,
            num_steps=recipe.num_steps(batches.num_per_epoch),
            runtime=runtime,
            seed=job.seed,
            name=job.folder.name,
            checkpoint=job.folder / "checkpoint.pt",
            identity={"train_digest": state.train_digest},
            metrics=job.folder / "metrics.jsonl",
            progress=link.report,
            should_stop=link.should_stop,
        )
        weights = {name: p.detach().contiguous() for name, p in supernet.named_parameters()}
        write_bytes(job.folder / "supernet.safetensors", save(weights))
        cost = {"device_seconds": result.seconds, "images": result.num_images}
        write_json(job.folder / "supernet.json", cost)
        (job.folder / "checkpoint.pt").unlink(missing_ok=True)


@dataclass(frozen=True, kw_only=True)
class Bench:
    """What every unit of work needs.

    Attributes:
        data: `train` is trained on, `search` scores paths; there are no other images in it.
        judge: what retrained networks are scored on, once each.
        num_recalibration: training images that set batch norm statistics.
        num_workers: processes of one thread each.
        say: told what goes on.
        device: of scores and of networks trained alone.
    """

    data: ImageData
    judge: Split | None
    num_recalibration: int
    num_workers: int
    say: Callable[[str], None]
    device: str = "cpu"

    def train(self, jobs: Iterable[SupernetJob]) -> None:
        """Train the supernets that are not trained yet, each folder once."""
        waiting = list({job.folder: job for job in jobs if job.cost is None}.values())
        if not waiting:
            return
        none = leading(self.data.train, 0)
        work = TrainSupernets(data=replace(self.data, train=none, search=none, test=none))
        shared = share_split(self.data.train, "train")
        num = min(self.num_workers, len(waiting))
        with Pool(work, num_workers=num, shared=shared) as pool:
            for _ in pool.run(waiting, on_report=lambda i, p: self._tell(waiting[i], p)):
                pass

    def score(self, job: SupernetJob, paths: Sequence[SpacePath]) -> list[float]:
        """Accuracies of paths on the search images, from the supernet's store where it can."""
        with self._evaluator(job, job.folder / "evaluations.sqlite") as (evaluator, _):
            scores = evaluator.score(
                paths,
                progress=lambda done, of: self.say(f"{job.folder.name}: path {done} of {of}"),
            )
        return [score.accuracy for score in scores]

    def search(self, searcher: Searcher, job: SupernetJob, *, store: Path) -> dict[str, Any]:
        """Run a search to its end: search.json's content, and what the store's rows cost.

        A killed search asks the same again and is answered from the store.
        """
        with self._evaluator(job, store) as (evaluator, opened):
            while len(population := searcher.ask()):
                scores = evaluator.score(job.space.paths(population))
                searcher.tell(np.array([score.accuracy for score in scores]))
                self.say(f"{store.stem}: {evaluator.count.num_asked} paths")
            rows = opened.rows()
        num_images = len(self.data.search) + self._settings.num_images(len(self.data.train))
        cost = {
            "device_seconds": sum(row.seconds for row in rows),
            "networks": len(rows),
            "images": len(rows) * num_images,
        }
        return searcher.result().to_json() | {"cost": cost}

    def retrain(self, units: Iterable[Unit], folder: Path, recipe: Recipe) -> None:
        """Train networks from scratch and score each once on the judge images."""
        assert self.judge is not None
        retrain_units(
            units,
            folder,
            setting=_Retraining(retraining=recipe),  # type: ignore[arg-type]
            data=scored_on(self.data, self.judge),
            num_workers=self.num_workers,
            say=self.say,
            device=self.device,
            done=lambda unit: print(f"{folder.name}: {unit.name}", flush=True),
        )

    @property
    def _settings(self) -> EvaluationSettings:
        num = min(self.num_recalibration, len(self.data.train))
        return EvaluationSettings(num_recalibration=num, recalibration_batch=min(128, num))

    @contextmanager
    def _evaluator(self, job: SupernetJob, path: Path) -> Iterator[tuple[Evaluator, Store]]:
        runtime = Runtime(device=self.device, is_alone=True)
        with (
            Store(path) as store,
            Evaluator(
                job.trained().to(runtime.device),
                data=self.data,
                store=store,
                runtime=runtime,
                settings=self._settings,
                num_workers=self.num_workers,
            ) as evaluator,
        ):
            yield evaluator, store

    def _tell(self, job: SupernetJob, progress: Progress) -> None:
        self.say(
            f"{job.folder.name}: step {progress.step} of {progress.num_steps}, "
            f"{progress.images_per_second:,.0f} images/s, {progress.seconds_left:.0f} s left"
        )


@dataclass(frozen=True, kw_only=True)
class _Retraining:
    """All that the claim test's retraining wants to know."""

    retraining: Recipe
