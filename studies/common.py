"""Settings, results and progress of the studies, as files and lines."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from escalade.family.files import read_json, write_json
from escalade.train.recipe import Recipe

SAY_SECONDS = 20.0
SETTING = "setting.json"


class Said:
    """Progress in a log: a line every 20 seconds at most."""

    def __init__(self) -> None:
        self._last = time.monotonic()

    def __call__(self, line: str) -> None:
        if time.monotonic() - self._last >= SAY_SECONDS:
            self._last = time.monotonic()
            print(line, flush=True)


def recipe(*, epochs: float, steps: int | None, learning_rate: float, limit: int | None) -> Recipe:
    """The recipe of the claim test at some length; a smoke test's has steps and smaller batches."""
    batch = 128 if limit is None else min(128, limit // 4)
    rate = {"learning_rate": learning_rate, "batch_size": batch, "padding": 2, "flip": True}
    return Recipe(epochs=None if steps else epochs, steps=steps, **rate)  # type: ignore[arg-type]


def keep(setting: Any, folder: Path) -> None:
    """Write a setting (a dataclass) into its folder, or check it against the one that is there.

    Raises:
        ValueError: if the folder holds another setting's work.
    """
    path, given = folder / SETTING, asdict(setting)
    before = read(path)
    if before is None:
        write_json(path, given)
        return
    other = [name for name, value in given.items() if before.get(name) != value]
    if other:
        raise ValueError(
            f"{path}: begun with another {', '.join(other)}; "
            "give the same options, or another folder with --out"
        )


def kept(folder: Path) -> dict[str, Any]:
    """The setting that a folder was begun with.

    Raises:
        ValueError: if there is none.
    """
    return read_json(folder / SETTING, what="setting", remedy="run without --table first")


def read(path: Path) -> dict[str, Any] | None:
    """A unit's result, None while it is not done."""
    if not path.exists():
        return None
    content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return content


def plain(value: Any) -> Any:
    """The same for JSON: nan becomes null."""
    if isinstance(value, Mapping):
        return {str(key): plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [plain(each) for each in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
