"""Known architectures as values, with torchvision's names; and architecture files."""

from __future__ import annotations

import difflib
import json
from collections.abc import Callable
from functools import partial
from pathlib import Path

from escalade.core.architecture import Architecture
from escalade.spaces.known import bignas, efficientnet, mobilenet, regnet, resnet, scarlet

_KNOWN: dict[str, Callable[[], Architecture]] = {
    **{name: partial(efficientnet.efficientnet, name) for name in efficientnet.NAMES},
    **{name: partial(regnet.regnet, name) for name in regnet.NAMES},
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
    """A known architecture by name, or an architecture file by path.

    Raises:
        ValueError: for an unknown name, or a file with a wrong or missing field.
    """
    if name in _KNOWN:
        return _KNOWN[name]()
    path = Path(name)
    if not path.is_file():
        raise ValueError(
            f"architecture: {name!r} is neither a known name nor a file; {_hint(name)}"
        )
    try:
        data = json.loads(path.read_text())
    except (OSError, ValueError) as error:
        raise ValueError(f"{path}: not a JSON file: {error}") from None
    if not isinstance(data, dict):
        raise ValueError(f"{path}: expected an architecture, got {data!r}")
    return Architecture.from_json(data, where=str(path))


def _hint(name: str) -> str:
    plain = name.lower().replace("-", "_")
    longer = [known for known in _KNOWN if len(plain) > 3 and known.startswith(plain)]
    close = longer or difflib.get_close_matches(plain, _KNOWN, 1)
    return f"did you mean {close[0]}?" if close else "`escalade cost --list` lists the known"
