"""Paths made ready for scoring: the fastest way to many short evaluations.

The same numbers as `extract`, `recalibrate` and `fold` to float error, without building modules.
What paths begin with alike is recalibrated, folded and run once; a path's numbers are to the last
bit those that it has alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from escalade.core.network.architecture import Architecture
from escalade.supernet.functional import run
from escalade.supernet.normalise import Averager, Normalise, Statistics
from escalade.supernet.path_tree import Node, plant
from escalade.supernet.shared_weights import SharedWeights

MOST_KEPT = 1 << 18  # numbers that wait at forks, of one image: a MiB of it


@dataclass(frozen=True, slots=True)
class Frozen:
    """Recalibrated, folded weights of paths; call it with images for the logits of each.

    Attributes:
        roots: of the trees that the paths make up.
        num: of paths.
    """

    roots: Sequence[Node]
    num: int

    @torch.no_grad()
    def __call__(self, x: Tensor) -> list[Tensor]:
        """Logits of (batch, in_channels, side, side) images, path by path."""
        found = dict(_walk(self.roots, x, lambda node, side: _as_it_is))
        return [found[path] for path in range(self.num)]


@torch.no_grad()
def freeze(
    supernet: SharedWeights,
    architectures: Sequence[Architecture],
    batches: Iterable[Tensor],
    *,
    most_kept: int = MOST_KEPT,
) -> Frozen:
    """Recalibrate paths on batches and fold their batch norm.

    Args:
        supernet: whose slices they run; a coupled one gives both sides.
        architectures: of one resolution.
        batches: normalised images at that resolution.
        most_kept: numbers that wait at forks at most, of one image; beyond, less is shared.

    Raises:
        ValueError: if the supernet does not hold an architecture, or there are no batches.
    """
    roots = plant(supernet, architectures, most_kept=most_kept)
    nodes = [node for root in roots for node in root.all()]
    averagers = {id(node): [Averager() for _ in node.sides] for node in nodes}
    num_batches = 0
    for batch in batches:
        num_batches += 1
        for _ in _walk(roots, batch, lambda node, side: averagers[id(node)][side].batch()):
            pass
    if not num_batches:
        raise ValueError("recalibration needs at least one batch")
    for node in nodes:
        node.sides = tuple(
            _folded(node, weights, averager.statistics)
            for weights, averager in zip(node.sides, averagers[id(node)], strict=True)
        )
    return Frozen(roots, len(architectures))


def _walk(
    roots: Iterable[Node], images: Tensor, normalise: Callable[[Node, int], Normalise]
) -> Iterator[tuple[int, Tensor]]:
    """Every path with its logits, depth first: only what comes out of forks waits.

    Args:
        roots: of the trees.
        images: a batch.
        normalise: of a node and the number of a side, for one batch.
    """
    for root in roots:
        waiting = [(root, tuple(images for _ in root.sides))]
        while waiting:
            node, x = waiting.pop()
            x = tuple(
                run(
                    each,
                    node.layers,
                    weights,
                    prefix=node.prefix,
                    conventions=node.conventions,
                    normalise=normalise(node, side),
                )
                for side, (each, weights) in enumerate(zip(x, node.sides, strict=True))
            )
            for path in node.paths:
                yield path, x[0] if len(x) == 1 else torch.stack(x).sum(0)
            waiting.extend((branch, x) for branch in node.after.values())


def _folded(node: Node, weights: dict[str, Tensor], statistics: Statistics) -> dict[str, Tensor]:
    """The weights with each batch norm folded into its convolution."""
    folded, epsilon = dict(weights), node.conventions.epsilon
    norms = zip(statistics.means, statistics.variances, strict=True)
    for conv in node.layers.convs:
        if conv.norm is None:
            continue
        mean, variance = next(norms)
        at, norm = node.prefix + conv.name, node.prefix + conv.norm
        scale = weights[norm + ".weight"] * torch.rsqrt(variance + epsilon)
        folded[at + ".weight"] = weights[at + ".weight"] * scale[:, None, None, None]
        shift = weights[norm + ".bias"]
        folded[at + ".bias"] = torch.addcmul(shift, mean, scale, value=-1)
    return folded


def _as_it_is(x: Tensor, weight: Tensor, bias: Tensor, epsilon: float) -> Tensor:
    return x
