"""What each kind of block is made of: one function a kind, and what else is true of the kind.

A new kind is a function here, its entry in `KINDS`, and what timm calls it in `nets`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from escalade.core.network import fittings as fit
from escalade.core.network.block import IDLE, Block
from escalade.core.network.branches import Layers
from escalade.core.network.layers import Conv, Layer, Pad, Size

ACTIVATIONS = ("relu", "relu6", "hard_swish", "swish")


@dataclass(frozen=True, kw_only=True)
class Kind:
    """What is true of every block of one kind.

    Attributes:
        layers: of a block and its input width.
        hidden: the width of the middle convolution, exactly as timm's builders make it.
        has: of the fields in `IDLE` those that say something; the others have the values there.
        why: reasons for others that need one.
        optional: kernels that may be 0, for no convolution.
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

    @cached_property
    def idle(self) -> dict[str, Any]:
        """The fields that say nothing, as they must be, or as a file need not say they are."""
        said = {"activation": "none"} if self.left_out else {}
        return said | {name: value for name, value in IDLE.items() if name not in self.has}


def mbconv(block: Block, in_width: Size) -> Layers:
    """1x1, depthwise, squeeze-excitation, 1x1 linear (MobileNetV2 and V3)."""
    hidden, act = fit.expanded(block, in_width), block.activation
    return Layers(
        branch=(
            Conv("conv_pw", in_width=in_width, width=hidden, norm="bn1", activation=act),
            fit.depthwise("conv_dw", hidden, block, norm="bn2"),
            *fit.squeeze_excite(block, in_width, hidden),
            Conv("conv_pwl", in_width=hidden, width=block.width, norm="bn3"),
        ),
        shortcut=fit.shortcut(block, in_width),
    )


def dsconv(block: Block, in_width: Size) -> Layers:
    """Depthwise, squeeze-excitation, 1x1 linear."""
    return Layers(
        branch=(
            fit.depthwise("conv_dw", in_width, block, norm="bn1"),
            *fit.squeeze_excite(block, in_width, in_width),
            Conv("conv_pw", in_width=in_width, width=block.width, norm="bn2"),
        ),
        shortcut=fit.shortcut(block, in_width),
    )


def uib(block: Block, in_width: Size) -> Layers:
    """1x1 and 1x1 linear, each with a depthwise convolution before it or without (MobileNetV4).

    A stride is that of the second of these, if it is there.
    """
    hidden, act = fit.expanded(block, in_width), block.activation
    start = Conv(
        "dw_start.conv",
        in_width=in_width,
        width=in_width,
        kernel=block.start_kernel,
        stride=1 if block.kernel else block.stride,
        depthwise=True,
        norm="dw_start.bn",
    )
    middle = fit.depthwise("dw_mid.conv", hidden, block, norm="dw_mid.bn")
    expand = Conv("pw_exp.conv", in_width=in_width, width=hidden, norm="pw_exp.bn", activation=act)
    return Layers(
        branch=(
            *((start,) if block.start_kernel else ()),
            expand,
            *((middle,) if block.kernel else ()),
            *fit.squeeze_excite(block, in_width, hidden),
            Conv("pw_proj.conv", in_width=hidden, width=block.width, norm="pw_proj.bn"),
        ),
        shortcut=fit.shortcut(block, in_width),
    )


def fused_mbconv(block: Block, in_width: Size) -> Layers:
    """A convolution that expands, squeeze-excitation, 1x1 linear (EfficientNetV2)."""
    hidden = fit.expanded(block, in_width)
    return Layers(
        branch=(
            fit.like(block, Conv("conv_exp", in_width=in_width, width=hidden, norm="bn1")),
            *fit.squeeze_excite(block, in_width, hidden),
            Conv("conv_pwl", in_width=hidden, width=block.width, norm="bn2"),
        ),
        shortcut=fit.shortcut(block, in_width),
    )


def conv(block: Block, in_width: Size) -> Layers:
    """One convolution (EfficientNetV2, MobileNetV4)."""
    only = Conv("conv", in_width=in_width, width=block.width, norm="bn1")
    return Layers(
        branch=(fit.like(block, only),),
        shortcut=fit.shortcut(block, in_width),
    )


def bottleneck(block: Block, in_width: Size) -> Layers:
    """1x1, grouped, squeeze-excitation, 1x1 (ResNet, ResNeXt, RegNetX and Y).

    Added to the input, or to a projection of it where the shape changes; then the activation.
    """
    projection = fit.project(in_width, block.width, stride=block.stride)
    return Layers(
        branch=_bottleneck(block, in_width),
        shortcut=() if fit.keeps_shape(block, in_width) else (projection,),
        activation=block.activation,
        shortcut_first=True,
    )


def regnet_z(block: Block, in_width: Size) -> Layers:
    """A bottleneck's layers with a linear end, and no shortcut where the shape changes."""
    shortcut = () if fit.keeps_shape(block, in_width) else None
    return Layers(branch=_bottleneck(block, in_width), shortcut=shortcut)


def _bottleneck(block: Block, in_width: Size) -> tuple[Layer, ...]:
    inner, act = fit.of_output(block, in_width), block.activation
    group = inner if block.group_width is None else block.group_width
    first = Conv("conv1_1x1.conv", in_width=in_width, width=inner, norm="conv1_1x1.bn")
    second = Conv("conv2_kxk.conv", in_width=inner, width=inner, norm="conv2_kxk.bn")
    return (
        replace(first, activation=act),
        fit.like(block, replace(second, group_width=group)),
        *fit.squeeze_excite(block, in_width, inner, "attn.fc1 attn.fc2"),
        Conv("conv3_1x1.conv", in_width=inner, width=block.width, norm="conv3_1x1.bn"),
    )


def linear(block: Block, in_width: Size) -> Layers:
    """Max pooling where there is a stride, then a 1x1 convolution alone (SCARLET, Figure 2)."""
    conv = Conv("conv", in_width=in_width, width=block.width, activation=block.activation)
    return Layers(branch=(*fit.max_pool(block, in_width), conv))


def identity(block: Block, in_width: Size) -> Layers:
    """Max pooling where there is a stride, and channels of zeros where it is wider."""
    pad = Pad(in_width=in_width, width=block.width)
    pads = () if fit.are_equal(block.width, in_width) else (pad,)
    return Layers(branch=(*fit.max_pool(block, in_width), *pads))


_FIELDS = frozenset({"kernel", "expansion", "se", "transition", "skip"})
_MOBILE: dict[str, Any] = {"has": _FIELDS, "is_elastic": True}
_DEPTHWISE = _MOBILE | {"why": {"group_width": "is depthwise and has none"}}
_RESIDUAL: dict[str, Any] = {
    "hidden": fit.of_output,
    "has": frozenset({"kernel", "expansion", "se", "group_width"}),
    "why": {"skip": "keeps its shortcut"},
    "is_residual": True,
}
_LEFT_OUT: dict[str, Any] = {"hidden": fit.no_width, "expands": False, "left_out": True}
_UIB = {"has": _FIELDS | {"start_kernel"}, "optional": ("kernel", "start_kernel")}
_CONV = {"has": _FIELDS - {"expansion", "se"}}
KINDS = {
    "mbconv": Kind(layers=mbconv, hidden=fit.expanded, **_DEPTHWISE),
    "dsconv": Kind(layers=dsconv, hidden=fit.of_input, expands=False, **_DEPTHWISE),
    "uib": Kind(layers=uib, hidden=fit.expanded, **_DEPTHWISE | _UIB),
    "fused_mbconv": Kind(layers=fused_mbconv, hidden=fit.expanded, **_MOBILE),
    "conv": Kind(layers=conv, hidden=fit.of_input, expands=False, **_MOBILE | _CONV),
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
    return fit.inner_width(block.se, in_width, hidden(block, in_width))
