"""Macs, parameters, activations and peak memory of one architecture.

macs: multiply-adds of convolutions and linear layers. params: every trainable element, batch-norm
affine and biases included. activations: elements of the outputs of every convolution
(squeeze-excitations at 1x1 and projection shortcuts included), of linear layers, and of the stem's
max pool, as the published figures of ResNet and ResNeXt count it; other poolings count nothing.
memory: bytes of the tensors that are alive at once (`core.network.memory`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import reduce
from itertools import islice
from operator import add, attrgetter
from typing import Any

from escalade.core.network.architecture import Architecture
from escalade.core.network.layers import Size
from escalade.core.network.memory import Memory, larger
from escalade.core.network.parts import Part, parts_of
from escalade.core.numbers.shown import BYTES

CostOf = Callable[[Architecture], float]
"""What a budget counts or measures of a network."""

Price = Callable[[Part], Size]
"""What a part costs: a whole number, or many where its sizes are arrays."""


@dataclass(frozen=True, slots=True)
class Counting:
    """What a network costs by its parts: the sum of what they cost, or the largest.

    Attributes:
        join: of the prices of parts that run one after the other: their sum, or the larger.
    """

    price: Price
    join: Callable[[Size, Size], Size] = add

    @property
    def ufunc(self) -> Any:
        """The join of arrays, numpy's."""
        import numpy as np  # one network is counted without it

        return np.add if self.join is add else np.maximum

    def of(self, parts: Iterable[Part]) -> Size:
        """What the parts cost together."""
        return reduce(self.join, map(self.price, parts))

    def repeated(self, prices: Size, times: Size) -> Size:
        """What parts cost that run so many times, or not at all."""
        return prices * (times if self.join is add else times > 0)


def _bytes(size: int) -> Price:
    return lambda part: part.peak * size


COUNTINGS = {
    **{kind: Counting(attrgetter(kind)) for kind in ("macs", "params", "activations")},
    **{kind: Counting(_bytes(size), join=larger) for kind, size in BYTES.items()},
}


@dataclass(frozen=True, slots=True)
class Cost(Memory):
    """Exact integer costs of a network for one image; `memory` are bytes of fp32."""

    macs: int
    params: int
    activations: int
    memory: int


@dataclass(frozen=True, slots=True)
class StageCost(Memory):
    """Cost of the stem, a stage (`stages.0` is the first) or the head.

    `depth` counts blocks, 0 in the stem and the head; `width` and `resolution` (in pixels) are
    those of the output. The memory is the peak while it runs.
    """

    name: str
    depth: int
    width: int
    resolution: int
    macs: int
    params: int
    activations: int
    memory: int


@dataclass(frozen=True, slots=True)
class LayerCost:
    """Cost of one layer, named as in the built network's state dict."""

    name: str
    macs: int
    params: int
    activations: int


def of(architecture: Architecture) -> Cost:
    """Cost of the whole network; agrees exactly with the built one and with population costs."""
    return Cost(*_sums(part for _, part in parts_of(architecture)))


def count(architecture: Architecture, kind: str) -> int:
    """One cost of the whole network, by its kind, as `of` has it; the others are not counted."""
    return int(COUNTINGS[kind].of(part for _, part in parts_of(architecture)))


def counted(kind: str) -> CostOf:
    """What a budget of a kind counts."""
    if kind == "latency":
        raise ValueError("latency is measured, not counted; give cost_of, such as LatencyTable.of")
    return lambda architecture: float(count(architecture, kind))


def layers(architecture: Architecture) -> list[LayerCost]:
    return [
        LayerCost(
            prefix + layer.name, layer.macs(side), layer.params(side), layer.activations(side)
        )
        for prefix, part in parts_of(architecture)
        for layer, side in part.counted
    ]


def stages(architecture: Architecture) -> list[StageCost]:
    """Cost of the stem, each stage and the head; they make up the cost of the network."""
    parts = (part for _, part in parts_of(architecture))
    stem = next(parts)
    made = [StageCost("stem", 0, architecture.stem.width, stem.after, *_sums([stem]))]
    for i, stage in enumerate(architecture.stages):
        depth, width = len(stage.blocks), stage.blocks[-1].width
        some = list(islice(parts, depth))
        made.append(StageCost(f"stages.{i}", depth, width, some[-1].after, *_sums(some)))
    return [*made, StageCost("head", 0, architecture.num_classes, 1, *_sums(parts))]


def _sums(parts: Iterable[Part]) -> tuple[int, int, int, int]:
    macs = params = activations = peak = 0
    for part in parts:
        macs += part.macs
        params += part.params
        activations += part.activations
        peak = max(peak, int(part.peak))
    return macs, params, activations, peak * BYTES["memory"]
