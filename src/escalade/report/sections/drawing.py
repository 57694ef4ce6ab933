"""Architectures drawn as rows of blocks (SCARLET, Fig. 5), and their widths to one scale."""

from __future__ import annotations

import math

from escalade.core.network.architecture import Architecture
from escalade.core.numbers.rounding import conv_side
from escalade.report.sections.blocks import BASE, BOX, block_box, box, digits
from escalade.report.sections.markup import text
from escalade.report.slots import Slots

HEIGHT = 162
_LEFT, _STEP, _GAP, _WORDS = 66, 20, 16, 46
_WIDTHS, _DEEPEST, _RULE = 103, 24, 133


def draw(shape: Architecture, stages: Slots, *, widest: int) -> tuple[str, int]:
    """The inside of a drawing of `HEIGHT` pixels, and how wide it came out.

    Args:
        shape: the network.
        stages: its layers, as `slots` gives them.
        widest: channels of the deepest bar, for all drawings beside each other.
    """
    row = _Row(widest)
    side = shape.resolution
    row.start()
    if shape.stem.stride > 1:
        side = row.down(side, shape.stem.stride)
    words = f"stem, {shape.stem.kernel}x{shape.stem.kernel} convolution"
    row.add(
        box(row.x, shape.stem.kernel, words) + digits(row.x, shape.stem.kernel), shape.stem.width
    )
    row.name("stem", shape.stem.width, side)
    for i, stage in enumerate(stages):
        row.start()
        if i == 0 and shape.stem.max_pool:
            side = row.down(side, 2)
        for k, slot in enumerate(stage):
            where = f"stage {i + 1}, block {k + 1}"
            if slot.block.stride > 1 and not slot.removed:
                side = row.down(side, slot.block.stride)
            row.add(block_box(row.x, slot, where), slot.width)
        row.name(f"stage {i + 1}", stage[-1].width, side)
    if shape.head.width:
        row.start()
        row.add(box(row.x, 1, "head, 1x1 convolution") + digits(row.x, 1), shape.head.width)
        row.name("head", shape.head.width, None)
    return row.drawn, row.end


class _Row:
    """A drawing as it grows to the right."""

    def __init__(self, widest: int) -> None:
        self.x = _LEFT
        self._widest, self._parts = widest, [_row_names()]
        self._start = self._floor = self.x

    @property
    def drawn(self) -> str:
        return "".join(self._parts)

    @property
    def end(self) -> int:
        """Behind everything drawn."""
        return max(self.x, self._floor)

    def start(self) -> None:
        """A new group of layers."""
        self.x = self.end + (_GAP if len(self._parts) > 1 else 0)
        self._start = self.x

    def down(self, side: int, stride: int) -> int:
        """A dashed line before the next layer; the side of the feature map after it."""
        x = self.x - (_STEP - BOX + _GAP) / 2 if self.x == self._start else self.x - 2.5
        after = conv_side(side, stride)
        self._parts.append(
            f'<path class="down" d="M{x:g} 4V{_WIDTHS + _DEEPEST}">'
            f"<title>{side} to {after} pixels</title></path>"
        )
        return after

    def add(self, drawing: str, width: int) -> None:
        """A layer, and its channels below it."""
        share = math.sqrt(min(1.0, width / self._widest))
        self._parts.append(
            f'{drawing}<rect class="channels" x="{self.x}" y="{_WIDTHS}" width="{_STEP}" '
            f'height="{max(1.5, _DEEPEST * share):.1f}"><title>{width} channels</title></rect>'
        )
        self.x += _STEP

    def name(self, name: str, width: int, side: int | None) -> None:
        """The words below a group."""
        shown = f"{width}" if side is None else f"{width}, {side}²"
        self._parts.append(
            f'<path class="rule" d="M{self._start} {_RULE}H{self.x}"/>'
            f'<text class="stage" x="{self._start}" y="{_RULE + 13}">{text(name)}</text>'
            f'<text class="stage dim" x="{self._start}" y="{_RULE + 25}">{shown}</text>'
        )
        self._floor = self._start + _WORDS


def _row_names() -> str:
    rows = (("kernel", BASE + 14), ("expansion", BASE + 27), ("channels", _WIDTHS + 14))
    return "".join(f'<text class="dim" x="0" y="{y}">{name}</text>' for name, y in rows)
