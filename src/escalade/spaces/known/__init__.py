"""Known architectures as values, with torchvision's names; architecture files and members."""

from __future__ import annotations

import json
from functools import lru_cache
from importlib import resources
from pathlib import Path
from typing import Any

import yaml

from escalade.core.network.architecture import Architecture
from escalade.core.values.invalid import closest
from escalade.spaces.known.entries import Entry, network

# In the folder of a family's member; timm's name for it.
MEMBER = "config.json"
FILES = ("efficientnet", "regnet", "resnet", "mobilenet", "bignas", "scarlet")


def names() -> list[str]:
    """Names of known architectures."""
    return [name for file in FILES for name in _entries(file)]


def load(name: str) -> Architecture:
    """A known architecture by name, or by path an architecture file or a member's folder.

    Raises:
        ValueError: for an unknown name, or a file with a wrong or missing field.
    """
    for file in FILES:
        if name in _entries(file):
            return network(name, _entries(file))
    path = Path(name)
    is_member = (path / MEMBER).is_file()
    if not is_member and not path.is_file():
        raise ValueError(
            f"architecture: {name!r} is neither a known name nor a file; {_hint(name)}"
        )
    return _of_member(path / MEMBER) if is_member else _of_file(path)


@lru_cache
def _entries(file: str) -> dict[str, Entry]:
    text = resources.files(__package__).joinpath(f"{file}.yaml").read_text(encoding="utf-8")
    found: dict[str, Entry] = yaml.safe_load(text)
    return found


def _of_file(path: Path) -> Architecture:
    data = _read(path)
    if not isinstance(data, dict):
        raise ValueError(f"{path}: expected an architecture, got {data!r}")
    return Architecture.from_json(data, where=str(path))


def _of_member(path: Path) -> Architecture:
    try:
        data = _read(path)["model_args"]["architecture_json"]
    except (KeyError, TypeError):
        raise ValueError(f"{path}: not the configuration of a family's member") from None
    return Architecture.from_json(data, where=f"{path}:architecture_json")


def _read(path: Path) -> Any:
    try:
        return json.loads(path.read_text())
    except (OSError, ValueError) as error:
        raise ValueError(f"{path}: not a JSON file: {error}") from None


def _hint(name: str) -> str:
    plain = name.lower().replace("-", "_")
    longer = [known for known in names() if len(plain) > 3 and known.startswith(plain)]
    close = longer[0] if longer else closest(plain, names())
    return f"did you mean {close}?" if close else "`escalade cost --list` lists the known"
