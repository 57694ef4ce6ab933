"""The two base networks: small relatives of EfficientNet-B0 and RegNetZ-500MF.

Both have 0.6 M macs, f_0 of the claim test at 14 pixels, and 16 pixels, the resolution that its
search found best at this budget: a base that has too few pixels, or too many, would decide by
itself whether a rule that grows the resolution is good.
"""

from __future__ import annotations

from dataclasses import replace

from common import lab
from common.lab import Architecture, parts

RESOLUTION = 16
NATIVE_RESOLUTION = 28  # Fashion-MNIST's; larger inputs are upsampled
_ACTIVATION = "swish"
_STEM = parts.Stem(width=16, stride=2, activation=_ACTIVATION)
_STEPS = parts.Rounding(width=4, resolution=1)
# As EfficientNet-B0: a separable first stage, expansion 6, kernels 3 and 5, the most blocks late.
_COLUMNS = ("kind", "kernel", "stride", "expansion", "width")
_STAGES = (
    (("dsconv", 3, 1, 1.0, 8), 1),
    (("mbconv", 3, 1, 6.0, 12), 1),
    (("mbconv", 5, 2, 6.0, 20), 2),
    (("mbconv", 3, 2, 6.0, 32), 4),
)
EFFICIENTNET, REGNET_Z = "efficientnet", "regnet_z"


def efficientnet() -> Architecture:
    """The EfficientNet-like base: 603,952 macs."""
    se = parts.SqueezeExcite(ratio=0.25, of="input", activation=_ACTIVATION, gate="sigmoid")
    stages = []
    for values, num_blocks in _STAGES:
        block = dict(zip(_COLUMNS, values, strict=True))
        first = parts.Block(**block, se=se, activation=_ACTIVATION)  # type: ignore[arg-type]
        stages.append(parts.Stage(blocks=(first, *[replace(first, stride=1)] * (num_blocks - 1))))
    return Architecture(
        name=EFFICIENTNET,
        resolution=RESOLUTION,
        in_channels=1,
        num_classes=10,
        stem=_STEM,
        stages=tuple(stages),
        head=parts.Head(width=128, activation=_ACTIVATION),
        rounding=_STEPS,
    )


def regnet_z() -> Architecture:
    """The RegNetZ-like base: 618,752 macs.

    Widths 12, 20, 36 and depths 1, 3, 3 by the quantised linear function. Groups of 2,
    because in so narrow blocks groups of 4 would give the grouped convolution half of the macs.
    """
    return lab.regnet(
        "z",
        depth=7,
        w0=12,
        wa=5.0,
        wm=1.75,
        group_width=2,
        resolution=RESOLUTION,
        in_channels=1,
        num_classes=10,
        stem=_STEM,
        strides=(1, 2),
        head=parts.Head(width=128, activation=_ACTIVATION),
        rounding=_STEPS,
        name=REGNET_Z,
    )


BASES = {EFFICIENTNET: efficientnet, REGNET_Z: regnet_z}
