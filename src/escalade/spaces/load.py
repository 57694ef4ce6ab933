"""Named spaces and users' own, by name or by file."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from importlib import resources
from pathlib import Path
from typing import Any

import yaml

from escalade.core.choices import SpaceData, parse
from escalade.core.space import SearchSpace


def names() -> list[str]:
    """The spaces that come with the package."""
    folder = resources.files("escalade.spaces")
    return sorted(f.name[: -len(".yaml")] for f in folder.iterdir() if f.name.endswith(".yaml"))


def load(
    name: str,
    *,
    factors: Sequence[float] | None = None,
    in_channels: int | None = None,
    num_classes: int | None = None,
) -> SearchSpace:
    """A space by name, or from a YAML file of a user's own.

    Args:
        name: one of `names()` or a path to a YAML file.
        factors: the ladder f_j / f_0; spaces with a grid make their strategies for it.
        in_channels, num_classes: of the data; the file's values if not given.

    Raises:
        ValueError: for an unknown name, an unreadable file, or a field that is wrong.
    """
    data = read(name)
    space = SearchSpace(data, factors=factors)
    if in_channels is None and num_classes is None:
        return space
    return space.with_data(
        in_channels=in_channels or data.in_channels, num_classes=num_classes or data.num_classes
    )


def read(name: str) -> SpaceData:
    """The data of a space, by name or from a file."""
    if name in names():
        text = resources.files("escalade.spaces").joinpath(f"{name}.yaml").read_text()
        return parse(_yaml(text, name), where=name)
    path = Path(name)
    if not path.is_file():
        close = difflib.get_close_matches(name, names(), 1)
        hint = f"did you mean {close[0]}?" if close else f"known are {', '.join(names())}"
        raise ValueError(f"space: {name!r} is neither a known space nor a file; {hint}")
    try:
        text = path.read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise ValueError(f"{path}: cannot be read: {error}") from None
    return parse(_yaml(text, name), where=name)


def _yaml(text: str, where: str) -> Any:
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ValueError(f"{where}: not valid YAML: {' '.join(str(error).split())}") from None
