"""Known architectures as values, with torchvision's names; architecture files and members."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from escalade.core.network.architecture import Architecture
from escalade.core.values.invalid import closest
from escalade.spaces.known import bignas, efficientnet, mobilenet, regnets, resnet, scarlet

# In the folder of a family's member; timm's name for it.
MEMBER = "config.json"

_KNOWN: dict[str, Callable[[], Architecture]] = {
    **{name: partial(efficientnet.efficientnet, name) for name in efficientnet.NAMES},
    **{name: partial(regnets.regnet, name) for name in regnets.NAMES},
    "resnet50": resnet.resnet50,
    "resnext50_32x4d": resnet.resnext50_32x4d,
    "mobilenet_v2": mobilenet.mobilenet_v2,
    "mobilenet_v3_large": mobilenet.mobilenet_v3_large,
    "bignas_659m": bignas.bignas_659m,
    **{name: partial(scarlet.scarlet, name) for name in scarlet.NAMES},
}


def names() -> list[str]:
    """Names of known architectures."""
    return list(_KNOWN)


def load(name: str) -> Architecture:
    """A known architecture by name, or by path an architecture file or a member's folder.

    Raises:
        ValueError: for an unknown name, or a file with a wrong or missing field.
    """
    if name in _KNOWN:
        return _KNOWN[name]()
    path = Path(name)
    is_member = (path / MEMBER).is_file()
    if not is_member and not path.is_file():
        raise ValueError(
            f"architecture: {name!r} is neither a known name nor a file; {_hint(name)}"
        )
    return _of_member(path / MEMBER) if is_member else _of_file(path)


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
    longer = [known for known in _KNOWN if len(plain) > 3 and known.startswith(plain)]
    close = longer[0] if longer else closest(plain, _KNOWN)
    return f"did you mean {close}?" if close else "`escalade cost --list` lists the known"
