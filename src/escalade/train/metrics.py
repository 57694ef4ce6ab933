"""What a training tells while it runs: progress for people, a metrics file for plots."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from escalade.artefacts.files import append_line, write_text
from escalade.artefacts.metrics_lines import whole_lines
from escalade.config.recipe import Recipe
from escalade.train.state import TrainingState

NUM_METRICS = 200  # lines a training writes to its metrics file
PROGRESS_SECONDS = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """Where a training is; `loss` is the mean over the last steps, `seconds_left` an estimate."""

    step: int
    num_steps: int
    loss: float
    learning_rate: float
    images_per_second: float
    seconds_left: float


class Reporter:
    """Calls back with progress and appends to the metrics file, on rank 0.

    Args:
        state: the training.
        num_steps: steps in all.
        metrics: a file of JSON lines that one process writes at a time, or None.
        show: called about twice a second, or None.
    """

    def __init__(
        self,
        state: TrainingState,
        *,
        recipe: Recipe,
        num_steps: int,
        metrics: Path | None,
        show: Callable[[Progress], None] | None,
        stage: str,
    ) -> None:
        self._state = state
        self._batch_size = recipe.batch_size
        self._num_steps = num_steps
        self._stage = stage
        self._show = show if state.runtime.is_main else None
        self._file = metrics if state.runtime.is_main else None
        if self._file is not None:
            begin_metrics(self._file, stage=stage, step=state.done)
        self._begun = self._shown = self._written = (state.done, state.seconds)

    def report(self, *, is_line: bool) -> None:
        """Tell what is due; `is_line` says that a metrics line is."""
        state = self._state
        loss = state.mean_loss()
        now = (state.done, state.seconds)
        is_end = state.done == self._num_steps
        if self._show is not None and (is_end or now[1] - self._shown[1] >= PROGRESS_SECONDS):
            self._show(self._progress(loss))
            self._shown = now
        if is_line:
            loss = float(state.runtime.mean(state.loss_sum)) / state.loss_num
            self._write(loss)
            self._written = now
            state.reset_loss()

    def _progress(self, loss: float) -> Progress:
        state = self._state
        left = self._num_steps - state.done
        return Progress(
            step=state.done,
            num_steps=self._num_steps,
            loss=loss,
            learning_rate=_learning_rate(state),
            images_per_second=self._batch_size * self._steps_per_second(self._shown),
            seconds_left=left / max(self._steps_per_second(self._begun), 1e-9),
        )

    def _write(self, loss: float) -> None:
        if self._file is None:
            return
        line = {
            "stage": self._stage,
            "step": self._state.done,
            "loss": loss,
            "learning_rate": _learning_rate(self._state),
            "images_per_second": self._batch_size * self._steps_per_second(self._written),
        }
        append_line(self._file, json.dumps(line))

    def _steps_per_second(self, since: tuple[int, float]) -> float:
        steps, seconds = self._state.done - since[0], self._state.seconds - since[1]
        return steps / max(seconds, 1e-9)


def begin_metrics(path: Path, *, stage: str, step: int) -> None:
    """Drop the lines that a run resumed at `step` writes again, and a torn last line.

    Other stages' lines stay.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        return
    kept = "".join(
        f"{line}\n"
        for line, content in whole_lines(path)
        if content.get("stage") != stage or content.get("step", 0) <= step
    )
    if kept != path.read_text(encoding="utf-8", errors="replace"):
        write_text(path, kept)


def _learning_rate(state: TrainingState) -> float:
    return float(state.optimizer.param_groups[0]["lr"])
