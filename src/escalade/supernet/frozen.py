"""A path made ready for scoring: the fastest way to many short evaluations.

The same numbers as `extract`, `recalibrate` and `fold` to float error, without building modules.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import torch
from torch import Tensor

from escalade.core.network.architecture import Architecture
from escalade.core.network.parts import parts_of
from escalade.supernet.elastic import Side, copied
from escalade.supernet.functional import Weights, forward
from escalade.supernet.normalise import Averager, Statistics
from escalade.supernet.shared_weights import SharedWeights


@dataclass(frozen=True, slots=True)
class Frozen:
    """A path's recalibrated, folded weights; call it with images for the logits.

    Attributes:
        architecture: the path's network.
        sides: one set of weights per side; the logits are their sum.
    """

    architecture: Architecture
    sides: tuple[Weights, ...]

    @torch.no_grad()
    def __call__(self, x: Tensor) -> Tensor:
        """Logits of (batch, in_channels, side, side) images."""
        found = [forward(x, self.architecture, w, normalise=_as_it_is) for w in self.sides]
        return found[0] if len(found) == 1 else torch.stack(found).sum(0)


@torch.no_grad()
def freeze(
    supernet: SharedWeights, architecture: Architecture, batches: Iterable[Tensor]
) -> Frozen:
    """Recalibrate a path on batches and fold its batch norm; a coupled supernet gives both sides.

    Raises:
        ValueError: if the supernet does not hold the architecture, or there are no batches.
    """
    sides: tuple[Side, ...] = ("left", "right") if supernet.coupled else ("left",)
    weights = [
        {name: copied(part) for name, part in supernet.slices(architecture, side=side).items()}
        for side in sides
    ]
    averagers = [Averager() for _ in sides]
    for batch in batches:
        for averager, held in zip(averagers, weights, strict=True):
            forward(batch, architecture, held, normalise=averager.batch())
    if not averagers[0].statistics.means:
        raise ValueError("recalibration needs at least one batch")
    folded = (
        _folded(held, architecture, averager.statistics)
        for held, averager in zip(weights, averagers, strict=True)
    )
    return Frozen(architecture, tuple(folded))


def _folded(weights: Weights, architecture: Architecture, statistics: Statistics) -> Weights:
    """The weights with each batch norm folded into its convolution."""
    folded, epsilon = dict(weights), architecture.conventions.epsilon
    norms = zip(statistics.means, statistics.variances, strict=True)
    for prefix, part in parts_of(architecture):
        for conv in part.layers.convs:
            if conv.norm is None:
                continue
            mean, variance = next(norms)
            at, norm = prefix + conv.name, prefix + conv.norm
            scale = weights[norm + ".weight"] * torch.rsqrt(variance + epsilon)
            folded[at + ".weight"] = weights[at + ".weight"] * scale[:, None, None, None]
            shift = weights[norm + ".bias"]
            folded[at + ".bias"] = torch.addcmul(shift, mean, scale, value=-1)
    return folded


def _as_it_is(x: Tensor, weight: Tensor, bias: Tensor, epsilon: float) -> Tensor:
    return x
