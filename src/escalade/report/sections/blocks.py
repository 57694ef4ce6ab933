"""One block of a drawing: a box by kernel and expansion, a wire for an identity."""

from __future__ import annotations

from escalade.core.network.block import Block
from escalade.report.sections.markup import text
from escalade.report.slots import Slot

BASE, BOX = 68, 16
_TALLEST = 56


def block_box(x: int, slot: Slot, where: str) -> str:
    """The drawing of a layer whose left edge is at `x`, standing on `BASE`."""
    block, said = slot.block, f"{where}: {_said(slot)}"
    if slot.pools:
        return _funnel(x, said) + digits(x, "max", "lin" if slot.mixes else "")
    if slot.mixes:
        return box(x, 1, said) + digits(x, 1, "lin")
    if slot.left_out:
        return _wire(x, said) + digits(x, "id")
    top = BASE - _tall(block.kernel) - 5
    dot = f'<circle class="se" cx="{x + BOX / 2:g}" cy="{top}" r="2.5"/>' if block.se else ""
    shade = min(1.0, 0.12 + 0.13 * block.expansion)
    expansion = f"{block.expansion:.2g}".removeprefix("0")
    return box(x, block.kernel, said, shade=shade) + dot + digits(x, block.kernel, expansion)


def box(x: int, kernel: int, said: str, *, shade: float = 0.0) -> str:
    """A box as high as the kernel, open without a shade."""
    height = _tall(kernel)
    return (
        f'<rect class="bar" x="{x + 0.5}" y="{BASE - height}" width="{BOX - 1}" '
        f'height="{height}" rx="2" fill-opacity="{shade:.2g}"><title>{text(said)}</title></rect>'
    )


def digits(x: int, kernel: int | str, expansion: str = "") -> str:
    """Below a box: its kernel, and its expansion."""
    at = x + BOX / 2
    below = f'<text class="small" x="{at:g}" y="{BASE + 27}">{expansion}</text>'
    kind = "kernel" if len(str(kernel)) < 3 else "small"
    return f'<text class="{kind}" x="{at:g}" y="{BASE + 14}">{kernel}</text>' + (
        below if expansion else ""
    )


def _wire(x: int, said: str) -> str:
    """What passes through."""
    y = BASE - _tall(3) / 2
    return f'<path class="wire" d="M{x - 1} {y:g}H{x + BOX + 1}"><title>{text(said)}</title></path>'


def _funnel(x: int, said: str) -> str:
    """What passes through a pooling."""
    y = BASE - _tall(3) / 2
    return (
        f'<path class="pool" d="M{x + 0.5} {y - 11:g}L{x + BOX - 0.5} {y - 4:g}v8'
        f'L{x + 0.5} {y + 11:g}Z"><title>{text(said)}</title></path>'
    )


def _tall(kernel: int) -> int:
    return min(1 + 7 * kernel, _TALLEST)


def _said(slot: Slot) -> str:
    block = slot.block
    if slot.mixes:
        pooled = "2x2 max pooling and " if slot.pools else ""
        return f"{pooled}linear 1x1 convolution, {block.width} channels"
    if slot.left_out:
        return "identity, 2x2 max pooling" if slot.pools else "identity"
    return _layers(block)


def _layers(block: Block) -> str:
    groups = f", groups of {block.group_width}" if block.group_width else ""
    more = ", squeeze-excitation" if block.se else ""
    if not block.skip:
        more += ", no shortcut"
    return (
        f"{block.kind}, kernel {block.kernel}, stride {block.stride}, expansion "
        f"{block.expansion:g}{groups}, {block.width} channels{more}"
    )
