"""Scores architectures by training each alone."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass

from escalade.config.recipe import Recipe
from escalade.core.network.architecture import Architecture
from escalade.core.space.path import Path
from escalade.data.image_data import ImageData
from escalade.evaluate.path_meter import EvaluationSettings
from escalade.evaluate.score import Score
from escalade.evaluate.scorer import Scorer
from escalade.evaluate.store import EvaluationStore
from escalade.evaluate.store_rows import ScoreRow
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


class AloneEvaluator(Scorer):
    """Accuracy on the search split of networks trained from scratch with one short recipe.

    A network's score depends on its architecture, the recipe, the seed and the images alone.

    Args:
        train_all: how networks are trained, such as by worker processes; all ranks call it alike,
            and it asks by itself whether to stop.
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
        super().__init__(
            data=data,
            store=store,
            runtime=runtime,
            measured_by=_training(recipe, data, seed=seed, runtime=runtime),
            settings=settings.text,
        )
        self._train_all = train_all

    def _key(self, path: Path) -> str:
        return path.architecture.key

    def _measure(
        self, paths: Mapping[str, Path], should_stop: Stop
    ) -> Iterator[tuple[ScoreRow, int]]:
        items = [(key, path.architecture) for key, path in paths.items()]
        for key, trained in self._train_all(items):
            score = trained.score
            row = self._row(
                paths[key],
                num_correct=score.num_correct,
                num_images=score.num_images,
                seconds=trained.seconds,
            )
            if self._runtime.is_main:
                self._store.put([row])
            yield row, trained.num_images


def _training(recipe: Recipe, data: ImageData, *, seed: int, runtime: Runtime) -> str:
    """What stands in the place of a supernet's digest: how the weights came about."""
    place = (runtime.precision, runtime.device.type, runtime.world_size)
    text = json.dumps([asdict(recipe), data.balance, seed, *place], sort_keys=True)
    return f"alone-{hashlib.sha256(text.encode()).hexdigest()[:16]}"
