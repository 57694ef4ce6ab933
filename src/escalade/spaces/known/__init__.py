"""Known architectures as values, by torchvision's or timm's names; architecture files; members."""

from __future__ import annotations

from functools import lru_cache
from importlib import resources
from pathlib import Path
from typing import Any

import yaml

from escalade.artefacts.texts import MOST_STORED, parse_json, read_text
from escalade.core.network.architecture import Architecture
from escalade.core.values.invalid import Invalid, closest, shown
from escalade.spaces.known.entries import Entry, network, with_identities

# In the folder of a family's member; timm's name for it.
MEMBER = "config.json"
FILES = (
    "efficientnet",
    "regnet",
    "resnet",
    "mobilenet",
    "bignas",
    "scarlet",
    "efficientnet_lite",
    "tinynet",
    "mnasnet",
    "mobilenet_v3_small",
    "efficientnet_v2",
    "mobilenet_v4",
)


def names() -> list[str]:
    return [name for file in FILES for name in _entries(file)]


def load(name: str) -> Architecture:
    """A known architecture by name, or by path an architecture file or a member's folder.

    Raises:
        ValueError: for an unknown name, or a file with a wrong or missing field.
    """
    for file in FILES:
        if name in _entries(file):
            return network(_entries(file)[name], load).renamed(name)
    path = Path(name)
    is_member = (path / MEMBER).is_file()
    if not is_member and not path.is_file():
        raise ValueError(
            f"architecture: {name!r} is neither a known name nor a file; {_hint(name)}"
        )
    return of_member(path) if is_member else _of_file(path)


def running(name: str) -> Architecture | None:
    """What a supernet runs for a known architecture that was found in a space of choices.

    It has all layers of the space, the identities included; None of all others.
    """
    for file in FILES:
        if name in _entries(file):
            return with_identities(_entries(file)[name])
    return None


def of_member(folder: Path) -> Architecture:
    """What a member's folder states.

    Raises:
        ValueError: if its configuration is missing or damaged.
    """
    path = folder / MEMBER
    data = _read(path)
    for key in ("model_args", "architecture_json"):
        data = data.get(key) if isinstance(data, dict) else None
    if data is None:
        raise ValueError(f"{path}: not the configuration of a family's member")
    return Architecture.from_json(data, where=f"{path}:architecture_json")


@lru_cache
def _entries(file: str) -> dict[str, Entry]:
    text = resources.files(__package__).joinpath(f"{file}.yaml").read_text(encoding="utf-8")
    found: dict[str, Entry] = yaml.safe_load(text)
    return found


def _of_file(path: Path) -> Architecture:
    data = _read(path)
    if not isinstance(data, dict):
        raise Invalid(f"expected an architecture, got {shown(data)}", path=(str(path),))
    return Architecture.from_json(data, where=str(path))


def _read(path: Path) -> Any:
    try:
        return parse_json(read_text(path, most=MOST_STORED))
    except (OSError, ValueError) as error:
        raise ValueError(f"{path}: not a JSON file: {error}") from None


def _hint(name: str) -> str:
    plain = name.lower().replace("-", "_")
    longer = [known for known in names() if len(plain) > 3 and known.startswith(plain)]
    close = longer[0] if longer else closest(plain, names())
    return f"did you mean {close}?" if close else "`escalade cost --list` lists the known"
