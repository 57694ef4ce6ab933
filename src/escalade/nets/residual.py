"""Networks of bottleneck blocks (ResNet, ResNeXt, RegNetX, Y and Z), by timm's ByobNet.

It goes into a member's `model.py`, so it imports torch and timm alone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from timm.layers.conv_bn_act import ConvNormAct
from timm.layers.squeeze_excite import SEModule
from timm.models.byobnet import BottleneckBlock, ByoBlockCfg, ByobNet, ByoModelCfg, LayerFn
from torch import nn

from escalade.nets.shared import ACTIVATIONS, GATES, NO_DILATION, follow, set_stem

# What timm's block has in either kind: the shortcut where the shape changes, the last activation.
KINDS: dict[str, dict[str, Any]] = {
    "bottleneck": {"downsample": "conv1x1", "linear_out": False},
    "regnet_z": {"downsample": "", "linear_out": True},
}
TIMM_STEP = 8  # timm rounds the widths of stages and the hidden widths to multiples of it


def build(
    network: Mapping[str, Any], *, drop_rate: float = 0.0, drop_path_rate: float = 0.0
) -> nn.Module:
    """The network with random weights; gamma is 0 at the end of residual branches, as in timm."""
    stem, head = network["stem"], network["head"]
    activation: Any = ACTIVATIONS[stem["activation"]]
    config = ByoModelCfg(
        blocks=tuple(tuple(_block(**block) for block in stage) for stage in network["stages"]),
        stem_type="7x7" if stem["kernel"] == 7 else "3x3",
        stem_pool="maxpool" if stem["max_pool"] else None,
        stem_chs=stem["width"],
        num_features=head["width"] or 0,
        act_layer=activation,
    )
    made: Any = ByobNet(
        config,
        num_classes=network["num_classes"],
        in_chans=network["in_channels"],
        output_stride=NO_DILATION,
        drop_rate=drop_rate,
        drop_path_rate=drop_path_rate,
    )
    _set_widths(made, [stage[-1]["width"] for stage in network["stages"]])
    if head["width"] is not None:
        made.final_conv.bn.act = ACTIVATIONS[head["activation"]](inplace=True)
    conv = made.stem.conv1.conv if stem["max_pool"] else made.stem.conv
    set_stem(made, conv, kernel=stem["kernel"], stride=stem["stride"])
    if conventions := network.get("conventions"):
        follow(made, **conventions)
    plain: nn.Module = made
    return plain


def _block(
    *,
    kind: str,
    kernel: int,
    stride: int,
    in_width: int,
    hidden: int,
    width: int,
    group_width: int | None,
    activation: str,
    skip: bool,
    se: Mapping[str, Any] | None,
    **others: Any,
) -> ByoBlockCfg:
    """One block as timm takes it; what its fields cannot say goes through `block_kwargs`."""
    act = ACTIVATIONS[activation]
    conv: Any = partial(ConvNormAct, act_layer=act)
    attn: Any = None
    if se is not None:
        attn = partial(
            SEModule,
            rd_channels=se["width"],
            act_layer=ACTIVATIONS[se["activation"]],
            gate_layer=GATES[se["gate"]],
        )
    exact: dict[str, Any] = {
        "in_chs": in_width,
        "out_chs": width,
        "kernel_size": kernel,
        "layers": LayerFn(conv_norm_act=conv, act=act, attn=attn),
    } | KINDS[kind]
    if not skip:
        exact["drop_path_rate"] = 0.0  # without a shortcut timm would drop the image itself
    kind_of_block: Any = "bottle"
    if hidden % TIMM_STEP != 0:
        kind_of_block = partial(_any_hidden, hidden=hidden)
    return ByoBlockCfg(
        type=kind_of_block,
        d=1,
        c=width,
        s=stride,
        gs=group_width,
        br=hidden / width,
        block_kwargs=exact,
    )


def _any_hidden(
    *,
    hidden: int,
    in_chs: int,
    out_chs: int,
    kernel_size: int,
    stride: int,
    group_size: int | None,
    layers: LayerFn,
    **others: Any,
) -> nn.Module:
    """timm's block with a hidden width that its own argument would round."""
    block: Any = BottleneckBlock(in_chs, out_chs, stride=stride, layers=layers, **others)
    conv: Callable[..., nn.Module] = layers.conv_norm_act
    groups = hidden // group_size if group_size else 1
    block.conv1_1x1 = conv(in_chs, hidden, 1)
    block.conv2_kxk = conv(hidden, hidden, kernel_size, stride=stride, groups=groups)
    if layers.attn is not None:
        block.attn = layers.attn(hidden)
    block.conv3_1x1 = conv(hidden, out_chs, 1, apply_act=False)
    made: nn.Module = block
    return made


def _set_widths(network: Any, widths: list[int]) -> None:
    """Give what follows the stages their widths, where timm rounded them on the way.

    Its features also lose the stem's pool, which it lists but does not return.
    """
    infos = [info for info in network.feature_info if info["module"] != "stem.pool"]
    for info in infos:
        if info["module"].startswith("stages."):
            info["num_chs"] = widths[info["stage"] - 1]
    network.feature_info = infos
    network.stage_ends = [info["stage"] for info in infos]
    if widths[-1] % TIMM_STEP == 0:
        return
    if isinstance(network.final_conv, nn.Identity):
        infos[-1]["num_chs"] = network.num_features = widths[-1]
        network.reset_classifier(network.num_classes)
        nn.init.normal_(network.head.fc.weight, std=0.01)
        nn.init.zeros_(network.head.fc.bias)
    else:
        made = ConvNormAct(widths[-1], network.num_features, 1)
        nn.init.normal_(made.conv.weight, std=(2 / network.num_features) ** 0.5)
        network.final_conv = made
