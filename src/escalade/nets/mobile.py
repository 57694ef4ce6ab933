"""Networks of depthwise blocks, by timm's EfficientNet and MobileNetV3.

It goes into a member's `model.py`, so it imports torch and timm alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from timm.models._efficientnet_blocks import SqueezeExcite
from timm.models.efficientnet import EfficientNet
from timm.models.mobilenetv3 import MobileNetV3
from torch import nn

from escalade.nets.parts import ACTIVATIONS, GATES, NO_DILATION, set_stem


def build(
    network: Mapping[str, Any], *, drop_rate: float = 0.0, drop_path_rate: float = 0.0
) -> nn.Module:
    """The network with random weights; a hidden layer after pooling makes it a MobileNetV3."""
    stem, head = network["stem"], network["head"]
    stages = [[_block(**block) for block in stage] for stage in network["stages"]]
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
    }
    made: Any
    if head["hidden"] is None:
        shared |= {"stem_kernel_size": stem["kernel"], "output_stride": NO_DILATION}
        made = EfficientNet(stages, num_features=head["width"], **shared)
        made.bn2.act = activation(inplace=True)
    else:
        last = {"block_type": "cn", "kernel_size": 1, "stride": 1}
        stages.append([last | {"out_chs": head["width"], "act_layer": activation}])
        made = MobileNetV3(stages, num_features=head["hidden"], **shared)
        made.act2 = activation(inplace=True)
    set_stem(made, made.conv_stem, kernel=stem["kernel"], stride=stem["stride"])
    plain: nn.Module = made
    return plain


def _block(
    *,
    kind: str,
    kernel: int,
    stride: int,
    expansion: float,
    width: int,
    activation: str,
    se: Mapping[str, Any] | None,
) -> dict[str, Any]:
    """One block as timm's builder takes it, which changes it: each network needs its own."""
    args: dict[str, Any] = {
        "block_type": {"mbconv": "ir", "dsconv": "ds"}[kind],
        "dw_kernel_size": kernel,
        "stride": stride,
        "out_chs": width,
        "act_layer": ACTIVATIONS[activation],
    }
    if kind == "mbconv":
        args["exp_ratio"] = expansion
    if se is not None:
        # not by se_ratio: no ratio is rounded twice, and each block has its own gate
        args["se_layer"] = partial(
            SqueezeExcite,
            rd_channels=se["width"],
            gate_layer=GATES[se["gate"]],
            force_act_layer=ACTIVATIONS[se["activation"]],
        )
    return args
