"""The bases of a space that a person would write by hand, and what a search is held against.

The plain one first: kernels of 3, one expansion, even depths, no squeeze-excitation; kinds, strides
and activations are the space's own. Others differ from it in their kind of block.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Annotated

from escalade.core.network import kinds
from escalade.core.network.architecture import Architecture
from escalade.core.network.block import Block, Stage
from escalade.core.space.space_checks import check_depth
from escalade.core.values.invalid import Invalid, within
from escalade.core.values.ranges import FileName, one_of

KERNEL = 3
PLAIN = "plain"  # the name of the plain base among all that are made by hand


@dataclass(frozen=True, slots=True, kw_only=True)
class Plain:
    """A plain base as a space's file names it; it need not be a network of the space.

    Attributes:
        depths, widths: blocks and output channels of every stage of the network, a fixed first
            block among them.
        stem: width of the first convolution; None takes the space's middle one.
        expansion: of all blocks that expand; None leaves the space's middle ones.
        group_width: of all blocks that have groups; None leaves the space's middle ones.
    """

    resolution: int
    depths: tuple[int, ...]
    widths: tuple[int, ...]
    stem: int | None = None
    expansion: float | None = None
    group_width: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class HandMade(Plain):
    """Another base that a person would write by hand.

    Attributes:
        name: among those of the space.
        kind: of all blocks.
    """

    name: FileName
    kind: Annotated[str, one_of(*kinds.KINDS)]


def plain_base(plain: Plain | None, *, middle: Architecture) -> Architecture:
    """The plain base that a file names; without one, what is plainest in the middle of a space.

    Args:
        plain: what the file says.
        middle: the network in the middle of the space's choices, which has what `plain` leaves out.

    Raises:
        ValueError: if there is no such network, at the field's path.
    """
    resolution, depths, widths = middle.resolution, middle.depths, middle.widths
    if plain is not None:
        resolution, depths, widths = plain.resolution, plain.depths, plain.widths
    for name, sizes in (("depths", depths), ("widths", widths)):
        if len(sizes) != len(middle.stages):
            raise Invalid(
                f"{len(sizes)} stages, but networks of the space have {len(middle.stages)}",
                path=(name,),
            )
    for i, depth in enumerate(depths):
        with within("depths", i):
            check_depth(depth)
    stages = []
    for stage, depth, width in zip(middle.stages, depths, widths, strict=True):
        first = replace(_plainer(stage.blocks[0], plain), width=width)
        stages.append(Stage(blocks=(first, *[replace(first, stride=1)] * (depth - 1))))
    stem = replace(middle.stem, width=(plain and plain.stem) or middle.stem.width)
    return replace(middle, resolution=resolution, stem=stem, stages=tuple(stages))


def _plainer(block: Block, plain: Plain | None) -> Block:
    """A block with nothing that a search might choose or leave."""
    if isinstance(plain, HandMade):
        block = replace(block, kind=plain.kind, **kinds.KINDS[plain.kind].idle)
    expansion, group_width = block.expansion, block.group_width
    if plain is not None and plain.expansion is not None and kinds.of(block).expands:
        expansion = plain.expansion
    if plain is not None and plain.group_width is not None and group_width is not None:
        group_width = plain.group_width
    return replace(
        block,
        kernel=min(block.kernel, KERNEL),
        expansion=expansion,
        group_width=group_width,
        se=None,
        transition=False,
    )
