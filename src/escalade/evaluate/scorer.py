"""Scores paths and remembers every score, however they are measured."""

from __future__ import annotations

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import Self

from escalade.core.space.path import Path
from escalade.data.image_data import ImageData
from escalade.evaluate.score import Score, stored
from escalade.evaluate.store import EvaluationStore
from escalade.evaluate.store_rows import Context, ScoreRow
from escalade.train.interrupt import Stop
from escalade.train.runtime import Runtime


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluationCount:
    """What an evaluator was asked and did.

    Attributes:
        num_asked: paths in all calls.
        num_measured: networks measured by this process's ranks; the rest came from the store.
        num_images: images that went through them, recalibration included.
        seconds: device-seconds of the measured ones.
    """

    num_asked: int = 0
    num_measured: int = 0
    num_images: int = 0
    seconds: float = 0.0


class Scorer(ABC):
    """Scores on the search split; the test split is never looked at.

    Args:
        store: holds every score, beside those of other scorers; rank 0's is used.
        measured_by: what scores depend on beside images and settings.
    """

    def __init__(
        self,
        *,
        data: ImageData,
        store: EvaluationStore,
        runtime: Runtime,
        measured_by: str,
        settings: str,
    ) -> None:
        self._store, self._runtime = store, runtime
        images = f"{data.train_digest} {data.search_digest}"
        self.context = Context(
            supernet=measured_by,
            data=hashlib.sha256(images.encode()).hexdigest(),
            settings=settings,
        )
        self.count = EvaluationCount()
        self._open = ExitStack()

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
            progress: called with (measured so far, to be measured).
            should_stop: asked often.

        Raises:
            Interrupted: `should_stop` said so; what was measured is stored.
        """
        distinct = {self._key(path): path for path in paths}
        is_main = self._runtime.is_main
        known = self._store.get(self.context, list(distinct)) if is_main else None
        rows: dict[str, ScoreRow] = self._runtime.broadcast(known)
        missing = {key: path for key, path in distinct.items() if key not in rows}
        self.count = replace(self.count, num_asked=self.count.num_asked + len(paths))
        measured = self._measure(missing, should_stop or (lambda: False)) if missing else ()
        for done, (row, num_images) in enumerate(measured, start=1):
            rows[row.path] = row
            self.count = replace(
                self.count,
                num_measured=self.count.num_measured + 1,
                num_images=self.count.num_images + num_images,
                seconds=self.count.seconds + row.seconds,
            )
            if progress is not None:
                progress(done, len(missing))
        return [stored(rows[self._key(path)]) for path in paths]

    @abstractmethod
    def _key(self, path: Path) -> str:
        """What tells networks of different scores apart."""

    @abstractmethod
    def _measure(
        self, paths: Mapping[str, Path], should_stop: Stop
    ) -> Iterator[tuple[ScoreRow, int]]:
        """Measure paths, by their keys, and store; yields each row, and the images it took."""

    def _row(self, path: Path, *, num_correct: float, num_images: int, seconds: float) -> ScoreRow:
        return ScoreRow.of(
            path.architecture,
            context=self.context,
            path=self._key(path),
            num_correct=num_correct,
            num_images=num_images,
            seconds=seconds,
        )

    def close(self) -> None:
        self._open.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
