"""What each kind of block is made of: one function a kind, and what else is true of the kind.

A new kind is a function here, its entry in `KINDS`, and what timm calls it in `nets`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from escalade.core.network.block import IDLE, Block
from escalade.core.network.layers import Conv, Excitation, Layer, Layers, Pad, Pool, Size
from escalade.core.numbers.rounding import make_divisible, to_nearest

ACTIVATIONS = ("relu", "relu6", "hard_swish", "swish")
HIDDEN_STEP = 8  # timm's builders round hidden widths that follow from the input to multiples of it


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """What is true of every block of one kind.

    Attributes:
        layers: of a block and its input width.
        hidden: the width of the middle convolution, exactly as timm's builders make it.
        has: of the fields in `IDLE` those that say something; the others have the values there.
        why: reasons for others that need one.
        optional: kernels that may be 0, for no convolution.
        activations: those that it may have.
        expands: whether the hidden width is `expansion` times another.
        is_residual: whether timm's ByobNet builds it, which mixes with no other builder.
        is_elastic: whether supernets hold it in several sizes.
        left_out: whether it stands for a layer left out.
        passes_on: whether its output has the channels of its input, and no others.
    """

    layers: Callable[[Block, Size], Layers]
    hidden: Callable[[Block, Size], Size]
    has: frozenset[str] = frozenset()
    why: Mapping[str, str] = field(default_factory=dict)
    optional: tuple[str, ...] = ()
    activations: tuple[str, ...] = ACTIVATIONS
    expands: bool = True
    is_residual: bool = False
    is_elastic: bool = False
    left_out: bool = False
    passes_on: bool = False

    @property
    def idle(self) -> dict[str, Any]:
        """The fields that say nothing, as they must be."""
        return {name: value for name, value in IDLE.items() if name not in self.has}


def mbconv(block: Block, in_width: Size) -> Layers:
    """1x1, depthwise, squeeze-excitation, 1x1 linear (MobileNetV2 and V3)."""
    hidden, act = _expanded(block, in_width), block.activation
    return Layers(
        branch=(
            Conv("conv_pw", in_width=in_width, width=hidden, norm="bn1", activation=act),
            _depthwise("conv_dw", hidden, block, norm="bn2"),
            *_squeeze_excite(block, in_width, hidden),
            Conv("conv_pwl", in_width=hidden, width=block.width, norm="bn3"),
        ),
        shortcut=_shortcut(block, in_width),
    )


def dsconv(block: Block, in_width: Size) -> Layers:
    """Depthwise, squeeze-excitation, 1x1 linear."""
    return Layers(
        branch=(
            _depthwise("conv_dw", in_width, block, norm="bn1"),
            *_squeeze_excite(block, in_width, in_width),
            Conv("conv_pw", in_width=in_width, width=block.width, norm="bn2"),
        ),
        shortcut=_shortcut(block, in_width),
    )


def uib(block: Block, in_width: Size) -> Layers:
    """1x1 and 1x1 linear, each with a depthwise convolution before it or without (MobileNetV4).

    A stride is that of the second of these, if it is there.
    """
    hidden, act = _expanded(block, in_width), block.activation
    start = Conv(
        "dw_start.conv", in_width=in_width, width=in_width, kernel=block.start_kernel,
        stride=1 if block.kernel else block.stride, depthwise=True, norm="dw_start.bn",
    )  # fmt: skip
    middle = _depthwise("dw_mid.conv", hidden, block, norm="dw_mid.bn")
    expand = Conv("pw_exp.conv", in_width=in_width, width=hidden, norm="pw_exp.bn", activation=act)
    return Layers(
        branch=(
            *((start,) if block.start_kernel else ()),
            expand,
            *((middle,) if block.kernel else ()),
            *_squeeze_excite(block, in_width, hidden),
            Conv("pw_proj.conv", in_width=hidden, width=block.width, norm="pw_proj.bn"),
        ),
        shortcut=_shortcut(block, in_width),
    )


def fused_mbconv(block: Block, in_width: Size) -> Layers:
    """A convolution that expands, squeeze-excitation, 1x1 linear (EfficientNetV2)."""
    hidden = _expanded(block, in_width)
    return Layers(
        branch=(
            _as(block, Conv("conv_exp", in_width=in_width, width=hidden, norm="bn1")),
            *_squeeze_excite(block, in_width, hidden),
            Conv("conv_pwl", in_width=hidden, width=block.width, norm="bn2"),
        ),
        shortcut=_shortcut(block, in_width),
    )


def conv(block: Block, in_width: Size) -> Layers:
    """One convolution (EfficientNetV2, MobileNetV4)."""
    only = Conv("conv", in_width=in_width, width=block.width, norm="bn1")
    return Layers(
        branch=(_as(block, only),),
        shortcut=_shortcut(block, in_width),
    )


def bottleneck(block: Block, in_width: Size) -> Layers:
    """1x1, grouped, squeeze-excitation, 1x1 (ResNet, ResNeXt, RegNetX and Y).

    Added to the input, or to a projection of it where the shape changes; then the activation.
    """
    project = _project(in_width, block.width, stride=block.stride)
    return Layers(
        branch=_bottleneck(block, in_width),
        shortcut=() if keeps_shape(block, in_width) else (project,),
        activation=block.activation,
        shortcut_first=True,
    )


def regnet_z(block: Block, in_width: Size) -> Layers:
    """A bottleneck's layers with a linear end, and no shortcut where the shape changes."""
    shortcut = () if keeps_shape(block, in_width) else None
    return Layers(branch=_bottleneck(block, in_width), shortcut=shortcut)


def linear(block: Block, in_width: Size) -> Layers:
    """Max pooling where there is a stride, then a 1x1 convolution alone (SCARLET, Figure 2)."""
    conv = Conv("conv", in_width=in_width, width=block.width, activation=block.activation)
    return Layers(branch=(*_max_pool(block, in_width), conv))


def identity(block: Block, in_width: Size) -> Layers:
    """Max pooling where there is a stride, and channels of zeros where it is wider."""
    pad = () if _equal(block.width, in_width) else (Pad(in_width=in_width, width=block.width),)
    return Layers(branch=(*_max_pool(block, in_width), *pad))


def _expanded(block: Block, in_width: Size) -> Size:
    return make_divisible(in_width * block.expansion, HIDDEN_STEP)


def _of_input(block: Block, in_width: Size) -> Size:
    return in_width


def _of_output(block: Block, in_width: Size) -> Size:
    return to_nearest(block.width * block.expansion)


def _none(block: Block, in_width: Size) -> Size:
    return 0


_MOBILE = frozenset({"kernel", "expansion", "se", "transition", "skip"})
_DEPTHWISE = {"group_width": "is depthwise and has none"}
_RESIDUAL: dict[str, Any] = {
    "hidden": _of_output,
    "has": frozenset({"kernel", "expansion", "se", "group_width"}),
    "why": {"skip": "keeps its shortcut"},
    "is_residual": True,
}
_LEFT_OUT: dict[str, Any] = {"hidden": _none, "expands": False, "left_out": True}
KINDS = {
    "mbconv": Kind(layers=mbconv, hidden=_expanded, has=_MOBILE, why=_DEPTHWISE, is_elastic=True),
    "dsconv": Kind(
        layers=dsconv, hidden=_of_input, has=_MOBILE, why=_DEPTHWISE, expands=False, is_elastic=True
    ),
    "uib": Kind(
        layers=uib,
        hidden=_expanded,
        has=_MOBILE | {"start_kernel"},
        why=_DEPTHWISE,
        optional=("kernel", "start_kernel"),
        is_elastic=True,
    ),
    "fused_mbconv": Kind(layers=fused_mbconv, hidden=_expanded, has=_MOBILE, is_elastic=True),
    "conv": Kind(
        layers=conv,
        hidden=_of_input,
        has=_MOBILE - {"expansion", "se"},
        expands=False,
        is_elastic=True,
    ),
    "bottleneck": Kind(layers=bottleneck, **_RESIDUAL),
    "regnet_z": Kind(layers=regnet_z, **_RESIDUAL),
    "linear": Kind(layers=linear, activations=("none", "relu"), **_LEFT_OUT),
    "identity": Kind(layers=identity, activations=("none",), passes_on=True, **_LEFT_OUT),
}


def of(block: Block) -> Kind:
    """What is true of a block's kind."""
    return KINDS[block.kind]


def layers(block: Block, in_width: Size) -> Layers:
    """The layers of a block whose input has so many channels.

    Sizes may be arrays; then all rows must agree on whether the width changes.
    """
    return KINDS[block.kind].layers(block, in_width)


def hidden(block: Block, in_width: Size) -> Size:
    """Width of the middle convolution; 0 without one."""
    return KINDS[block.kind].hidden(block, in_width)


def se_width(block: Block, in_width: Size) -> Size:
    """Inner width of the squeeze-excitation, 0 without one."""
    if block.se is None:
        return 0
    width = (hidden(block, in_width) if block.se.of == "hidden" else in_width) * block.se.ratio
    return make_divisible(width, block.se.divisor) if block.se.divisor > 1 else to_nearest(width)


def keeps_shape(block: Block, in_width: Size) -> bool:
    """Whether the output has the input's shape, so that a shortcut is the input itself."""
    return block.stride == 1 and _equal(block.width, in_width)


def transition(block: Block, in_width: Size, *, projects: bool) -> tuple[Layer, ...]:
    """What a transition makes of the input, where the width changes with a projection."""
    pool = Pool("", width=in_width, stride=block.stride, is_average=True)
    pools = (pool,) if block.stride > 1 else ()
    return (*pools, _project(in_width, block.width)) if projects else pools


def _equal(one: Size, other: Size) -> bool:
    """Whether sizes are equal; of arrays, which all are or none is."""
    same: Any = one == other
    return same if isinstance(same, bool) else bool(same.all())


def _shortcut(block: Block, in_width: Size) -> tuple[Layer, ...] | None:
    """The input where the shape stays; where it changes, what a transition makes of it."""
    if keeps_shape(block, in_width):
        return () if block.skip else None
    if not block.transition:
        return None
    return transition(block, in_width, projects=not _equal(block.width, in_width))


def _project(in_width: Size, width: Size, *, stride: int = 1) -> Conv:
    return Conv("shortcut.conv", in_width=in_width, width=width, stride=stride, norm="shortcut.bn")


def _as(block: Block, conv: Conv) -> Conv:
    """A convolution with the block's kernel, stride and activation."""
    return replace(conv, kernel=block.kernel, stride=block.stride, activation=block.activation)


def _depthwise(name: str, width: Size, block: Block, *, norm: str) -> Conv:
    return _as(block, Conv(name, in_width=width, width=width, depthwise=True, norm=norm))


def _squeeze_excite(
    block: Block, in_width: Size, width: Size, at: str = "se.conv_reduce se.conv_expand"
) -> tuple[Layer, ...]:
    """Squeeze-excitation of so many channels, if there is one."""
    if block.se is None:
        return ()
    inner, se = se_width(block, in_width), block.se
    reduce, expand = at.split()
    return (
        Excitation(
            reduce=Conv(reduce, in_width=width, width=inner, bias=True, activation=se.activation),
            expand=Conv(expand, in_width=inner, width=width, bias=True, activation=se.gate),
        ),
    )


def _bottleneck(block: Block, in_width: Size) -> tuple[Layer, ...]:
    inner, act = _of_output(block, in_width), block.activation
    group = inner if block.group_width is None else block.group_width
    first = Conv("conv1_1x1.conv", in_width=in_width, width=inner, norm="conv1_1x1.bn")
    second = Conv("conv2_kxk.conv", in_width=inner, width=inner, norm="conv2_kxk.bn")
    return (
        replace(first, activation=act),
        _as(block, replace(second, group_width=group)),
        *_squeeze_excite(block, in_width, inner, "attn.fc1 attn.fc2"),
        Conv("conv3_1x1.conv", in_width=inner, width=block.width, norm="conv3_1x1.bn"),
    )


def _max_pool(block: Block, width: Size) -> tuple[Layer, ...]:
    return (Pool("pool", width=width, stride=block.stride),) if block.stride > 1 else ()
