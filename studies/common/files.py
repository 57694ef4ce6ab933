"""Results of units of work, as files."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from escalade.artefacts.files import read_json

SEEDS = range(20)  # whose results are looked for


def read(path: Path) -> dict[str, Any] | None:
    """A unit's result, None while it is not done.

    Raises:
        ValueError: if there is a file that no unit has written.
    """
    if not path.exists():
        return None
    return read_json(path, what="result", remedy="give the command again")


def plain(value: Any) -> Any:
    """The same for JSON: nan becomes null."""
    if isinstance(value, Mapping):
        return {str(key): plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [plain(each) for each in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
