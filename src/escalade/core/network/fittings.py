"""What kinds of blocks have in common: widths inside, shortcuts, layers."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from escalade.core.network.block import Block, SqueezeExcite
from escalade.core.network.layers import Conv, Excitation, Layer, Pool, Size
from escalade.core.numbers.rounding import make_divisible, to_nearest

HIDDEN_STEP = 8  # timm's builders round hidden widths that follow from the input to multiples of it


def expanded(block: Block, in_width: Size) -> Size:
    """A hidden width that is `expansion` times the input's."""
    return make_divisible(in_width * block.expansion, HIDDEN_STEP)


def of_input(block: Block, in_width: Size) -> Size:
    """A hidden width that is the input's."""
    return in_width


def of_output(block: Block, in_width: Size) -> Size:
    """A hidden width that is `expansion` times the output's."""
    return to_nearest(block.width * block.expansion)


def no_width(block: Block, in_width: Size) -> Size:
    """Of blocks without a middle convolution."""
    return 0


def inner_width(se: SqueezeExcite, in_width: Size, hidden: Size) -> Size:
    """Inner width of a squeeze-excitation."""
    width = (hidden if se.of == "hidden" else in_width) * se.ratio
    return make_divisible(width, se.divisor) if se.divisor > 1 else to_nearest(width)


def keeps_shape(block: Block, in_width: Size) -> bool:
    """Whether the output has the input's shape, so that a shortcut is the input itself."""
    return block.stride == 1 and are_equal(block.width, in_width)


def transition(block: Block, in_width: Size, *, projects: bool) -> tuple[Layer, ...]:
    """What a transition makes of the input, where the width changes with a projection."""
    pool = Pool("", width=in_width, stride=block.stride, is_average=True)
    pools = (pool,) if block.stride > 1 else ()
    return (*pools, project(in_width, block.width)) if projects else pools


def are_equal(one: Size, other: Size) -> bool:
    """Whether sizes are equal; of arrays, which all are or none is."""
    same: Any = one == other
    return same if isinstance(same, bool) else bool(same.all())


def shortcut(block: Block, in_width: Size) -> tuple[Layer, ...] | None:
    """The input where the shape stays; where it changes, what a transition makes of it."""
    if keeps_shape(block, in_width):
        return () if block.skip else None
    if not block.transition:
        return None
    return transition(block, in_width, projects=not are_equal(block.width, in_width))


def project(in_width: Size, width: Size, *, stride: int = 1) -> Conv:
    """The convolution of a shortcut between widths that differ."""
    return Conv("shortcut.conv", in_width=in_width, width=width, stride=stride, norm="shortcut.bn")


def like(block: Block, conv: Conv) -> Conv:
    """A convolution with the block's kernel, stride and activation."""
    return replace(conv, kernel=block.kernel, stride=block.stride, activation=block.activation)


def depthwise(name: str, width: Size, block: Block, *, norm: str) -> Conv:
    """A depthwise convolution with the block's kernel, stride and activation."""
    return like(block, Conv(name, in_width=width, width=width, depthwise=True, norm=norm))


def squeeze_excite(
    block: Block, in_width: Size, width: Size, at: str = "se.conv_reduce se.conv_expand"
) -> tuple[Layer, ...]:
    """Squeeze-excitation of so many channels, if there is one."""
    if block.se is None:
        return ()
    se, inner = block.se, inner_width(block.se, in_width, width)
    reduce, expand = at.split()
    return (
        Excitation(
            reduce=Conv(reduce, in_width=width, width=inner, bias=True, activation=se.activation),
            expand=Conv(expand, in_width=inner, width=width, bias=True, activation=se.gate),
        ),
    )


def max_pool(block: Block, width: Size) -> tuple[Layer, ...]:
    """Max pooling where there is a stride."""
    return (Pool("pool", width=width, stride=block.stride),) if block.stride > 1 else ()
