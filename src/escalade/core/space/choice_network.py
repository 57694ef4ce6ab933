"""What the choices of a row of layers make: the stand-alone network, and the one that runs.

The stand-alone network leaves identities out: the next layer's input shrinks to the width before
them, and of a down-sampling one the max pooling stays (SCARLET, Fig. 2 right, footnote 4). The
running network has every layer at its position, identities transformed (Fig. 2, middle).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from escalade.core.network.block import Block
from escalade.core.network.fittings import keeps_shape
from escalade.core.space.shape import ChoiceShape, LayerShape

Genome = Sequence[int]
Blocks = list[Block]


@dataclass(frozen=True, slots=True, kw_only=True)
class ChoiceNetworks:
    """The networks of a list of choices, as blocks by stage, the fixed ends aside.

    Attributes:
        shape: every choice of every layer, as a supernet runs it.
        identities: which choices leave a layer out.
        folds: whether layers directly after an identity have no shortcut.
    """

    shape: ChoiceShape
    identities: frozenset[int]
    folds: bool

    def standalone(self, genome: Genome) -> list[Blocks]:
        """The network that is retrained, and what costs mean; it may have fewer stages."""
        stages: list[Blocks] = [[] for _ in self.shape.stages]
        width, after_identity = self.shape.first.width, False
        for (i, _, layer), gene in zip(self.shape.layers, genome, strict=True):
            block = self.left(layer, gene, width, after_identity=after_identity)
            if block is not None:
                stages[i - 1].append(block)
            after_identity = gene in self.identities
            width = width if after_identity else layer.width
        return [blocks for blocks in stages if blocks]

    def left(
        self, layer: LayerShape, gene: int, in_width: int, *, after_identity: bool
    ) -> Block | None:
        """What a choice leaves in the stand-alone network; None is nothing."""
        if gene not in self.identities:
            return _without_skip(layer.blocks[gene], in_width, self.folds and after_identity)
        return Block.identity(in_width, stride=layer.stride) if layer.stride > 1 else None

    def running(self, genome: Genome) -> list[Blocks]:
        """The network that the supernet runs."""
        layers = [layer for *_, layer in self.shape.layers]
        blocks = [layer.blocks[gene] for layer, gene in zip(layers, genome, strict=True)]
        if self.folds:
            blocks = _folding(blocks, layers, [gene in self.identities for gene in genome])
        rest = iter(blocks)
        return [[next(rest) for _ in stage] for stage in self.shape.stages]


def _without_skip(block: Block, in_width: int, wanted: bool) -> Block:
    """The block without its shortcut, if that is wanted and it has one."""
    return replace(block, skip=False) if wanted and keeps_shape(block, in_width) else block


def _folding(blocks: Blocks, layers: Sequence[LayerShape], is_identity: Sequence[bool]) -> Blocks:
    """What lets every transformation fold: only the next convolution reads its output.

    The layer after an identity has no shortcut. An identity before a max pooling, which does not
    commute with a convolution, runs as it is; that is one with a down-sampling identity after it
    in its row.
    """
    made, pools_later = list(blocks), False
    for k in reversed(range(len(made))):
        layer = layers[k]
        if not is_identity[k]:
            after_identity = k > 0 and is_identity[k - 1]
            made[k] = _without_skip(made[k], layer.in_width, after_identity)
        elif pools_later:
            made[k] = Block.identity(layer.width, stride=layer.stride)
        pools_later = is_identity[k] and (pools_later or layer.stride > 1)
    return made
