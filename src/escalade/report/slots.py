"""The layers of a network at their places, those left out included."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from escalade.core.network import kinds
from escalade.core.network.architecture import Architecture
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


@dataclass(frozen=True, slots=True)
class Slot:
    """A block, or with `removed` an identity that the network does without.

    `width` is what the network has there: past a removed identity the channels before it.
    """

    block: Block
    width: int
    removed: bool = False

    @property
    def glyph(self) -> Glyph:
        return glyph(self.block, removed=self.removed)


Slots = tuple[tuple[Slot, ...], ...]


def slots(network: Architecture, running: Architecture | None = None) -> Slots:
    """The layers of each stage.

    Args:
        network: a stand-alone network, or a slice whose identities are folded as far as they fold.
        running: what the supernet runs for it, with every identity at its place; None if the
            network leaves nothing out. Ignored if the network is not made of its layers.
    """
    left = _left(network, running) if running else None
    if running is None or left is None:
        running, left = network, [block for stage in network.stages for block in stage.blocks]
    width, rest, stages = network.stem.width, iter(left), []
    for stage in running.stages:
        found = []
        for block, stays in zip(stage.blocks, rest, strict=False):
            width = width if stays is None else stays.width
            found.append(Slot(stays or block, width, removed=stays is None))
        stages.append(tuple(found))
    return tuple(stages)


def in_words(shape: Slots) -> str:
    """A line for each stage: `24: k5e6 k3e3se id`."""
    return "\n".join(
        f"{stage[-1].width}: {' '.join(slot.glyph.short for slot in stage)}" for stage in shape
    )


def num_identities(shape: Slots) -> int:
    """Layers that are identities, whether they are left out, pool or are linear."""
    return sum(is_identity(slot.block) for stage in shape for slot in stage)


def _left(network: Architecture, running: Architecture) -> list[Block | None] | None:
    """What is left of each layer that runs, None of an identity that is gone.

    Found from the last to the first: of identities in a row each folds into the next, so that the
    last one stays. None if the network has another layer.
    """
    left = [block for stage in network.stages for block in stage.blocks]
    found: list[Block | None] = []
    for block in reversed([block for stage in running.stages for block in stage.blocks]):
        stays = bool(left) and _alike(block, left[-1])
        if not stays and not is_identity(block):
            return None
        found.append(left.pop() if stays else None)
    return None if left else found[::-1]


def _alike(one: Block, other: Block) -> bool:
    """Whether a network's layer stands for another that runs: folding changes expansions."""
    if is_identity(one):
        return is_identity(other) and one.stride == other.stride
    fields = ("kind", "kernel", "stride", "width")
    return all(getattr(one, name) == getattr(other, name) for name in fields)
