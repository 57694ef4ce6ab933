"""The IDX files of the MNIST family, plain or compressed."""

from __future__ import annotations

import gzip
import lzma
import math
import zlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray


def read_idx(path: Path) -> NDArray[np.uint8]:
    """Read an IDX file of unsigned bytes; `.gz` and `.xz` are unpacked on the way.

    Raises:
        ValueError: if the file is not IDX, or is damaged.
    """
    try:
        data = path.read_bytes()
        if path.suffix == ".gz":
            data = gzip.decompress(data)
        elif path.suffix == ".xz":
            data = lzma.decompress(data)
    except (OSError, EOFError, lzma.LZMAError, zlib.error) as error:
        raise ValueError(f"cannot read {path}: {error}") from error
    if data[:3] != b"\0\0\x08":
        raise ValueError(f"{path} is not an IDX file of unsigned bytes")
    num_dimensions = data[3]
    offset = 4 + 4 * num_dimensions
    shape = [int.from_bytes(data[i : i + 4], "big") for i in range(4, offset, 4)]
    if len(data) != offset + math.prod(shape):
        raise ValueError(f"{path} is damaged: its length does not fit its header; fetch it again")
    return np.frombuffer(data, np.uint8, offset=offset).reshape(shape)


def idx_bytes(array: NDArray[np.uint8]) -> bytes:
    """The IDX file content of an array."""
    sizes = b"".join(size.to_bytes(4, "big") for size in array.shape)
    return bytes([0, 0, 8, array.ndim]) + sizes + array.tobytes()
