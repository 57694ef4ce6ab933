"""Prices of blocks in many networks at once, by the layers that one network's have."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from escalade.core.network import parts
from escalade.core.network.block import Block
from escalade.core.network.cost import Price

Ints = npt.NDArray[np.int64]


def block_prices(price: Price, block: Block, *, in_width: Any, side: Any) -> Ints:
    """What a block costs in each of many networks.

    Args:
        block: its numbers may be arrays.
        in_width, side: of its input: numbers or arrays. All shapes broadcast to one another.

    Returns:
        Prices in the shape to which they broadcast.
    """
    values = {f.name: getattr(block, f.name) for f in fields(Block)}
    sizes: dict[str, Any] = {k: v for k, v in values.items() if isinstance(v, np.ndarray)}
    sizes |= {"kernel": block.kernel, "width": block.width, "in_width": in_width, "side": side}
    broadcast = np.broadcast_arrays(*sizes.values())
    sizes = {name: np.ravel(v) for name, v in zip(sizes, broadcast, strict=True)}
    prices = np.empty(len(sizes["side"]), dtype=np.int64)
    for rows in _alike(sizes["kernel"], sizes["width"] == sizes["in_width"]):
        some = {name: v[rows] for name, v in sizes.items()}
        some["kernel"] = int(some["kernel"][0])
        at = {name: some.pop(name) for name in ("in_width", "side")}
        prices[rows] = price(parts.block(replace(block, **some), **at))
    return prices.reshape(broadcast[0].shape)


def _alike(kernels: Ints, same_width: npt.NDArray[np.bool_]) -> Iterator[Any]:
    """Rows whose blocks have the same layers, but for sizes: of one kernel and sort of shortcut."""
    for kernel in np.unique(kernels):
        of_kernel = kernels == kernel
        for rows in (of_kernel & same_width, of_kernel & ~same_width):
            if rows.any():
                yield slice(None) if rows.all() else rows
