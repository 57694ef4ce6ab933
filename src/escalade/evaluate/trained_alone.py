"""Scores architectures by training each alone, and remembers every score."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace

from escalade.config.recipe import Recipe
from escalade.core.network.architecture import Architecture
from escalade.core.space.path import Path
from escalade.data.image_data import ImageData
from escalade.evaluate.evaluator import EvaluationCount
from escalade.evaluate.path_meter import EvaluationSettings
from escalade.evaluate.score import Score, stored
from escalade.evaluate.store import EvaluationStore
from escalade.evaluate.store_rows import Context, ScoreRow
from escalade.train.interrupt import Stop
from escalade.train.runtime import Runtime


@dataclass(frozen=True, slots=True, kw_only=True)
class Trained:
    """What a training gave: the score, the seconds it took, and the images it went through."""

    score: Score
    seconds: float
    num_images: int


# Trains architectures, given by key; yields each as it is done, in any order.
TrainAll = Callable[[Sequence[tuple[str, Architecture]]], Iterator[tuple[str, Trained]]]


class AloneEvaluator:
    """Accuracy on the search split of networks trained from scratch with one short recipe.

    A network's score depends on its architecture, the recipe, the seed and the images alone.

    Args:
        train_all: how networks are trained, such as by worker processes; all ranks call it alike.
        data: the images; the test split is never looked at.
        store: holds every score, beside those of other evaluators; rank 0's is used.
        settings: how batch norm is recalibrated after the training.
        seed: of initial weights and batches.
    """

    def __init__(
        self,
        train_all: TrainAll,
        *,
        data: ImageData,
        store: EvaluationStore,
        runtime: Runtime,
        settings: EvaluationSettings,
        recipe: Recipe,
        seed: int,
    ) -> None:
        self._train_all = train_all
        self._store = store
        self._runtime = runtime
        images = f"{data.train_digest} {data.search_digest}"
        self.context = Context(
            supernet=_training(recipe, seed=seed, runtime=runtime),
            data=hashlib.sha256(images.encode()).hexdigest(),
            settings=settings.text,
        )
        self.count = EvaluationCount()

    def score(
        self,
        paths: Sequence[Path],
        *,
        progress: Callable[[int, int], None] | None = None,
        should_stop: Stop | None = None,
    ) -> list[Score]:
        """Score paths, from the store where it knows them; new scores are stored at once.

        Args:
            paths: in any order, repeats allowed.
            progress: called with (trained so far, to be trained).
            should_stop: for `train_all` to ask; here nothing takes long.

        Raises:
            Interrupted: the trainer was stopped; what was finished is stored.
        """
        architectures = {path.architecture.key: path.architecture for path in paths}
        is_main = self._runtime.is_main
        known = self._store.get(self.context, list(architectures)) if is_main else None
        rows: dict[str, ScoreRow] = self._runtime.broadcast(known)
        missing = [item for item in architectures.items() if item[0] not in rows]
        self.count = replace(self.count, num_asked=self.count.num_asked + len(paths))
        if missing:
            for done, (key, trained) in enumerate(self._train_all(missing), start=1):
                rows[key] = self._row(key, architectures[key], trained)
                if is_main:
                    self._store.put([rows[key]])
                self._add(trained)
                if progress is not None:
                    progress(done, len(missing))
        return [stored(rows[path.architecture.key]) for path in paths]

    def __enter__(self) -> AloneEvaluator:
        return self

    def __exit__(self, *_: object) -> None:
        """Nothing is kept open."""

    def _add(self, trained: Trained) -> None:
        self.count = replace(
            self.count,
            num_measured=self.count.num_measured + 1,
            num_images=self.count.num_images + trained.num_images,
            seconds=self.count.seconds + trained.seconds,
        )

    def _row(self, key: str, architecture: Architecture, trained: Trained) -> ScoreRow:
        return ScoreRow.of(
            architecture,
            context=self.context,
            path=key,
            num_correct=trained.score.num_correct,
            num_images=trained.score.num_images,
            seconds=trained.seconds,
        )


def _training(recipe: Recipe, *, seed: int, runtime: Runtime) -> str:
    """What stands in the place of a supernet's digest: how the weights came about."""
    place = (runtime.precision, runtime.device.type, runtime.world_size)
    text = json.dumps([asdict(recipe), seed, *place], sort_keys=True)
    return f"alone-{hashlib.sha256(text.encode()).hexdigest()[:16]}"
