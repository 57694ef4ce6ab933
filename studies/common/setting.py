"""A study's setting: a frozen dataclass that its folder keeps, and that all its work follows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any, TypeVar

from escalade.artefacts.files import read_json, write_json
from escalade.config.recipe import Recipe

SETTING = "setting.json"
Setting = TypeVar("Setting")


def recipe(*, epochs: float, steps: int | None, learning_rate: float, limit: int | None) -> Recipe:
    """The recipe of the claim test at some length; a smoke test's has steps and smaller batches."""
    batch = 128 if limit is None else min(128, limit // 4)
    rate = {"learning_rate": learning_rate, "batch_size": batch, "padding": 2, "flip": True}
    return Recipe(epochs=None if steps else epochs, steps=steps, **rate)  # type: ignore[arg-type]


def keep(setting: Any, folder: Path, *, missing: Mapping[str, Any] | None = None) -> None:
    """Write a setting (a dataclass) into its folder, or check it against the one that is there.

    Args:
        setting: of this run.
        folder: of the study's work.
        missing: what a folder means that was begun before a field was there.

    Raises:
        ValueError: if the folder holds another setting's work.
    """
    path, given = folder / SETTING, asdict(setting)
    if not path.exists():
        write_json(path, given)
        return
    before = {**(missing or {}), **kept(folder)}
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


def begun(kind: type[Setting], folder: Path) -> Setting:
    """The setting that a folder was begun with, as the study's own value.

    Raises:
        ValueError: if there is none, or it is another study's.
    """
    found = kept(folder)
    known = {field.name for field in fields(kind)}  # type: ignore[arg-type]
    if strange := [name for name in found if name not in known]:
        raise ValueError(
            f"{folder / SETTING}: not of this study, which has no {', '.join(strange)}; "
            "give its own folder with --out"
        )
    return kind(**found)
