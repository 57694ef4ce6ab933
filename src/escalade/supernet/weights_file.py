"""A supernet's weights as a file."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path

from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file, save
from torch import nn

from escalade.artefacts import digests
from escalade.artefacts.files import write_bytes
from escalade.core.values.invalid import Invalid
from escalade.supernet.shared_weights import SharedWeights


def save_weights(
    supernet: SharedWeights, path: Path, *, facts: Mapping[str, str] | None = None
) -> None:
    """Write the weights, whole or not at all; `facts` and their digest are kept beside them."""
    weights = {name: p.detach().cpu().contiguous() for name, p in supernet.named_parameters()}
    write_bytes(path, save(weights, metadata=None if facts is None else dict(facts)))
    digests.seal(path.parent, path.name)


def is_trained(path: Path) -> bool:
    """Whether the weights are there, and are what was written."""
    return digests.is_whole(path.parent, path.name)


def load_weights(supernet: SharedWeights, path: Path, *, remedy: str) -> SharedWeights:
    """The supernet with the weights of a file; `remedy` makes the file.

    Raises:
        Invalid: if it is missing or damaged.
    """
    if not path.exists():
        raise Invalid("missing", path=(str(path),), remedy=remedy)
    digests.check_whole(path.parent, path.name, remedy=remedy)
    try:
        supernet.load_state_dict(load_file(path))
    except SafetensorError as error:
        raise _damaged(path, error, remedy) from None
    return supernet


def read_facts(path: Path, *, remedy: str) -> dict[str, str]:
    """What is kept beside the weights.

    Raises:
        Invalid: if the file is damaged.
    """
    try:
        with safe_open(path, framework="pt") as file:
            return dict(file.metadata() or {})
    except SafetensorError as error:
        raise _damaged(path, error, remedy) from None


def _damaged(path: Path, error: SafetensorError, remedy: str) -> Invalid:
    return Invalid(f"damaged ({error})", path=(str(path),), remedy=f"delete it and {remedy}")


def digest(network: nn.Module) -> str:
    """SHA-256 (hexadecimal) of names, shapes and values of a network's parameters and buffers.

    Independent of registration order, memory layout and device.
    """
    found = hashlib.sha256()
    for name, tensor in sorted(network.state_dict().items()):
        values = tensor.detach().cpu().contiguous().numpy()
        found.update(f"{name} {values.dtype.str} {values.shape}\n".encode())
        found.update(values.tobytes())
    return found.hexdigest()
