"""Costs of many RegNets at once, exactly as `cost.of` counts each (its twin)."""

from __future__ import annotations

from typing import Any

import numpy as np

from escalade.core.numbers.rounding import conv_side
from escalade.core.space.population import IntArray
from escalade.core.space.regnet_stages import RegNetStages as Shapes

SE_RATIO = 0.25
KERNEL = 3


class _Tally:
    """Macs, params and activations being added up, each (n,)."""

    def __init__(self, num: int) -> None:
        self.macs, self.params, self.activations = np.zeros((3, num), dtype=np.int64)

    def conv(
        self, in_width: IntArray, width: IntArray, area: IntArray, *, times: IntArray, kernel: int
    ) -> None:
        """A convolution and its batch norm; `in_width` is one group's."""
        weights = in_width * width * kernel**2
        self.macs += times * weights * area
        self.params += times * (weights + 2 * width)
        self.activations += times * width * area

    def squeeze_excite(self, hidden: IntArray, reduced: IntArray, *, times: IntArray) -> None:
        self.macs += times * 2 * hidden * reduced
        self.params += times * (2 * hidden * reduced + hidden + reduced)
        self.activations += times * (hidden + reduced)


def design_costs(data: Any, shapes: Shapes, resolutions: IntArray) -> dict[str, IntArray]:
    """Macs, params and activations of every network: (n,) each."""
    num = len(resolutions)
    tally, one = _Tally(num), np.ones(num, dtype=np.int64)
    side = conv_side(resolutions, data.stem_stride)
    in_width = one * data.stem_width
    tally.conv(one * data.in_channels, in_width, side**2, times=one, kernel=KERNEL)
    for stage in range(shapes.widths.shape[1]):
        width, depth = shapes.widths[:, stage], shapes.depths[:, stage]
        group, there = shapes.groups[:, stage], depth > 0
        stride = data.first_stride if stage == 0 else 2
        out = np.where(there, conv_side(side, stride), side)
        projects = (in_width != width) | (stride != 1)
        _blocks(
            tally, data, in_width, width, group, side, out, times=one * there, projects=projects
        )
        rest = np.maximum(depth - 1, 0)
        _blocks(tally, data, width, width, group, out, out, times=rest, projects=None)
        in_width, side = np.where(there, width, in_width), out
    if data.head_width is not None:
        head = one * data.head_width
        tally.conv(in_width, head, side**2, times=one, kernel=1)
        in_width = head
    tally.macs += in_width * data.num_classes
    tally.params += (in_width + 1) * data.num_classes
    tally.activations += data.num_classes
    return {"macs": tally.macs, "params": tally.params, "activations": tally.activations}


def _blocks(
    tally: _Tally,
    data: Any,
    in_width: IntArray,
    width: IntArray,
    group: IntArray,
    side: IntArray,
    out: IntArray,
    *,
    times: IntArray,
    projects: np.ndarray | None,
) -> None:
    """So many equal blocks."""
    hidden = np.rint(width * data.bottleneck_ratio).astype(np.int64)
    if projects is not None and data.block != "z":
        tally.conv(in_width, width, out**2, times=times * projects, kernel=1)
    tally.conv(in_width, hidden, side**2, times=times, kernel=1)
    tally.conv(group, hidden, out**2, times=times, kernel=KERNEL)
    if data.block != "x":
        reduced = np.rint(in_width * SE_RATIO).astype(np.int64)
        tally.squeeze_excite(hidden, reduced, times=times)
    tally.conv(hidden, width, out**2, times=times, kernel=1)
