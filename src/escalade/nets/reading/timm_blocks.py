"""One block of a timm network as a value: sizes are read from its layers, by their names."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from torch import nn

from escalade.core.network.block import BOTTLENECK, REGNET_Z, Block, SqueezeExcite
from escalade.core.network.kinds import KINDS
from escalade.core.values.invalid import Invalid
from escalade.nets.mobile import TIMMS

# timm's and torch's names of functions, as ours.
FUNCTIONS = {
    **{"ReLU": "relu", "ReLU6": "relu6", "Hardswish": "hard_swish", "HardSwish": "hard_swish"},
    **{"SiLU": "swish", "Swish": "swish", "Hardsigmoid": "hard_sigmoid", "Sigmoid": "sigmoid"},
    **{"HardSigmoid": "hard_sigmoid", "HardSwishMe": "hard_swish", "SwishMe": "swish"},
    "HardSigmoidMe": "hard_sigmoid",
}
Find = Callable[[str], nn.Module | None]
"""A module by its name, where there is one that does something."""


@dataclass(frozen=True, kw_only=True)
class BlockForm:
    """Where the layers of one of timm's blocks tell its sizes.

    Attributes:
        kind: ours.
        middle: the convolution with its kernel and stride.
        start: one before it, in a block that may have either.
        hidden: the convolution that makes its hidden width; of some kinds that is the input's.
        last: the convolution that makes its output.
        active: the layer whose activation is the block's.
        squeeze: the squeeze-excitation.
        reduce, inner: its first convolution, and the activation after that.
        expand: its second convolution.
    """

    kind: str
    middle: str
    last: str
    active: str
    start: str = ""
    hidden: str = ""
    squeeze: str = "se"
    reduce: str = "conv_reduce"
    inner: str = "act1"
    expand: str = "conv_expand"


_OF_TIMMS = {short: kind for kind, (short, _) in TIMMS.items()}
_BOTTLENECK = BlockForm(
    kind=BOTTLENECK,
    middle="conv2_kxk.conv",
    hidden="conv1_1x1.conv",
    last="conv3_1x1.conv",
    active="conv1_1x1",
    squeeze="attn",
    reduce="fc1",
    inner="act",
    expand="fc2",
)
FORMS = {
    "InvertedResidual": BlockForm(
        kind=_OF_TIMMS["ir"], middle="conv_dw", hidden="conv_pw", last="conv_pwl", active="bn2"
    ),
    "DepthwiseSeparableConv": BlockForm(
        kind=_OF_TIMMS["ds"], middle="conv_dw", last="conv_pw", active="bn1"
    ),
    "EdgeResidual": BlockForm(
        kind=_OF_TIMMS["er"], middle="conv_exp", hidden="conv_exp", last="conv_pwl", active="bn1"
    ),
    "ConvBnAct": BlockForm(kind=_OF_TIMMS["cn"], middle="conv", last="conv", active="bn1"),
    "UniversalInvertedResidual": BlockForm(
        kind=_OF_TIMMS["uir"],
        start="dw_start.conv",
        middle="dw_mid.conv",
        hidden="pw_exp.conv",
        last="pw_proj.conv",
        active="pw_exp.bn",
    ),
    "BottleneckBlock": _BOTTLENECK,
    "Bottleneck": _BOTTLENECK,
}


def read_block(module: nn.Module, find: Find, *, in_width: int) -> Block:
    """The block that a module is; whether all its layers are is for `same_layers` to say.

    Args:
        module: timm's block.
        find: its modules by our names.

    Raises:
        Invalid: if there is no such block here.
    """
    form = FORMS.get(type(module).__name__)
    if form is None:
        problem = f"{type(module).__name__} is not a block that can be read"
        raise Invalid(problem, remedy=f"these can be: {', '.join(FORMS)}")
    is_linear = form.kind == BOTTLENECK and find("act") is None  # nothing after the sum
    kind = REGNET_Z if is_linear else form.kind
    has, width = KINDS[kind].has, _needed(find, form.last).out_channels
    start, middle = _conv(find, form.start), _conv(find, form.middle)
    stride = max((conv.stride[0] for conv in (start, middle) if conv), default=1)
    keeps_shape = stride == 1 and width == in_width
    groups = middle.groups if middle and "group_width" in has else 1
    base = width if KINDS[kind].is_residual else in_width
    return Block(
        kind=kind,
        start_kernel=start.kernel_size[0] if start else 0,
        kernel=middle.kernel_size[0] if middle else 0,
        stride=stride,
        expansion=_needed(find, form.hidden).out_channels / base if form.hidden else 1.0,
        width=width,
        se=_squeeze(find, form),
        group_width=middle.in_channels // groups if middle and groups > 1 else None,
        activation=function(find, form.active),
        skip=bool(getattr(module, "has_skip", True)) or "skip" not in has or not keeps_shape,
    )


def function(find: Find, name: str) -> str:
    """The activation of a layer: of its norm, beside it, or itself.

    Raises:
        Invalid: if it is none that is known here.
    """
    tried = (find(at) for at in (f"{name}.act", f"{name}.bn.act", name))
    found = next((module for module in tried if module is not None), None)
    if (known := FUNCTIONS.get(type(found).__name__)) is None:
        problem = f"{type(found).__name__} is not an activation that can be read"
        raise Invalid(problem, path=(name,), remedy=f"these can be: {', '.join(_KNOWN)}")
    return known


_KNOWN = tuple(dict.fromkeys(FUNCTIONS.values()))


def _squeeze(find: Find, form: BlockForm) -> SqueezeExcite | None:
    """With the ratio of the hidden width that its inner width is."""
    if find(form.squeeze) is None:
        return None
    reduce = _needed(find, f"{form.squeeze}.{form.reduce}")
    return SqueezeExcite(
        ratio=reduce.out_channels / reduce.in_channels,
        activation=function(find, f"{form.squeeze}.{form.inner}"),
        gate=function(find, f"{form.squeeze}.gate"),
    )


def _conv(find: Find, name: str) -> nn.Conv2d | None:
    found = find(name)
    return found if isinstance(found, nn.Conv2d) else None


def _needed(find: Find, name: str) -> nn.Conv2d:
    found = _conv(find, name)
    if found is None:
        raise Invalid(f"{type(find(name)).__name__} is not a plain convolution", path=(name,))
    return found
