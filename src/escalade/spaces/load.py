"""Named spaces and users' own, by name or by file."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import resources
from pathlib import Path
from typing import Any

from escalade.artefacts.texts import parse_yaml, read_text
from escalade.core.space import layouts
from escalade.core.space.layout import Layout
from escalade.core.space.space import Space
from escalade.core.values.invalid import Invalid, nearest, within

# Fields of a space's file that are of its own choices, so that no other file takes them over.
BY_HAND = ("plain", "bases")


def names() -> list[str]:
    folder = resources.files("escalade.spaces")
    return sorted(f.name[: -len(".yaml")] for f in folder.iterdir() if f.name.endswith(".yaml"))


def load(
    name: str,
    *,
    factors: Sequence[float] | None = None,
    kind: str = "macs",
    in_channels: int | None = None,
    num_classes: int | None = None,
) -> Space:
    """A space by name, or from a YAML file of a user's own.

    Args:
        name: one of `names()` or a path to a YAML file.
        factors: the ladder f_j / f_0; spaces with a grid make their strategies for it.
        kind: what the ladder counts.
        in_channels, num_classes: of the data; the file's values if not given.

    Raises:
        ValueError: for an unknown name, an unreadable file or a field that is wrong.
    """
    space = Space(read(name), factors=factors, kind=kind)
    if in_channels is None and num_classes is None:
        return space
    return space.with_data(
        in_channels=in_channels or space.layout.in_channels,
        num_classes=num_classes or space.layout.num_classes,
    )


def read(name: str) -> Layout:
    """The layout of a space, by name or from a file; no ladder is needed."""
    return layouts.parse(_content(name), where=name)


def _content(name: str) -> Any:
    """A space's file, by name or path; with `like`, the fields of that space where it has none.

    Bases by hand are of that space's own choices, so they are not taken over.
    """
    with within(name):
        content = parse_yaml(_text(name))
    if not isinstance(content, dict) or "like" not in content:
        return content
    like = content.pop("like")
    if like not in names():
        problem = f"{like!r} is not a space that comes with the package"
        raise Invalid(problem, path=(name, "like"), remedy=nearest(like, names()))
    known = {field: value for field, value in _content(like).items() if field not in BY_HAND}
    return known | content


def _text(name: str) -> str:
    if name in names():
        return (
            resources.files("escalade.spaces").joinpath(f"{name}.yaml").read_text(encoding="utf-8")
        )
    path = Path(name)
    if not path.is_file():
        problem = f"{name!r} is neither a known space nor a file"
        raise Invalid(problem, path=("space",), remedy=nearest(name, names()))
    try:
        return read_text(path)
    except (OSError, ValueError) as error:
        raise ValueError(f"cannot be read: {error}") from None
