"""A name for a supernet's weights."""

from __future__ import annotations

import hashlib

from torch import nn


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
