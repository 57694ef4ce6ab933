"""Named spaces and users' own, by name or by file."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import resources
from pathlib import Path
from typing import Any

import yaml

from escalade.core.space import choice_data, choices, design_choices, layer_choices
from escalade.core.space.choice_data import ChoiceData
from escalade.core.space.choice_space import ChoiceSpace
from escalade.core.space.choices import SpaceData
from escalade.core.space.design_choices import DesignData
from escalade.core.space.design_space import DesignSpace
from escalade.core.space.layer_choices import LayerData
from escalade.core.space.layer_space import LayerSpace
from escalade.core.space.search_space import SearchSpace
from escalade.core.space.space import Space
from escalade.core.space.traits import Traits
from escalade.core.values.invalid import Invalid, nearest

Data = SpaceData | LayerData | ChoiceData | DesignData
# Of each kind of file: what reads and writes it, and the space that is made of it.
_LAYOUTS: dict[type, tuple[Any, Any]] = {
    SpaceData: (choices, SearchSpace),
    LayerData: (layer_choices, LayerSpace),
    ChoiceData: (choice_data, ChoiceSpace),
    DesignData: (design_choices, DesignSpace),
}


def names() -> list[str]:
    """The spaces that come with the package."""
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
    """A supernet's space by name, or from a YAML file of a user's own.

    Args:
        name: one of `names()` or a path to a YAML file.
        factors: the ladder f_j / f_0; spaces with a grid make their strategies for it.
        kind: what the ladder counts.
        in_channels, num_classes: of the data; the file's values if not given.

    Raises:
        ValueError: for an unknown name, an unreadable file, a field that is wrong, or a design
            space.
    """
    space = load_any(name, factors=factors, kind=kind)
    if not space.traits.has_supernet:
        raise ValueError(
            f"space: {name} is a {space.traits.noun}, whose networks are trained alone; name one "
            "with a supernet, such as small"
        )
    if in_channels is None and num_classes is None:
        return space
    return space.with_data(
        in_channels=in_channels or space.in_channels, num_classes=num_classes or space.num_classes
    )


def load_any(name: str, *, factors: Sequence[float] | None = None, kind: str = "macs") -> Space:
    """A space of any kind by name or file; arguments and errors as for `load`."""
    return make(read(name), factors=factors, kind=kind)


def traits(name: str) -> Traits:
    """What is true of a space, told before there is a ladder for it; errors as for `load`."""
    made: Traits = _class_of(read(name)).traits
    return made


def make(data: Data, *, factors: Sequence[float] | None = None, kind: str = "macs") -> Space:
    """The space of a file's content; only one with scaling strategies needs a ladder."""
    space: Space = _class_of(data)(data, factors=factors, kind=kind)
    return space


def read(name: str) -> Data:
    """The data of a space, by name or from a file."""
    return parse(_content(name), where=name)


def parse(content: Any, *, where: str) -> Data:
    """Read a space of any kind: `kind: regnet`, `layers`, `choices`, or none with strategies."""
    if choice_data.is_choices(content):
        return choice_data.parse(content, where=where)
    if layer_choices.is_layers(content):
        return layer_choices.parse(content, where=where)
    if design_choices.is_design(content):
        return design_choices.parse(content, where=where)
    return choices.parse(content, where=where)


def to_json(data: Data) -> dict[str, Any]:
    """The mapping that `parse` reads."""
    module, _ = _LAYOUTS[type(data)]
    content: dict[str, Any] = module.to_json(data)
    return content


def _class_of(data: Data) -> Any:
    _, made = _LAYOUTS[type(data)]
    return made


def _content(name: str) -> Any:
    """A space's file, by name or path; with `like`, the fields of that space where it has none."""
    content = _yaml(_text(name), name)
    if not isinstance(content, dict) or "like" not in content:
        return content
    like = content.pop("like")
    if like not in names():
        problem = f"{like!r} is no space that comes with the package"
        raise Invalid(problem, path=(name, "like"), remedy=nearest(like, names()))
    return _content(like) | content


def _text(name: str) -> str:
    if name in names():
        return resources.files("escalade.spaces").joinpath(f"{name}.yaml").read_text()
    path = Path(name)
    if not path.is_file():
        problem = f"{name!r} is neither a known space nor a file"
        raise Invalid(problem, path=("space",), remedy=nearest(name, names()))
    try:
        return path.read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise ValueError(f"{path}: cannot be read: {error}") from None


def _yaml(text: str, where: str) -> Any:
    try:
        return yaml.safe_load(text)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise ValueError(f"{where}: not valid YAML: {' '.join(str(error).split())}") from None
