"""Units of work on given images, each with a result file, so that a killed study goes on."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Generic, TypeVar

import numpy as np
from torch import Tensor

from common import lab
from common.alone import Unit, train_alone
from common.files import once
from common.images import leading
from common.lab import ImageData
from common.lab import Path as NetworkPath
from common.progress import Say
from common.supernets import SupernetJob, train_all

Asked = TypeVar("Asked")
Found = TypeVar("Found")


@dataclass(frozen=True, kw_only=True)
class Bench:
    """What scores, searches and trainings of networks alone need.

    Attributes:
        data: `train` is trained on, `search` scores; there are no other images in it.
        num_recalibration: training images that set batch norm statistics of paths.
        num_workers: processes of one thread each.
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
        train_all(
            jobs, data=self.data, device=self.device, num_workers=self.num_workers, say=self.say
        )

    def score(self, job: SupernetJob, paths: Sequence[NetworkPath]) -> list[float]:
        """Accuracies of paths, from the supernet's store where it can."""
        with self._evaluator(job, job.folder / "evaluations.sqlite") as (evaluator, _):
            scores = evaluator.score(
                paths,
                progress=lambda done, of: self.say(f"{job.folder.name}: path {done} of {of}"),
            )
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
        return searcher.result().to_json() | {"cost": cost}

    def train_alone(self, units: Iterable[Unit], folder: Path, recipe: lab.Recipe) -> None:
        """Train networks from scratch and score each once, at its end."""
        train_alone(
            units,
            folder,
            recipe=recipe,
            data=self.data,
            num_workers=self.num_workers,
            say=self.say,
            device=self.device,
        )

    @property
    def _settings(self) -> lab.EvaluationSettings:
        return lab.evaluation_settings(self.num_recalibration, self.data)

    @contextmanager
    def _evaluator(self, job: SupernetJob, path: Path) -> Iterator[tuple[lab.Evaluator, lab.Store]]:
        runtime = lab.Runtime(device=self.device, is_alone=True)
        with (
            lab.Store(path) as store,
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


@dataclass(frozen=True, kw_only=True)
class _Work(Generic[Asked, Found]):
    """The work of a pool: whole units, one after the other."""

    bench: Bench
    unit: Callable[[Bench, Asked], Found]

    def setup(self, shared: Mapping[str, Tensor]) -> Bench:
        train, search = (lab.shared_split(shared, name) for name in ("train", "search"))
        return replace(self.bench, data=replace(self.bench.data, train=train, search=search))

    def run(self, state: Bench, job: Asked, link: lab.Link) -> Found:
        return self.unit(state, job)


def side_by_side(
    bench: Bench, unit: Callable[[Bench, Asked], Found], asked: Sequence[Asked]
) -> Iterator[tuple[Asked, Found]]:
    """What a unit of work finds for everything asked, in any order.

    On CPU one after the other, because each has all processes for its networks; on a GPU as many
    at a time as the bench has workers.

    Args:
        bench: whose images score.
        unit: a function of a module, which pickles.
        asked: values that pickle.
    """
    num = min(bench.num_workers, len(asked))
    if bench.device == "cpu" or num <= 1:
        for each in asked:
            yield each, unit(bench, each)
        return
    data, none = bench.data, leading(bench.data.train, 0)
    shared = lab.share_split(data.train, "train") | lab.share_split(data.search, "search")
    alone = replace(bench, data=replace(data, train=none, search=none), num_workers=1)
    with lab.Pool(_Work(bench=alone, unit=unit), num_workers=num, shared=shared) as pool:
        for index, found in pool.run(asked):
            yield asked[index], found
