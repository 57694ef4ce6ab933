"""Known architectures as values, with torchvision's names; and architecture files."""

from __future__ import annotations

import difflib
import json
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

from escalade.core.architecture import Architecture, Block, Head, SqueezeExcite, Stage, Stem
from escalade.core.rounding import make_divisible

# kernel, stride, expansion, width, depth: Table 1 of EfficientNet
_EFFICIENTNET = (
    (3, 1, 1, 16, 1),
    (3, 2, 6, 24, 2),
    (5, 2, 6, 40, 2),
    (3, 2, 6, 80, 3),
    (5, 1, 6, 112, 3),
    (5, 2, 6, 192, 4),
    (3, 1, 6, 320, 1),
)
# width ratio, depth ratio, resolution (docs/method.md)
_COMPOUND = (
    (1.0, 1.0, 224),
    (1.0, 1.1, 240),
    (1.1, 1.2, 260),
    (1.2, 1.4, 300),
    (1.4, 1.8, 380),
    (1.6, 2.2, 456),
    (1.8, 2.6, 528),
    (2.0, 3.1, 600),
)
# expansion, width, depth, stride: Table 2 of MobileNetV2
_MOBILENET_V2 = (
    (1, 16, 1, 1),
    (6, 24, 2, 2),
    (6, 32, 3, 2),
    (6, 64, 4, 2),
    (6, 96, 3, 1),
    (6, 160, 3, 2),
    (6, 320, 1, 1),
)


def efficientnet(index: int) -> Architecture:
    """EfficientNet-B0 to B7, scaled from B0 by its own compound rule and rounding."""
    width_ratio, depth_ratio, resolution = _COMPOUND[index]

    def width(value: int) -> int:
        return make_divisible(value * width_ratio)

    stages = []
    for kernel, stride, expansion, out, depth in _EFFICIENTNET:
        block = Block(
            kind="dsconv" if expansion == 1 else "mbconv",
            kernel=kernel,
            stride=stride,
            expansion=float(expansion),
            width=width(out),
            se=SqueezeExcite(ratio=0.25, of="input", activation="swish", gate="sigmoid"),
            activation="swish",
        )
        more = -int(-depth * depth_ratio // 1) - 1
        stages.append(Stage(blocks=(block, *[replace(block, stride=1)] * more)))
    return Architecture(
        name=f"efficientnet_b{index}",
        resolution=resolution,
        stem=Stem(width=width(32), activation="swish"),
        stages=tuple(stages),
        head=Head(width=width(1280), activation="swish"),
    )


def mobilenet_v2() -> Architecture:
    """MobileNetV2 at width 1."""
    stages = []
    for expansion, width, depth, stride in _MOBILENET_V2:
        block = Block(
            kind="dsconv" if expansion == 1 else "mbconv",
            stride=stride,
            expansion=float(expansion),
            width=width,
            activation="relu6",
        )
        stages.append(Stage(blocks=(block, *[replace(block, stride=1)] * (depth - 1))))
    return Architecture(
        name="mobilenet_v2",
        resolution=224,
        stem=Stem(width=32, activation="relu6"),
        stages=tuple(stages),
        head=Head(width=1280, activation="relu6"),
    )


_KNOWN: dict[str, Callable[[], Architecture]] = {
    **{f"efficientnet_b{i}": partial(efficientnet, i) for i in range(8)},
    "mobilenet_v2": mobilenet_v2,
}


def names() -> list[str]:
    """Names of known architectures."""
    return list(_KNOWN)


def load(name: str) -> Architecture:
    """A known architecture by name, or an architecture file by path.

    Raises:
        ValueError: for an unknown name, or a file with a wrong or missing field.
    """
    if name in _KNOWN:
        return _KNOWN[name]()
    path = Path(name)
    if not path.is_file():
        close = difflib.get_close_matches(name, _KNOWN, 1)
        hint = f"did you mean {close[0]}?" if close else "`escalade cost --list` lists the known"
        raise ValueError(f"architecture: {name!r} is neither a known name nor a file; {hint}")
    try:
        data = json.loads(path.read_text())
    except (OSError, ValueError) as error:
        raise ValueError(f"{path}: not a JSON file: {error}") from None
    if not isinstance(data, dict):
        raise ValueError(f"{path}: expected an architecture, got {data!r}")
    return Architecture.from_json(data, where=str(path))
