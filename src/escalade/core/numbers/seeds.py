"""Seeds derive once, in named streams, so that no two uses share random numbers."""

from __future__ import annotations

import hashlib

import numpy as np


def _entropy(seed: int, stream: tuple[str | int, ...]) -> int:
    text = "/".join([str(seed), *map(str, stream)])
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:16], "little")


def generator(seed: int, *stream: str | int) -> np.random.Generator:
    """A numpy generator for a named stream, such as `generator(0, "paths", epoch)`."""
    return np.random.default_rng(_entropy(seed, stream))


def torch_seed(seed: int, *stream: str | int) -> int:
    """A 63-bit seed for `torch.manual_seed` for a named stream."""
    return _entropy(seed, stream) % (1 << 63)
