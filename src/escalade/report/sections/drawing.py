"""The members' architectures drawn to one scale: a bar a block, its height the width."""

from __future__ import annotations

import math

from escalade.core.architecture import Architecture, Block
from escalade.core.rounding import conv_side
from escalade.report.artefacts import Run
from escalade.report.member import Member
from escalade.report.number import amount
from escalade.report.roster import members
from escalade.report.sections.markup import missing, named, section, text

_BAR, _STEP, _GAP, _BASE, _TALLEST = 16, 19, 18, 96, 68
_WORDS = 42
_OPACITY = {1: 0.2, 3: 0.35, 5: 0.65, 7: 1.0}


def architectures(run: Run) -> str:
    """A strip for each member whose architecture the run states."""
    family = [member for member in members(run) if member.architecture]
    if not family:
        made = missing("the members' architectures", f"escalade search {run.folder}")
        return section("networks", "The networks", made)
    lead = (
        "One bar is one block: its height is its output width, its shade and the digit below its "
        "kernel size, a dot above it squeeze-excitation. Below each stage: channels and the side "
        "of its feature map. All members are drawn to one scale."
    )
    widest = max(max(m.architecture.widths) for m in family if m.architecture)
    strips = "".join(_strip(member, widest) for member in family)
    return section("networks", "The networks", f'<div class="strips">{strips}</div>', lead=lead)


def _strip(member: Member, widest: int) -> str:
    shape = member.architecture
    assert shape is not None
    drawing, width = _draw(shape, widest)
    said = (
        f"{member.name}: input {shape.resolution} pixels, depths "
        f"{'-'.join(map(str, shape.depths))}, widths {'-'.join(map(str, shape.widths))}"
    )
    return (
        f'<div class="strip"><p class="strip-title">{named(member)}'
        f'<span class="sub">{shape.resolution} × {shape.resolution} px input, '
        f"{sum(shape.depths)} blocks, {amount(member.macs)} macs</span></p>"
        f'<div class="scroll" role="region" tabindex="0" aria-label="{text(said)}">'
        f'<svg class="drawing" viewBox="0 0 {width} 142" width="{width}" height="142" role="img" '
        f'style="color:{member.colour}" aria-label="{text(said)}">{drawing}</svg></div></div>'
    )


def _draw(shape: Architecture, widest: int) -> tuple[str, int]:
    """The inside of the drawing, and how wide it came out."""
    side = conv_side(shape.resolution, shape.stem.stride)
    parts = [_bar(8, shape.stem.width, widest, "stem", opacity=0.0), _kernel(8, shape.stem.kernel)]
    parts.append(_stage_words(8, 1, "stem", shape.stem.width, side))
    x = 8 + _WORDS + _GAP
    for i, stage in enumerate(shape.stages):
        start = x
        for k, block in enumerate(stage.blocks):
            side = conv_side(side, block.stride)
            parts.append(_block(x, block, widest, f"stage {i + 1}, block {k + 1}"))
            x += _STEP
        words = max(x - start, _WORDS)
        parts.append(
            _stage_words(start, len(stage.blocks), f"stage {i + 1}", stage.blocks[-1].width, side)
        )
        x = start + words + _GAP
    head = f"head, 1x1 convolution, {shape.features} channels"
    parts += [_bar(x, shape.features, widest, head, opacity=0.0), _kernel(x, 1)]
    parts.append(_stage_words(x, 1, "head", shape.features, None))
    return "".join(parts), x + 48


def _height(width: int, widest: int) -> float:
    """Square-root scale; what is wider than every stage (a head) is cut at the top."""
    return max(4.0, _TALLEST * math.sqrt(min(1.0, width / widest)))


def _bar(x: int, width: int, widest: int, said: str, *, opacity: float) -> str:
    height = _height(width, widest)
    return (
        f'<rect class="bar" x="{x}" y="{_BASE - height:.1f}" width="{_BAR}" '
        f'height="{height:.1f}" rx="2" fill-opacity="{opacity:g}">'
        f"<title>{text(said)}</title></rect>"
    )


def _block(x: int, block: Block, widest: int, where: str) -> str:
    se = ", squeeze-excitation" if block.se else ""
    said = (
        f"{where}: {block.kind}, kernel {block.kernel}, stride {block.stride}, "
        f"expansion {block.expansion:g}, {block.width} channels{se}"
    )
    opacity = _OPACITY.get(block.kernel, 1.0)
    dot = ""
    if block.se:
        top = _BASE - _height(block.width, widest) - 6
        dot = f'<circle class="se" cx="{x + _BAR / 2:g}" cy="{top:.1f}" r="2.5"/>'
    return _bar(x, block.width, widest, said, opacity=opacity) + dot + _kernel(x, block.kernel)


def _kernel(x: int, kernel: int) -> str:
    return f'<text class="kernel" x="{x + _BAR / 2:g}" y="{_BASE + 14}">{kernel}</text>'


def _stage_words(x: int, num_blocks: int, name: str, width: int, side: int | None) -> str:
    end = x + num_blocks * _STEP - (_STEP - _BAR)
    map_side = "" if side is None else f", {side}²"
    return (
        f'<path class="rule" d="M{x} {_BASE + 20}H{end}"/>'
        f'<text class="stage" x="{x}" y="{_BASE + 33}">{text(name)}</text>'
        f'<text class="stage dim" x="{x}" y="{_BASE + 45}">{width}{map_side}</text>'
    )
