"""Whether a built network's layers are those that an architecture has, one by one."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import torch
from timm.layers.conv2d_same import Conv2dSame
from torch import nn

from escalade.core.network.architecture import Architecture
from escalade.core.network.block import Conventions
from escalade.core.network.layers import Conv, Linear, Pool
from escalade.core.network.parts import parts_of
from escalade.core.values.invalid import Invalid
from escalade.nets.reading.timm_blocks import FUNCTIONS

# What has no weights and is compared elsewhere, or does nothing to images that are evaluated.
SILENT = {
    *FUNCTIONS,
    *("Identity", "Dropout", "DropPath", "Flatten", "AdaptiveAvgPool2d", "FastAdaptiveAvgPool"),
}
FAULT = 1e-3  # of logits, relative to the largest: single precision in another order has 1e-5
SIDES = 2  # pixels that are left of the smallest images that are tried


def check_same_layers(architecture: Architecture, modules: Mapping[str, nn.Module]) -> None:
    """Compare all layers that count, and look for others.

    Args:
        architecture: as it was read.
        modules: of the network, by the names that networks built here have.

    Raises:
        Invalid: at the first layer that differs, or that is no part of ours.
    """
    known: set[str] = set()
    for prefix, part in parts_of(architecture):
        for layer, _ in part.counted:
            for name, check in _CHECKS[type(layer)](layer, architecture.conventions):
                at = prefix + name
                known.add(at)
                if (problem := check(modules.get(at))) is not None:
                    raise Invalid(problem, path=(at,))
    for name, module in modules.items():
        kind = type(module).__name__
        has_weights = any(True for _ in (*module.parameters(False), *module.buffers(False)))
        is_other = not any(module.children()) and kind not in SILENT
        if (has_weights or is_other) and name not in known:
            raise Invalid(f"{kind} is no part of blocks that can be read", path=(name,))


@torch.no_grad()
def check_same_logits(ours: nn.Module, theirs: nn.Module, *, architecture: Architecture) -> None:
    """Compare what two networks in evaluation mode make of two small images.

    Raises:
        Invalid: if it is not the same.
    """
    generator = torch.Generator().manual_seed(0)
    side = SIDES * architecture.total_stride
    images = torch.randn(2, architecture.in_channels, side, side, generator=generator)
    expected, found = theirs(images), ours(images)
    scale = expected.abs().max().clamp(min=torch.finfo(torch.float32).tiny)
    if not bool((found - expected).abs().max() <= FAULT * scale):
        problem = "it computes something other than its layers do"
        raise Invalid(problem, remedy="such networks cannot be read")


Check = Callable[[nn.Module | None], str | None]
"""What is wrong with a module; None if nothing is."""
Checks = Iterator[tuple[str, Check]]


def _conv(conv: Conv, conventions: Conventions) -> Checks:
    pads = conventions.pads_same and conv.stride > 1
    facts, kind = _of_conv(conv), Conv2dSame if pads else nn.Conv2d
    if not pads:
        facts["padding"] = (conv.kernel // 2, conv.kernel // 2)
    yield (
        conv.name,
        lambda module: _differs(module, facts, kind, exact=True) or _bias(module, conv.bias),
    )
    if conv.norm is not None:
        norm = {
            "num_features": conv.width,
            "eps": conventions.epsilon,
            "affine": True,
            "track_running_stats": True,
        }
        yield conv.norm, lambda module: _differs(module, norm, nn.BatchNorm2d)


def _of_conv(conv: Conv) -> dict[str, Any]:
    return {
        "in_channels": conv.in_width,
        "out_channels": conv.width,
        "kernel_size": (conv.kernel, conv.kernel),
        "stride": (conv.stride, conv.stride),
        "dilation": (1, 1),
        "groups": conv.in_width // conv.reads,
    }


def _linear(linear: Linear, conventions: Conventions) -> Checks:
    facts = {"in_features": linear.in_width, "out_features": linear.width}
    yield linear.name, lambda module: _differs(module, facts, nn.Linear)


def _pool(pool: Pool, conventions: Conventions) -> Checks:
    facts = {"kernel_size": pool.kernel, "stride": pool.stride, "padding": pool.kernel // 2}
    yield pool.name, lambda module: _differs(module, facts, nn.MaxPool2d)


_CHECKS: dict[type, Callable[[Any, Conventions], Checks]] = {
    Conv: _conv,
    Linear: _linear,
    Pool: _pool,
}


def _differs(
    module: nn.Module | None,
    facts: Mapping[str, Any],
    kind: type[nn.Module],
    *,
    exact: bool = False,
) -> str | None:
    if not isinstance(module, kind) or (exact and type(module) is not kind):
        return f"{type(module).__name__} is not a {kind.__name__}"
    for name, value in facts.items():
        if (found := getattr(module, name)) != value:
            return f"{name} is {found}; blocks that can be read have {value}"
    return None


def _bias(module: Any, wanted: bool) -> str | None:
    if (module.bias is not None) == wanted:
        return None
    return f"blocks that can be read have {'a' if wanted else 'no'} bias"
