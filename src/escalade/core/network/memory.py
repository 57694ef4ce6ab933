"""Peak memory: the most numbers that are alive at once while a network runs.

Alive is what a layer reads and writes, and what later layers still need: the input of a shortcut,
and the branch while the shortcut runs. Batch norm is folded; activations, the product of a
squeeze-excitation and the sum after a shortcut take the place of an input; there is no workspace,
and weights are elsewhere. Between parts one tensor is alive, so the peak of a network is the
largest of its parts' peaks, for one network and for many.
"""

from __future__ import annotations

from collections.abc import Iterable

from escalade.core.network.branches import Layers
from escalade.core.network.layers import Layer, Size
from escalade.core.numbers.shown import BYTES


class Memory:
    """What has a peak in bytes of fp32 has it in other precisions."""

    __slots__ = ()
    memory: int

    @property
    def memory_fp16(self) -> int:
        """Bytes at two a number."""
        return self.memory // BYTES["memory"] * BYTES["memory_fp16"]

    @property
    def memory_int8(self) -> int:
        """Bytes at one a number."""
        return self.memory // BYTES["memory"] * BYTES["memory_int8"]


def larger(one: Size, other: Size) -> Size:
    """The larger of two numbers, or of every pair of two arrays."""
    if isinstance(one, int) and isinstance(other, int):
        return max(one, other)
    import numpy as np  # one network is counted without it

    return np.maximum(one, other)


def peak(layers: Layers, *, in_width: Size, side: Size) -> Size:
    """The most numbers alive at once, the input included.

    Args:
        layers: the branch runs first, then the shortcut's.
    """
    given = in_width * (side * side)
    most, made = _way(layers.branch, in_width, side, held=given if layers.adds else 0)
    if layers.shortcut:
        # As its first layer reads the input, that is counted there; the branch waits all the time.
        other, _ = _way(layers.shortcut, in_width, side, held=0)
        most = larger(most, other + made)
    return most


def _way(layers: Iterable[Layer], width: Size, side: Size, *, held: Size) -> tuple[Size, Size]:
    """The peak of one layer after the other, and the numbers of what comes out.

    `held` are numbers of the input that somebody else needs later.
    """
    numbers = most = width * (side * side)
    waiting: Size = 0
    for layer in layers:
        most = larger(most, layer.alive(width, side) + waiting)
        width, side, waiting = layer.channels(width), layer.after(side), held
        numbers = width * (side * side)
    return most, numbers
