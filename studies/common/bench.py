"""Units of work that the studies share, each with a result file, so that a killed study goes on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from common.images import scored_on
from common.progress import Say
from common.retraining import Unit
from common.retraining import retrain as retrain_units
from common.supernets import SupernetJob, train_all
from escalade.config.recipe import Recipe
from escalade.core.space.path import Path as NetworkPath
from escalade.data import ImageData
from escalade.data.split import Split
from escalade.evaluate.evaluator import Evaluator
from escalade.evaluate.path_meter import EvaluationSettings
from escalade.evaluate.store import EvaluationStore
from escalade.search import Searcher
from escalade.train.runtime import Runtime


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
    say: Say
    device: str = "cpu"

    def train(self, jobs: Iterable[SupernetJob]) -> None:
        """Train the supernets that are not trained yet, each folder once."""
        train_all(
            jobs, data=self.data, device=self.device, num_workers=self.num_workers, say=self.say
        )

    def score(self, job: SupernetJob, paths: Sequence[NetworkPath]) -> list[float]:
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
            recipe=recipe,
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
    def _evaluator(
        self, job: SupernetJob, path: Path
    ) -> Iterator[tuple[Evaluator, EvaluationStore]]:
        runtime = Runtime(device=self.device, is_alone=True)
        with (
            EvaluationStore(path) as store,
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
