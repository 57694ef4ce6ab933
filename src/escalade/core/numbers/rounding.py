"""All rounding of widths, depths and resolutions stands here.

`make_divisible` is the rule of the MobileNet family, which timm's builders apply to hidden widths;
what a space realises must agree with it exactly.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, TypeVar, overload

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Ints = npt.NDArray[np.int64]
    Floats = npt.NDArray[np.floating[Any]]

Side = TypeVar("Side", int, "Ints")


@overload
def make_divisible(value: float, divisor: int = 8) -> int: ...
@overload
def make_divisible(value: Floats, divisor: int = 8) -> Ints: ...
def make_divisible(value: float | Floats, divisor: int = 8) -> int | Ints:
    """Round to the nearest multiple of `divisor`, never below it nor below 90 % of `value`.

    Of an array, every value.
    """
    if isinstance(value, int | float):
        rounded = max(divisor, int(value + divisor / 2) // divisor * divisor)
        return rounded + divisor if rounded < 0.9 * value else rounded
    many = (value + divisor / 2).astype("int64") // divisor * divisor
    many = many.clip(divisor)
    rounded_up: Ints = many + divisor * (many < 0.9 * value)
    return rounded_up


@overload
def to_nearest(value: float) -> int: ...
@overload
def to_nearest(value: Floats) -> Ints: ...
def to_nearest(value: float | Floats) -> int | Ints:
    """Round to the nearest whole number, half to even; of an array, every value."""
    if isinstance(value, int | float):
        return round(value)
    whole: Ints = value.round().astype("int64")
    return whole


def round_to(value: float, divisor: int) -> int:
    """Round to the nearest multiple of `divisor` (half to even), at least one multiple."""
    return max(1, round(value / divisor)) * divisor


def scale_depth(depth: int, ratio: float) -> int:
    """Depth rounded up, as the published ScaleNet space has it (docs/explanation/deviations.md)."""
    return max(1, math.ceil(round(depth * ratio, 9)))


def conv_side(side: Side, stride: int) -> Side:
    """Output side, or sides, of a convolution whose padding is `kernel // 2` (kernel odd).

    It is that of `same_padding`, too.
    """
    return (side - 1) // stride + 1


def round_group_width(value: float) -> int:
    """Group width as the published scaled RegNets round it: 1, 2, 4, then multiples of 8."""
    width = max(1, round(value))
    if width <= 2:
        return width
    return 4 if width <= 5 else round(width / 8) * 8


def fit_groups(width: int, ratio: float, group_width: int) -> tuple[int, int]:
    """The nearest output width and group width that fit each other, `ratio` times wide within.

    The hidden width becomes a multiple of the group width (RegNet's published rounding).
    """
    hidden = int(max(1, width * ratio))
    group = min(group_width, hidden)
    step = math.lcm(group, int(ratio)) if ratio > 1 else group
    hidden = max(step, round(hidden / step) * step)
    return int(hidden / ratio), group


def same_padding(side: int, kernel: int, stride: int) -> tuple[int, int]:
    """TensorFlow's padding before and after the pixels of one side: what the outputs need."""
    whole = max((conv_side(side, stride) - 1) * stride + kernel - side, 0)
    return whole // 2, whole - whole // 2
