"""Predicted latencies of many RegNets at once; the twin of `LatencyTable.of`, exactly equal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from escalade.core.network.parts import Group, Sizes
from escalade.core.numbers.rounding import conv_side
from escalade.core.space.design_cost import KERNEL, SE_RATIO
from escalade.core.space.population import IntArray
from escalade.core.space.regnet_stages import RegNetStages as Shapes

if TYPE_CHECKING:
    from escalade.core.latency.latency_table import LatencyTable
    from escalade.core.latency.part_model import PartModel

Floats = npt.NDArray[np.float64]


def design_latency(data: Any, table: LatencyTable, shapes: Shapes, resolutions: IntArray) -> Floats:
    """Seconds of one batch of every network: (n,)."""
    model, one = table.model, np.ones(len(resolutions), dtype=np.int64)
    in_width = one * data.stem_width
    stem = Group(kind="stem", activation=data.activation, kernel=KERNEL, stride=data.stem_stride)
    total: IntArray = model.nanoseconds(
        stem,
        Sizes(in_width=one * data.in_channels, hidden=0, width=in_width, side=resolutions),
    )
    side = conv_side(resolutions, data.stem_stride)
    for stage in range(shapes.widths.shape[1]):
        width, depth = shapes.widths[:, stage], shapes.depths[:, stage]
        group_width, there = shapes.groups[:, stage], depth > 0
        stride = data.first_stride if stage == 0 else 2
        out = np.where(there, conv_side(side, stride), side)
        first = _sizes(data, in_width, width, group_width, side)
        same = (in_width == width) & (stride == 1)
        total += _blocks(model, data, first, there & same, stride=stride, same_shape=True)
        total += _blocks(model, data, first, there & ~same, stride=stride, same_shape=False)
        later = _sizes(data, width, width, group_width, out)
        more = _blocks(model, data, later, depth > 1, stride=1, same_shape=True)
        total += np.maximum(depth - 1, 0) * more
        in_width, side = np.where(there, width, in_width), out
    if data.head_width is not None:
        head = one * data.head_width
        final = Group(kind="final", activation=data.activation)
        total += model.nanoseconds(final, Sizes(in_width=in_width, hidden=0, width=head, side=side))
        in_width = head
    total += model.nanoseconds(
        Group(kind="classifier"),
        Sizes(in_width=in_width, hidden=0, width=data.num_classes, side=side),
    )
    seconds: Floats = table.total(total)
    return seconds


def _blocks(
    model: PartModel,
    data: Any,
    sizes: Sizes,
    rows: npt.NDArray[np.bool_],
    *,
    stride: int,
    same_shape: bool,
) -> IntArray:
    """Nanoseconds of one block of these sizes in some networks, 0 in the others: (n,)."""
    found = np.zeros(len(rows), dtype=np.int64)
    if rows.any():
        group = Group(
            kind="regnet_z" if data.block == "z" else "bottleneck",
            activation=data.activation,
            kernel=KERNEL,
            stride=stride,
            has_se=data.block != "x",
            same_shape=same_shape,
        )
        found[rows] = model.nanoseconds(group, sizes[rows])
    return found


def _sizes(
    data: Any, in_width: IntArray, width: IntArray, group_width: IntArray, side: IntArray
) -> Sizes:
    reduced = np.rint(in_width * SE_RATIO).astype(np.int64)
    return Sizes(
        in_width=in_width,
        hidden=np.rint(width * data.bottleneck_ratio).astype(np.int64),
        width=width,
        side=side,
        se_width=0 if data.block == "x" else reduced,
        group_width=group_width,
    )
