"""Runs over noise: resolved, but with images that no disk has."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from escalade.artefacts.run_folder import RunFolder
from escalade.config import resolve
from escalade.data.image_data import ImageData
from escalade.data.splits.split import Split
from escalade.planning.begun_space import named_space
from escalade.planning.completing import complete
from escalade.planning.resolved_run import Run
from escalade.train.console import Console
from escalade.train.runtime import Runtime
from made_data import grey_data

RUNTIME = Runtime(device="cpu")


def split(num: int, *, side: int = 28) -> Split:
    rng = torch.Generator().manual_seed(num)
    images = torch.randint(0, 256, (num, 1, side, side), generator=rng).to(torch.uint8)
    return Split(images, torch.arange(num) % 3)


def noise(*, train: int = 40, search: int = 30, test: int = 20) -> ImageData:
    return grey_data(split(train), split(search), split(test))


def run_of(
    *layers: Mapping[str, Any], data: ImageData | None = None, folder: Path = Path("nowhere")
) -> Run:
    """A run of settings that has not begun, over noise."""
    given = resolve({"data": "noise", "budgets": "1M,2M", "workers": 1}, *layers)
    space = named_space(given)
    config, method = complete(given, space)
    run = Run(
        config=config, method=method, base_space=space, runtime=RUNTIME,
        folder=RunFolder(folder), console=Console(quiet=True), should_stop=lambda: False,
        is_new=True,
    )  # fmt: skip
    run.__dict__["data"] = data or noise()
    return run
