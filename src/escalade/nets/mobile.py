"""Networks of depthwise blocks, by timm's EfficientNet and MobileNetV3.

It goes into a member's `model.py`, so it imports torch and timm alone.
"""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Mapping
from functools import partial
from typing import Any

from timm.models._efficientnet_blocks import SqueezeExcite
from timm.models.efficientnet import EfficientNet
from timm.models.mobilenetv3 import MobileNetV3
from torch import Tensor, nn

from escalade.nets.shared import ACTIVATIONS, GATES, NO_DILATION, follow, set_stem

# What a kind of block is in timm: its name, and which of our facts its arguments are.
TIMMS: dict[str, tuple[str, dict[str, str]]] = {
    "mbconv": ("ir", {"dw_kernel_size": "kernel", "exp_ratio": "expansion", "noskip": "alone"}),
    "dsconv": ("ds", {"dw_kernel_size": "kernel", "noskip": "alone"}),
    "uib": (
        "uir",
        {
            "dw_kernel_size_start": "start_kernel",
            "dw_kernel_size_mid": "kernel",
            "exp_ratio": "expansion",
            "noskip": "alone",
        },
    ),
    "fused_mbconv": (
        "er",
        {"exp_kernel_size": "kernel", "exp_ratio": "expansion", "noskip": "alone"},
    ),
    "conv": ("cn", {"kernel_size": "kernel", "skip": "skip"}),
}
# What is left of a layer that is left out (SCARLET, Figure 2): timm has no such blocks.
OURS = ("linear", "identity")
PADDINGS = {"symmetric": "", "same": "same"}


def build(
    network: Mapping[str, Any], *, drop_rate: float = 0.0, drop_path_rate: float = 0.0
) -> nn.Module:
    """The network with random weights; a hidden layer after pooling makes it a MobileNetV3."""
    stem, head, conventions = network["stem"], network["head"], network.get("conventions")
    stages = [[_timms(block) for block in stage] for stage in network["stages"]]
    activation = ACTIVATIONS[head["activation"]]
    shared: dict[str, Any] = {
        "num_classes": network["num_classes"],
        "in_chans": network["in_channels"],
        "stem_size": stem["width"],
        "fix_stem": True,
        "act_layer": ACTIVATIONS[stem["activation"]],
        "round_chs_fn": int,  # widths as they are
        "drop_rate": drop_rate,
        "drop_path_rate": drop_path_rate,
        "pad_type": PADDINGS[conventions["padding"]] if conventions else "",
    }
    made: Any
    if head["hidden"] is None:
        shared |= {"stem_kernel_size": stem["kernel"], "output_stride": NO_DILATION}
        made = EfficientNet(stages, num_features=head["width"], **shared)
        made.bn2.act = activation(inplace=True)
    else:
        last = {"block_type": "cn", "kernel_size": 1, "stride": 1}
        stages.append([last | {"out_chs": head["width"], "act_layer": activation}])
        norm = head["hidden_norm"]
        made = MobileNetV3(
            stages, num_features=head["hidden"], head_bias=not norm, head_norm=norm, **shared
        )
        if norm:
            made.norm_head.act = activation(inplace=True)
        else:
            made.act2 = activation(inplace=True)
    set_stem(made, made.conv_stem, kernel=stem["kernel"], stride=stem["stride"])
    for built, stage in zip(made.blocks, network["stages"], strict=False):
        for k, block in enumerate(stage):
            if block["kind"] in OURS:
                built[k] = _left_out(**block)
            elif block["transition"]:
                built[k] = Transition(built[k], _shortcut(**block))
    if conventions:
        follow(made, **conventions)
    plain: nn.Module = made
    return plain


class Transition(nn.Module):
    """timm's block, layer by layer, with a shortcut that follows its change of shape.

    BigNAS, section 3.1; timm's own blocks have shortcuts only where the shape stays.
    """

    def __init__(self, block: nn.Module, shortcut: nn.Module) -> None:
        super().__init__()
        for name, layer in block.named_children():
            self.add_module(name, layer)
        self.shortcut = shortcut

    def forward(self, x: Tensor) -> Tensor:
        *layers, shortcut = self.children()
        branch = x
        for layer in layers:
            branch = layer(branch)
        added: Tensor = branch + shortcut(x)
        return added


def _shortcut(*, stride: int, in_width: int, width: int, **others: Any) -> nn.Module:
    """Average pooling where the stride is 2, a convolution where the width changes."""
    layers: dict[str, nn.Module] = {}
    if stride > 1:
        layers["pool"] = nn.AvgPool2d(stride, ceil_mode=True, count_include_pad=False)
    if width != in_width:
        layers["conv"] = _conv(in_width, width)
        layers["bn"] = nn.BatchNorm2d(width)
    return nn.Sequential(OrderedDict(layers))


def _left_out(
    *, kind: str, stride: int, in_width: int, width: int, activation: str, **others: Any
) -> nn.Module:
    """Max pooling where the stride is 2, then a convolution alone, or the input as it is."""
    layers: dict[str, nn.Module] = {}
    if stride > 1:
        layers["pool"] = nn.MaxPool2d(stride, ceil_mode=True)
    if kind == "linear":
        layers["conv"] = _conv(in_width, width)
        if activation != "none":
            layers["act"] = ACTIVATIONS[activation](inplace=True)
    elif width > in_width:
        layers["pad"] = nn.ZeroPad3d((0, 0, 0, 0, 0, width - in_width))
    return nn.Sequential(OrderedDict(layers))


def _conv(in_width: int, width: int) -> nn.Module:
    """A 1x1 convolution, drawn as timm draws its own."""
    conv = nn.Conv2d(in_width, width, 1, bias=False)
    nn.init.normal_(conv.weight, std=math.sqrt(2 / width))
    return conv


def _timms(block: Mapping[str, Any]) -> dict[str, Any]:
    """One block as timm's builder takes it, which changes it: each network needs its own.

    In the place of one of ours stands timm's plain convolution of the same shapes.
    """
    made = {"stride": block["stride"], "out_chs": block["width"]}
    if block["kind"] in OURS:
        return made | {"block_type": "cn", "kernel_size": 1, "act_layer": nn.Identity}
    name, fields = TIMMS[block["kind"]]
    made |= {"block_type": name, "act_layer": ACTIVATIONS[block["activation"]]}
    made |= {theirs: block[ours] for theirs, ours in fields.items()}
    se = block["se"]
    if se is not None:
        # not by se_ratio: no ratio is rounded twice, and each block has its own gate
        made["se_layer"] = partial(
            SqueezeExcite,
            rd_channels=se["width"],
            gate_layer=GATES[se["gate"]],
            force_act_layer=ACTIVATIONS[se["activation"]],
        )
    return made
