"""Units of work on given images, each with a result file, so that a killed study goes on."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from torch import Tensor

from common import lab
from common.alone import Unit as Network
from common.files import Say, describe, once
from common.images import leading
from common.lab import ImageData
from common.lab import Path as NetworkPath
from common.supernets import SUPERNETS, SupernetJob

RECALIBRATED_ALONE = 1024  # training images that set statistics of networks trained alone
SHARED = ("train", "search")
# A function that pickles: of a bench, of what is asked, and in a pool of the link to it.
Unit = Callable[["Bench", Any, "lab.Link | None"], Any]


@dataclass(frozen=True, kw_only=True)
class Bench:
    """What trainings, scores and searches need.

    Attributes:
        data: `train` is trained on, `search` scores; there are no other images in it.
        num_recalibration: training images that set batch norm statistics of paths.
        num_workers: processes of one thread each, or trainings that share a GPU.
        say: told what goes on.
        device: of all of them.
    """

    data: ImageData
    num_recalibration: int
    num_workers: int
    say: Say
    device: str = "cpu"

    def train(self, jobs: Iterable[SupernetJob]) -> None:
        """Train the supernets that are not trained yet, each folder once."""
        waiting = list({job.folder: job for job in jobs if job.cost is None}.values())
        for job, _ in self._in_pool(_train, waiting) if waiting else ():
            print(f"{SUPERNETS}: {job.name}", flush=True)

    def train_alone(self, units: Iterable[Network], folder: Path, recipe: lab.Recipe) -> None:
        """Train networks from scratch, side by side, and score each once, at its end."""
        waiting = {unit.name: unit for unit in units if unit.result(folder) is None}
        if not waiting:
            return
        finished = lab.retrain_all(
            [unit.job(folder, recipe) for unit in waiting.values()],
            lab.Workplace(
                data=self.data,
                runtime=lab.Runtime(device=self.device),
                settings=lab.evaluation_settings(RECALIBRATED_ALONE, self.data),
                progress=lambda name, progress: self.say(describe(name, progress)),
            ),
            num_workers=self.num_workers,
        )
        for job, made in finished:
            unit, accuracy = waiting[job.name], made.search.accuracy
            found = {
                "accuracy": accuracy,
                "num_images": made.search.num_images,
                "seed": unit.seed,
                "device_seconds": made.seconds,
                "num_steps": made.num_steps,
                "architecture": unit.architecture.to_json(),
            }
            lab.write_json(folder / f"{unit.name}.json", found)
            (job.folder / "checkpoint.pt").unlink(missing_ok=True)
            said = f"{folder.name}: {unit.name}, {accuracy:.2%}, {made.seconds:.0f} s"
            print(said, flush=True)

    def score(self, job: SupernetJob, paths: Sequence[NetworkPath]) -> list[float]:
        """Accuracies of paths, from the supernet's store where it can."""
        with self._evaluator(job, job.folder / "evaluations.sqlite") as (evaluator, _):
            said = f"{job.folder.name}: path {{}} of {{}}"
            scores = evaluator.score(paths, progress=lambda *at: self.say(said.format(*at)))
        return [score.accuracy for score in scores]

    def scored(self, job: SupernetJob, paths: Sequence[NetworkPath], name: str) -> list[float]:
        """The same, kept under a name in the supernet's folder."""
        found = once(job.folder / f"{name}.json", lambda: {"accuracies": self.score(job, paths)})
        return list(found["accuracies"])

    def search(
        self, searcher: lab.Searcher, job: SupernetJob, *, store: Path, space: Any = None
    ) -> dict[str, Any]:
        """Run a search to its end: search.json's content, and what the store's rows cost.

        A killed search asks the same again and is answered from the store.

        Args:
            searcher: asks and learns.
            job: the trained supernet.
            store: of the scores.
            space: the part of the supernet's that is searched; without, all of it.
        """
        space = space or job.space
        with self._evaluator(job, store) as (evaluator, opened):
            while len(population := searcher.ask()):
                scores = evaluator.score(space.paths(population))
                searcher.tell(np.array([score.accuracy for score in scores]))
                self.say(f"{store.stem}: {evaluator.count.num_asked} paths")
            rows = opened.rows()
        num_images = len(self.data.search) + self._settings.num_images(len(self.data.train))
        cost = {
            "device_seconds": sum(row.seconds for row in rows),
            "networks": len(rows),
            "images": len(rows) * num_images,
        }
        found: dict[str, Any] = lab.encode(searcher.result())
        return found | {"cost": cost}

    def side_by_side(self, unit: Unit, asked: Sequence[Any]) -> Iterator[tuple[Any, Any]]:
        """What a unit of work finds for everything asked, in any order.

        On CPU one after the other, because each has all processes for its networks; on a GPU as
        many at a time as there are workers.
        """
        if self.device == "cpu" or min(self.num_workers, len(asked)) <= 1:
            yield from ((each, unit(self, each, None)) for each in asked)
        else:
            yield from self._in_pool(unit, asked)

    def _in_pool(self, unit: Unit, asked: Sequence[Any]) -> Iterator[tuple[Any, Any]]:
        """The same in processes that share the images."""
        none = leading(self.data.train, 0)
        bare = replace(self, data=replace(self.data, train=none, search=none), num_workers=1)
        images = [lab.measure.share_split(getattr(self.data, name), name) for name in SHARED]
        num = min(self.num_workers, len(asked))
        with lab.WorkerPool(
            _Work(bare, unit), num_workers=num, shared=images[0] | images[1]
        ) as pool:
            found = pool.run(asked, on_report=lambda i, at: self.say(describe(asked[i].name, at)))
            yield from ((asked[index], each) for index, each in found)

    @property
    def _settings(self) -> lab.EvaluationSettings:
        return lab.evaluation_settings(self.num_recalibration, self.data)

    @contextmanager
    def _evaluator(
        self, job: SupernetJob, path: Path
    ) -> Iterator[tuple[lab.Evaluator, lab.EvaluationStore]]:
        runtime = lab.Runtime(device=self.device, is_alone=True)
        with (
            lab.EvaluationStore(path) as store,
            lab.Evaluator(
                job.trained().to(runtime.device),
                data=self.data,
                store=store,
                runtime=runtime,
                settings=self._settings,
                num_workers=self.num_workers,
            ) as evaluator,
        ):
            yield evaluator, store


@dataclass(frozen=True)
class _Work:
    """The work of a pool: whole units, one after the other."""

    bench: Bench
    unit: Unit

    def setup(self, shared: Mapping[str, Tensor]) -> Bench:
        held = {name: lab.measure.shared_split(shared, name) for name in SHARED}
        return replace(self.bench, data=replace(self.bench.data, **held))

    def run(self, state: Bench, job: Any, link: lab.Link) -> Any:
        return self.unit(state, job, link)


def _train(bench: Bench, job: SupernetJob, link: lab.Link | None) -> None:
    assert link is not None
    job.train(bench.data, lab.Runtime(device=bench.device, is_alone=True), link)
