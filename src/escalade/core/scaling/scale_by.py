"""Scaling an architecture by a rule, rounded as the published figures were made."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import replace

from escalade.core.network import kinds
from escalade.core.network.architecture import Architecture
from escalade.core.network.block import Block, Stage
from escalade.core.network.fittings import HIDDEN_STEP
from escalade.core.numbers.rounding import (
    fit_groups,
    make_divisible,
    round_group_width,
    round_to,
    scale_depth,
)
from escalade.core.scaling.ratios import Scaling, apply, follow_inputs, nearest_depth
from escalade.core.scaling.rules import Rule, parse

# Larger networks are refused: a mistyped factor would fill the memory.
MOST_BLOCKS = 2_000
MOST_CHANNELS = MOST_PIXELS = 1_000_000  # of a layer, of a side

_RoundWidth = Callable[[float, int], int]


def scale(architecture: Architecture, rule: str, factor: float) -> Architecture:
    """The network that a rule makes of another at a factor in macs (sections 3 and 5).

    Depths and resolution are rounded to the nearest (half to even), widths to the architecture's
    step; group widths to 1, 2, 4 or a multiple of 8, and widths so that groups divide them. Under
    `compound`, EfficientNet's rule, depths are rounded up and widths never by more than 10 % down.
    Deeper stages repeat their last block (`ratios.with_depth`). Stem and head scale in the
    mobile kinds (EfficientNet) and stay in the others (RegNet, ResNet). A ratio of exactly 1
    changes nothing. Kernels, strides and expansions stay. The name tells how it was made:
    `efficientnet_b0:dWr:11`.

    Args:
        rule: as `core.scaling.rules.parse` reads it.
        factor: how much the macs grow, before rounding.

    Raises:
        ValueError: for an unknown rule, a factor that is not a positive number, or one that
            leaves no network (a resolution too small for the strides).
    """
    scaled = scaled_by(architecture, parse(rule), factor)
    if scaled is architecture:
        return architecture
    return scaled.renamed(f"{architecture.name or 'network'}:{rule}:{factor:.15g}")


def scaled_by(architecture: Architecture, rule: Rule, factor: float) -> Architecture:
    """`scale` by a rule that is read already; the name stays."""
    scaling, group_ratio = rule.scaling(factor), rule.group_ratio(factor)
    if factor == 1:
        return architecture
    compound = rule.name == "compound"
    blocks = [block for stage in architecture.stages for block in stage.blocks]
    if scaling == Scaling() and all(block.group_width in (None, 1) for block in blocks):
        raise ValueError(f"rule: {rule.name} scales only group widths, and there are none")
    where = f"factor: {factor:.6g} by rule {rule.name}"
    for amount, most, what in (
        (sum(architecture.depths) * scaling.depth, MOST_BLOCKS, "blocks"),
        (_widest(architecture) * scaling.width, MOST_CHANNELS, "channels in a layer"),
        (architecture.resolution * scaling.resolution, MOST_PIXELS, "pixels a side"),
    ):
        if amount > most:
            shown = f"{amount:,.0f}" if amount < 1e15 else f"{amount:.3g}"
            raise ValueError(f"{where} makes {shown} {what}; at most {most:,} are possible")
    try:
        deeper = apply(
            architecture,
            Scaling(scaling.depth, 1.0, scaling.resolution),
            resolution_divisor=architecture.rounding.resolution,
            round_depth=scale_depth if compound else nearest_depth,
        )
        round_width = make_divisible if compound else round_to
        return _widened(deeper, scaling.width, group_ratio, round_width)
    except ValueError as error:
        name = architecture.name or "the architecture"
        raise ValueError(f"{where} makes no network of {name}: {error}") from None


def _widest(architecture: Architecture) -> int:
    head = architecture.head
    blocks = (block.width for stage in architecture.stages for block in stage.blocks)
    return max(architecture.stem.width, head.width or 0, head.hidden or 0, *blocks)


def _widened(
    architecture: Architecture, ratio: float, group_ratio: float, round_width: _RoundWidth
) -> Architecture:
    if ratio == group_ratio == 1:
        return architecture
    step = architecture.rounding.width
    if not kinds.of(architecture.stages[0].blocks[0]).is_residual:
        return _widened_mobile(architecture, ratio, step, round_width)

    def widen(block: Block) -> Block:
        width = block.width if ratio == 1 else round_width(block.width * ratio, step)
        return _with_groups(replace(block, width=width), group_ratio)

    stages = tuple(
        Stage(blocks=tuple(widen(block) for block in stage.blocks)) for stage in architecture.stages
    )
    return replace(architecture, stages=stages)


def _with_groups(block: Block, ratio: float) -> Block:
    """The group width scaled, and the nearest width that fits it.

    A depthwise convolution (group width 1) stays one (section 3.5).
    """
    group = block.group_width
    if group is None:
        return block
    if group > 1 and ratio != 1:
        group = round_group_width(group * ratio)
    width, group = fit_groups(block.width, block.expansion, group)
    fitted = replace(block, width=width, group_width=group)
    if kinds.hidden(fitted, 0) % group == 0:
        return fitted
    # An expansion like 1.5, which the published rounding was not made for.
    nearby = sorted(range(1, 2 * width + 8 * group), key=lambda w: (abs(w - width), w))
    fits = (w for w in nearby if kinds.hidden(replace(fitted, width=w), 0) % group == 0)
    return replace(fitted, width=next(fits, width))


def _widened_mobile(
    architecture: Architecture, ratio: float, step: int, round_width: _RoundWidth
) -> Architecture:
    """Stem, stages and head, as EfficientNet scales them; its depthwise convolutions have no g."""
    if ratio == 1:
        return architecture

    def wider(value: int, *readers: Block) -> int:
        return round_width(value * ratio, _step_for(step, readers))

    stages = []
    for i, stage in enumerate(architecture.stages):
        readers = (*stage.blocks[1:], *_first_blocks(architecture.stages[i + 1 :]))
        blocks = (replace(b, width=wider(b.width, *readers)) for b in stage.blocks)
        stages.append(Stage(blocks=tuple(blocks)))
    stem, head = architecture.stem, architecture.head
    stem = replace(stem, width=wider(stem.width, *_first_blocks(architecture.stages)))
    return replace(
        architecture,
        stem=stem,
        stages=follow_inputs(stem.width, stages),
        head=replace(
            head,
            width=None if head.width is None else wider(head.width),
            hidden=None if head.hidden is None else wider(head.hidden),
        ),
    )


def _first_blocks(stages: tuple[Stage, ...]) -> Iterator[Block]:
    """What reads the output of the stage before: pools hand it on."""
    for block in (block for stage in stages for block in stage.blocks):
        yield block
        if not kinds.of(block).passes_on:
            return


def _step_for(step: int, readers: tuple[Block, ...]) -> int:
    """The step itself, or a multiple of 8 where `step` times an expansion is not one.

    timm's builder rounds hidden widths to multiples of 8; a step below 8 is only legal where that
    changes nothing.
    """
    expanding = [block.expansion for block in readers if kinds.of(block).expands]
    if step % HIDDEN_STEP == 0 or all(step * e % HIDDEN_STEP == 0 for e in expanding):
        return step
    return math.lcm(step, HIDDEN_STEP)
