"""The parameters of a network, by timm's names.

One table serves three ends: the supernet holds the parameters of its largest blocks, a path uses
the leading part of each, and an extracted network gets copies of those parts.
"""

from __future__ import annotations

from escalade.core.network.architecture import Architecture, Block
from escalade.core.network.legality import SIMPLE_KINDS

Shapes = dict[str, tuple[int, ...]]


def of_network(architecture: Architecture) -> Shapes:
    """Parameter shapes of a network, in the order of its state dict."""
    width = architecture.stem.width
    found = of_stem(width, in_channels=architecture.in_channels, kernel=architecture.stem.kernel)
    for i, stage in enumerate(architecture.stages):
        for k, block in enumerate(stage.blocks):
            for name, shape in of_block(block, width).items():
                found[f"blocks.{i}.{k}.{name}"] = shape
            width = block.width
    return found | of_head(
        architecture.features, in_width=width, num_classes=architecture.num_classes
    )


def of_stem(width: int, *, in_channels: int, kernel: int) -> Shapes:
    """Parameter shapes of the stem."""
    return {"conv_stem.weight": (width, in_channels, kernel, kernel)} | _norm("bn1", width)


def of_head(width: int, *, in_width: int, num_classes: int) -> Shapes:
    """Parameter shapes of the head and the classifier."""
    return {
        "conv_head.weight": (width, in_width, 1, 1),
        **_norm("bn2", width),
        "classifier.weight": (num_classes, width),
        "classifier.bias": (num_classes,),
    }


def of_block(block: Block, in_width: int) -> Shapes:
    """Parameter shapes of one block."""
    if block.kind in SIMPLE_KINDS:
        return {"conv.weight": (block.width, in_width, 1, 1)} if block.kind == "linear" else {}
    hidden, kernel = block.hidden(in_width), block.kernel
    depthwise = {"conv_dw.weight": (hidden, 1, kernel, kernel)}
    se = _squeeze_excite(hidden, block.se_width(in_width)) if block.se is not None else {}
    shortcut = of_projection(block.width, in_width) if block.has_projection(in_width) else {}
    if block.kind == "dsconv":
        return {
            **depthwise,
            **_norm("bn1", hidden),
            **se,
            "conv_pw.weight": (block.width, hidden, 1, 1),
            **_norm("bn2", block.width),
            **shortcut,
        }
    return {
        "conv_pw.weight": (hidden, in_width, 1, 1),
        **_norm("bn1", hidden),
        **depthwise,
        **_norm("bn2", hidden),
        **se,
        "conv_pwl.weight": (block.width, hidden, 1, 1),
        **_norm("bn3", block.width),
        **shortcut,
    }


def of_projection(width: int, in_width: int) -> Shapes:
    """Parameter shapes of a transition shortcut between widths that differ."""
    return {"shortcut.conv.weight": (width, in_width, 1, 1)} | _norm("shortcut.bn", width)


def _norm(name: str, width: int) -> Shapes:
    return {f"{name}.weight": (width,), f"{name}.bias": (width,)}


def _squeeze_excite(hidden: int, inner: int) -> Shapes:
    return {
        "se.conv_reduce.weight": (inner, hidden, 1, 1),
        "se.conv_reduce.bias": (inner,),
        "se.conv_expand.weight": (hidden, inner, 1, 1),
        "se.conv_expand.bias": (hidden,),
    }
