"""The layers of a network at their places, those left out included."""

from __future__ import annotations

from dataclasses import dataclass

from escalade.core.network.architecture import Architecture
from escalade.core.network.block import Block
from escalade.report.glyphs import Glyph, glyph, is_identity


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
