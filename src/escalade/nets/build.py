"""A stand-alone network from an architecture, by timm's builders."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import torch
from torch import nn
from torch.overrides import TorchFunctionMode

from escalade.core.network import cost
from escalade.core.network.architecture import Architecture
from escalade.core.network.parts import parts_of
from escalade.nets.facts import facts, is_residual


def build(
    architecture: Architecture,
    *,
    drop_rate: float = 0.0,
    drop_path_rate: float = 0.0,
    zero_residual: bool | None = None,
) -> nn.Module:
    """Build the network of an architecture: plain timm, every width exact.

    Depthwise blocks make an `EfficientNet`, or a `MobileNetV3` if there is a hidden layer after
    pooling; bottleneck blocks a `ByobNet`. Weights are drawn as timm draws them, from torch's
    global generator. Blocks with a transition shortcut are timm's inside `mobile.Transition`;
    in the place of layers left out stand torch's own.

    Args:
        architecture: the network; its resolution is not used.
        drop_rate: dropout before the classifier.
        drop_path_rate: stochastic depth of the last block, growing linearly from the first.
        zero_residual: gamma at the end of residual branches is 0 (True; BigNAS, section 3.1) or
            1 (False). None leaves it to timm: 0 in bottleneck blocks, 1 in depthwise ones.

    Raises:
        ValueError: if timm's builders have no such network (see `facts`).
    """
    from escalade.nets import mobile, residual  # timm takes seconds to load

    builder = residual.build if is_residual(architecture) else mobile.build
    network = builder(facts(architecture), drop_rate=drop_rate, drop_path_rate=drop_path_rate)
    if zero_residual is not None:
        _set_residual_gammas(network, architecture, 0.0 if zero_residual else 1.0)
    return network


@torch.no_grad()
def _set_residual_gammas(network: nn.Module, architecture: Architecture, value: float) -> None:
    """Set gamma at the end of every branch that a shortcut is added to, in place."""
    for prefix, part in parts_of(architecture):
        if part.layers.adds:
            network.get_parameter(f"{prefix}{part.layers.last_norm}.weight").fill_(value)


def blank(architecture: Architecture) -> nn.Module:
    """The network without values, on the `meta` device: nothing is allocated or drawn.

    For `load_state_dict(..., assign=True)`, and for counting.
    """
    with torch.device("meta"), _NoInit():
        return build(architecture)


def end_layers(architecture: Architecture) -> dict[str, str]:
    """The names timm adapts for other images or classes: `first_conv` and `classifier`."""
    layers = cost.layers(architecture)
    return {"first_conv": layers[0].name, "classifier": layers[-1].name}


class _NoInit(TorchFunctionMode):
    """Skips drawing, which on `meta` takes most of a construction's time."""

    def __torch_function__(
        self, func: Any, types: Any, args: Any = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        kwargs = kwargs or {}
        if getattr(func, "__module__", None) == "torch.nn.init":
            return kwargs["tensor"]
        if func is torch.Tensor.normal_:
            return args[0]
        return func(*args, **kwargs)


def modules_of(network: nn.Module) -> Iterator[nn.Module]:
    """One module for each part that `core.network.parts` has of the network's architecture."""
    made: Any = network
    if hasattr(made, "conv_stem"):
        yield from _mobile(made)
    else:
        yield from _residual(made)


def _mobile(network: Any) -> Iterator[nn.Module]:
    """timm's EfficientNet, and its MobileNetV3, whose convolution before pooling is a block."""
    yield nn.Sequential(network.conv_stem, network.bn1)
    blocks = [block for stage in network.blocks for block in stage]
    yield from blocks
    if hasattr(network, "bn2"):
        yield nn.Sequential(network.conv_head, network.bn2)
        yield nn.Sequential(network.global_pool, network.classifier)
    else:
        head = (network.global_pool, network.conv_head, network.norm_head, network.act2)
        yield nn.Sequential(*head, network.flatten, network.classifier)


def _residual(network: Any) -> Iterator[nn.Module]:
    """timm's ByobNet."""
    yield network.stem
    for stage in network.stages:
        yield from stage
    if not isinstance(network.final_conv, nn.Identity):
        yield network.final_conv
    yield network.head
