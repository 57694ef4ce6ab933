"""How one layer is drawn."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from escalade.core.network import kinds
from escalade.core.network.block import Block


@dataclass(frozen=True, slots=True, kw_only=True)
class Glyph:
    """A layer as a shape, its numbers and its words.

    Attributes:
        outline: what computes is a box, what passes through a wire, pooling a funnel.
        size: as high as a box of this kernel.
        kernel, expansion: what stands below it.
        shade: of a box, 0 to 1.
        dot: whether squeeze-excitation is marked.
        short: `k5e6se`, id, pool, 1x1.
        said: all that there is to say.
    """

    outline: Literal["box", "wire", "funnel"] = "box"
    size: int = 3
    kernel: str
    expansion: str = ""
    shade: float = 0.0
    dot: bool = False
    short: str = ""
    said: str = ""


def is_identity(block: Block) -> bool:
    """Whether a layer stands for one that was left out: it passes on, pools or is linear."""
    return kinds.of(block).left_out


def plain(kernel: int) -> Glyph:
    """A convolution alone."""
    return Glyph(size=kernel, kernel=str(kernel))


def glyph(block: Block, *, removed: bool = False) -> Glyph:
    """The glyph of a layer; a removed one is an identity that the network does without."""
    if is_identity(block):
        return _identity(block, removed=removed)
    convs = kinds.layers(block, block.width).convs
    kernels = [conv.kernel for conv in convs if conv.kernel > 1] or [1]
    shown = "+".join(map(str, kernels))
    told = [block.kind, f"kernel {shown}", f"stride {block.stride}"]
    told.append(f"expansion {block.expansion:g}")
    told += [f"groups of {block.group_width}"] if block.group_width else []
    told.append(f"{block.width} channels")
    told += ["squeeze-excitation"] if block.se else []
    told += [] if block.skip else ["no shortcut"]
    hidden = f"e{block.expansion:g}" if kinds.of(block).expands else ""
    return Glyph(
        size=max(kernels),
        kernel=shown,
        expansion=f"{block.expansion:.2g}".removeprefix("0"),
        shade=min(1.0, 0.12 + 0.13 * block.expansion),
        dot=block.se is not None,
        short=f"k{shown}{hidden}{'se' if block.se else ''}",
        said=", ".join(told),
    )


def _identity(block: Block, *, removed: bool) -> Glyph:
    pools = block.stride > 1 and not removed
    if kinds.of(block).passes_on or removed:
        if pools:
            return Glyph(outline="funnel", kernel="max", short="pool", said="2x2 max pooling")
        return Glyph(outline="wire", kernel="id", short="id", said="identity")
    said = f"linear 1x1 convolution, {block.width} channels"
    if pools:
        return Glyph(
            outline="funnel", kernel="max", expansion="lin", short="pool+1x1",
            said=f"2x2 max pooling and {said}",
        )  # fmt: skip
    return Glyph(size=1, kernel="1", expansion="lin", short="1x1", said=said)
