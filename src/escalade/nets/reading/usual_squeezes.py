"""Inner widths of squeeze-excitations as the ratios that whole networks have."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from escalade.core.network import fittings, kinds
from escalade.core.network.block import Block, SqueezeExcite

# EfficientNet's and RegNet's, MobileNetV3's, and others.
USUAL = tuple(
    SqueezeExcite(ratio=ratio, of=of, divisor=divisor)
    for ratio in (0.25, 0.5, 0.0625)
    for of, divisor in (("input", 1), ("hidden", 8), ("hidden", 1), ("input", 8))
)


@dataclass(frozen=True, kw_only=True)
class ReadBlock:
    """A block, the width of its input, and the name of its module."""

    block: Block
    in_width: int
    name: str


def with_usual_squeezes(rows: Sequence[Sequence[ReadBlock]]) -> list[list[Block]]:
    """The blocks, their squeeze-excitations of one usual form if that fits all of them."""
    squeezed = [row for stage in rows for row in stage if row.block.se]
    form = next((form for form in USUAL if all(_fits(form, row) for row in squeezed)), None)
    return [[_with(form, row.block) for row in stage] for stage in rows]


def _with(form: SqueezeExcite | None, block: Block) -> Block:
    if form is None or block.se is None:
        return block
    se = replace(form, activation=block.se.activation, gate=block.se.gate)
    return replace(block, se=se)


def _fits(form: SqueezeExcite, row: ReadBlock) -> bool:
    hidden = kinds.hidden(row.block, row.in_width)
    found = kinds.se_width(row.block, row.in_width)
    return bool(fittings.inner_width(form, row.in_width, hidden) == found)
