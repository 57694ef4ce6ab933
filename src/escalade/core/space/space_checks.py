"""What the fields of a space's file may hold; every error is a ValueError that names the field."""

from __future__ import annotations

import difflib
import math
from collections.abc import Iterable

from escalade.core.network.block import Head, SqueezeExcite
from escalade.core.network.kinds import ACTIVATIONS, KINDS
from escalade.core.network.legality import GATES

# Of kinds, those that the supernet has elastic layers for.
ELASTIC = tuple(name for name, kind in KINDS.items() if kind.is_elastic)
KNOWN = {"kind": ELASTIC, "activation": ACTIVATIONS, "gate": GATES, "of": ("input", "hidden")}


def check_known(name: str, value: str, where: str) -> None:
    """Raise a ValueError with the nearest choice if a field's value is not known."""
    choices = KNOWN[name]
    if value not in choices:
        close = difflib.get_close_matches(value, choices, 1)
        hint = f"did you mean {close[0]}?" if close else f"use one of {', '.join(choices)}"
        raise ValueError(f"{where}.{name}: {value!r} is not known; {hint}")


def check_stride(stride: int, where: str) -> None:
    """A convolution halves the resolution or keeps it."""
    if stride not in (1, 2):
        raise ValueError(f"{where}: {stride} is neither 1 nor 2")


def check_widths(widths: Iterable[int], divisor: int, where: str) -> None:
    """Widths are multiples of the space's divisor."""
    for width in widths:
        if width % divisor:
            raise ValueError(f"{where}: {width} is not a multiple of width_divisor {divisor}")


def check_odd(kernels: Iterable[int], where: str, *, hint: str = "") -> None:
    """Kernels have a centre."""
    for kernel in kernels:
        if kernel % 2 == 0:
            raise ValueError(f"{where}: {kernel} is not odd{hint}")


def check_head(head: Head, where: str) -> None:
    """A head that a supernet has."""
    check_known("activation", head.activation, where)
    if head.width is None or head.hidden is not None:
        raise ValueError(f"{where}: a supernet's head is one convolution; give only width")


def check_side(side: int, strides: Iterable[int], where: str) -> None:
    """A resolution with a pixel left after all strides."""
    stride = math.prod(strides)
    if side < stride:
        raise ValueError(
            f"{where}: {side} is too small for strides whose product is {stride}; "
            f"use {stride} or more, or fewer strides of 2"
        )


def check_squeeze(se: SqueezeExcite, where: str) -> None:
    """Raise a ValueError for a squeeze-excitation that no block has."""
    for field_name in ("activation", "gate", "of"):
        check_known(field_name, getattr(se, field_name), where)
    if se.ratio > 1:
        raise ValueError(f"{where}.ratio: {se.ratio} is outside (0, 1]")
