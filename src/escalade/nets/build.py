"""A stand-alone network from an architecture, by timm's EfficientNet builder."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

import torch
from timm.models._efficientnet_blocks import SqueezeExcite as TimmSqueezeExcite
from timm.models.efficientnet import EfficientNet
from torch import nn
from torch.overrides import TorchFunctionMode

from escalade.core.architecture import Architecture, Block

ACTIVATIONS: dict[str, type[nn.Module]] = {
    "relu": nn.ReLU,
    "relu6": nn.ReLU6,
    "hard_swish": nn.Hardswish,
    "swish": nn.SiLU,
}
GATES: dict[str, type[nn.Module]] = {"hard_sigmoid": nn.Hardsigmoid, "sigmoid": nn.Sigmoid}
BLOCK_TYPES = {"mbconv": "ir", "dsconv": "ds"}
TIMM_STEM_STRIDE = 2
NO_DILATION = 1 << 30  # timm turns strides into dilation beyond this output stride


def build(
    architecture: Architecture, *, drop_rate: float = 0.0, drop_path_rate: float = 0.0
) -> nn.Module:
    """Build the network of an architecture: a plain timm `EfficientNet`, every width exact.

    Weights are drawn as timm draws them, from torch's global generator.

    Args:
        architecture: the network; its resolution is not used.
        drop_rate: dropout before the classifier.
        drop_path_rate: stochastic depth of the last block, growing linearly from the first.

    Raises:
        ValueError: if timm's builder has no such network (see `block_args`).
    """
    stem, head = architecture.stem, architecture.head
    network = EfficientNet(
        block_args(architecture),
        num_classes=architecture.num_classes,
        num_features=architecture.features,
        in_chans=architecture.in_channels,
        stem_size=stem.width,
        stem_kernel_size=stem.kernel,
        fix_stem=True,
        output_stride=NO_DILATION,
        act_layer=ACTIVATIONS[stem.activation],
        round_chs_fn=int,
        drop_rate=drop_rate,
        drop_path_rate=drop_path_rate,
    )
    if head.activation != stem.activation:
        network.bn2.act = ACTIVATIONS[head.activation](inplace=True)
    if stem.stride != TIMM_STEM_STRIDE:
        _set_stem_stride(network, stem.stride)
    made: nn.Module = network
    return made


def blank(architecture: Architecture) -> nn.Module:
    """The network without values, on the `meta` device: nothing is allocated or drawn.

    For `load_state_dict(..., assign=True)`, and for counting.
    """
    with torch.device("meta"), _NoInit():
        return build(architecture)


class _NoInit(TorchFunctionMode):
    """Skips `torch.nn.init`, whose drawing on `meta` takes most of a construction's time."""

    def __torch_function__(
        self, func: Any, types: Any, args: Any = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        kwargs = kwargs or {}
        if getattr(func, "__module__", None) == "torch.nn.init":
            return kwargs["tensor"]
        return func(*args, **kwargs)


def block_args(architecture: Architecture) -> list[list[dict[str, Any]]]:
    """The stages as timm's builder takes them. It changes them, so each call makes new ones.

    Raises:
        ValueError: if a block other than a stage's first has a stride (timm drops it there), or
            a squeeze-excitation has no channel.
    """
    stages = []
    in_width = architecture.stem.width
    for i, stage in enumerate(architecture.stages):
        blocks = []
        for k, block in enumerate(stage.blocks):
            blocks.append(
                _block_args(block, in_width, position=k, where=f"stages[{i}].blocks[{k}]")
            )
            in_width = block.width
        stages.append(blocks)
    return stages


def _block_args(block: Block, in_width: int, *, position: int, where: str) -> dict[str, Any]:
    if position > 0 and block.stride != 1:
        raise ValueError(
            f"{where}.stride: {block.stride} is only possible in a stage's first block; "
            "start a new stage here"
        )
    args: dict[str, Any] = {
        "block_type": BLOCK_TYPES[block.kind],
        "dw_kernel_size": block.kernel,
        "stride": block.stride,
        "out_chs": block.width,
        "act_layer": ACTIVATIONS[block.activation],
    }
    if block.kind == "mbconv":
        args["exp_ratio"] = block.expansion
    if block.se is not None:
        args["se_layer"] = _se_layer(block, in_width, where)
    return args


def _se_layer(block: Block, in_width: int, where: str) -> Any:
    """timm's layer with its inner width fixed, so that no ratio is rounded twice.

    Set directly instead of by `se_ratio`: the builder's own has one gate for the whole network.
    """
    assert block.se is not None
    width = block.se_width(in_width)
    if width < 1:
        raise ValueError(
            f"{where}.se.ratio: {block.se.ratio} of the {block.se.of} width leaves no channel"
        )
    return partial(
        TimmSqueezeExcite,
        rd_channels=width,
        gate_layer=GATES[block.se.gate],
        force_act_layer=ACTIVATIONS[block.se.activation],
    )


def _set_stem_stride(network: Any, stride: int) -> None:
    """timm fixes the stem's stride at 2. Its padding is `kernel // 2` whatever the stride."""
    network.conv_stem.stride = (stride, stride)
    for info in network.feature_info:
        info["reduction"] = info["reduction"] * stride // TIMM_STEM_STRIDE
