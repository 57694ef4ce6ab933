"""A member's network as rows of layers (SCARLET, Fig. 5): what the template shows of each."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from escalade.core.network.architecture import Architecture
from escalade.core.numbers.rounding import conv_side
from escalade.report.family_row import FamilyRow
from escalade.report.slots import Glyph, Slots, in_words, num_identities, plain, slots


@dataclass(frozen=True, slots=True, kw_only=True)
class DrawnLayer:
    """A layer's glyph and words, and the sides of the feature maps before and after it.

    `depth` is its `width` in channels as a share of the deepest bar of all drawings, as an area.
    """

    glyph: Glyph
    where: str
    width: int
    depth: float
    before: int
    side: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawing:
    """Groups of layers by their name, from the stem to the head."""

    member: FamilyRow
    groups: dict[str, list[DrawnLayer]]
    words: str
    num_blocks: int
    num_identities: int


def drawings(family: Sequence[FamilyRow]) -> list[Drawing]:
    """A drawing for each member whose architecture is known, all to one scale."""
    known = [(member, member.architecture) for member in family if member.architecture]
    widest = max((max(shape.widths) for _, shape in known), default=0)
    return [draw(member, shape, widest=widest) for member, shape in known]


def draw(member: FamilyRow, shape: Architecture, *, widest: int) -> Drawing:
    """The drawing of a network; `widest` are the channels of the deepest bar."""
    stages = slots(shape, member.running)
    groups: dict[str, list[DrawnLayer]] = {}
    side, left_out = shape.resolution, num_identities(stages)
    for name, where, glyph, width, stride in _layers(shape, stages):
        before, side = side, conv_side(side, stride)
        depth = math.sqrt(min(1.0, width / widest))
        layer = DrawnLayer(
            glyph=glyph, where=where, width=width, depth=depth, before=before, side=side
        )
        groups.setdefault(name, []).append(layer)
    return Drawing(
        member=member,
        groups=groups,
        words=in_words(stages).replace("\n", "; "),
        num_blocks=sum(map(len, stages)) - left_out,
        num_identities=left_out,
    )


def _layers(shape: Architecture, stages: Slots) -> Iterator[tuple[str, str, Glyph, int, int]]:
    """Of each layer its group, its words, its glyph, its channels and its stride."""
    stem, head = shape.stem, shape.head
    said = f"stem, {stem.kernel}x{stem.kernel} convolution"
    yield "stem", said, plain(stem.kernel), stem.width, stem.stride
    for i, stage in enumerate(stages):
        for k, slot in enumerate(stage):
            stride = 1 if slot.removed else slot.block.stride
            stride *= 2 if (i, k) == (0, 0) and stem.max_pool else 1
            said = f"stage {i + 1}, block {k + 1}: {slot.glyph.said}"
            yield f"stage {i + 1}", said, slot.glyph, slot.width, stride
    if head.width:
        yield "head", "head, 1x1 convolution", plain(1), head.width, 1
