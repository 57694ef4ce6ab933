"""Escalade: search a base network and the scaling strategies that grow it into a model family.

Importing this package does not import torch; `run` and `load` do, when they are called.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from escalade.family.family import Family

__version__ = "0.1.0"


def run(
    *,
    data: str | Path,
    budgets: str | Sequence[float | str] = (),
    out: str | Path,
    grow: int = 2,
    hours: float | None = 25 / 60,
    **settings: Any,
) -> Family:
    """Search, grow, train, export: images and budgets in, a family out.

    Args:
        data: a folder of class folders, or a data set's name.
        budgets: from small to large, numbers or amounts such as "60M", or all in one text:
            "60M,120M"; none where members are chosen of a front (docs/how-to/front.md).
        out: the run folder; the same call on it goes on where it was.
        grow: members beyond the searched ones.
        hours: fit the schedule to this time on this device; None keeps the recipes.
        **settings: any setting of `escalade.config.Config`, such as `seed=1` or
            `search={"rounds": 2}`.

    Raises:
        ValueError: for anything wrong with settings, data or folder.
    """
    from escalade import api

    ladder = budgets if isinstance(budgets, str) else list(budgets)
    given = {"data": str(data), "budgets": ladder, "grow": {"num": grow}, "hours": hours}
    return api.run([given, settings], out=Path(out))


def load(folder: str | Path) -> Family:
    """The family of a finished run; `load(folder)["S1"].load()` is a timm network.

    Raises:
        ValueError: if there is none, or a file of it is not what was written.
    """
    from escalade.family.family import Family

    family = Family.load(folder)
    family.check_whole()
    return family


__all__ = ["load", "run"]
