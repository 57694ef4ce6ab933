"""What one run of the study is: the demo's settings, and images to judge by that it has not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from common import lab
from common.command import Lengths, flag
from common.images import leading
from common.lab import ImageData, Split

NUM_JUDGE = 20_000


@dataclass(frozen=True, kw_only=True)
class Setting(Lengths):
    """What stands in the place of the demo's settings."""

    supernet_epochs: float | None = flag(None, "of the supernets, instead of the demo's")
    epochs: float | None = flag(None, "of retraining, instead of the demo's")
    num_bases: int | None = flag(None, "of the search, instead of the demo's")
    rounds: int | None = flag(None, "likewise")
    population: int | None = flag(None, "likewise")
    generations: int | None = flag(None, "likewise")
    strategies: int | None = flag(None, "likewise")

    @property
    def config(self) -> lab.Config:
        """The demo's, with shorter trainings where they are asked for."""
        names = ("num_bases", "rounds", "population", "generations", "strategies")
        given = {name: getattr(self, name) for name in names}
        search = {name: value for name, value in given.items() if value is not None}
        layers = {
            "dataset": {"limit": self.limit},
            "supernet": {"recipe": self._recipe(self.supernet_epochs)},
            "retrain": {"recipe": self._recipe(self.epochs)},
            "search": search,
        }
        return lab.resolve(lab.read_preset("demo"), layers)

    @property
    def recalibration_images(self) -> int:
        return int(self.config.evaluation.recalibration_images)

    def _recipe(self, epochs: float | None) -> dict[str, Any]:
        if self.steps is not None:
            return {"steps": self.steps, "batch_size": min(128, (self.limit or 1000) // 4)}
        return {} if epochs is None else {"epochs": epochs}


def judge_images(demo: ImageData, *, limit: int | None = None) -> Split | None:
    """Training images of the full Fashion-MNIST that are not in the embedded subset.

    The demo's own search split is what the searches maximise, so it flatters them; its test split
    is not for studies. None, and no accuracies, where the full set cannot be had.
    """
    try:
        full = lab.load_data("fashion_mnist", cache_dir=lab.default_cache()).train
    except ValueError as error:
        print(f"no accuracies: {error}")
        return None
    used = {row for split in (demo.train, demo.search) for row in _rows(split)}
    fresh = np.array([row not in used for row in _rows(full)])
    return leading(full.subset(torch.from_numpy(np.flatnonzero(fresh))), limit or NUM_JUDGE)


def _rows(split: Split) -> list[bytes]:
    return [row.tobytes() for row in lab.row_digests(split.images)]
