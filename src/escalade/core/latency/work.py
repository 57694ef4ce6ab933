"""What a part of a network does on a device: its operations, and how much work they are."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.optimize import nnls

from escalade.core.network.architecture import Architecture
from escalade.core.network.branches import Layers
from escalade.core.network.layers import Conv, Excitation, Linear, Pad, Pool, Size
from escalade.core.network.parts import Part, parts_of

LANES = 16  # numbers that vector units work on at once

Term = tuple[str, Any]
NANO = 1e-9
Coefficients = Mapping[str, float]


class Operation(NamedTuple):
    """One operation of a part: all of it but its sizes."""

    name: str
    activation: str = ""
    kernel: int = 1
    stride: int = 1


@dataclass(frozen=True, slots=True, order=True)
class Group:
    """Parts that run the same operations, at whatever sizes."""

    kind: str
    operations: tuple[Operation, ...]

    def distance(self, other: Group) -> tuple[int, int]:
        """How far apart two groups of one kind are: what differs, strides most; then kernels."""
        ours, theirs = ({each.name: each for each in g.operations} for g in (self, other))
        both = [(ours[name], theirs[name]) for name in ours.keys() & theirs.keys()]
        strides = sum(one.stride != two.stride for one, two in both)
        activations = sum(one.activation != two.activation for one, two in both)
        lacking = len(ours.keys() ^ theirs.keys())
        return lacking + activations + 10 * strides, sum(abs(a.kernel - b.kernel) for a, b in both)


@dataclass(frozen=True, slots=True, order=True)
class Work:
    """All that decides how long a part takes on a given device.

    Attributes:
        terms: amounts of what a device spends time on, by name: a call, numbers read and written,
            weights, multiply-adds, and these with widths filled up to `LANES`. Numbers, or arrays
            for many parts.
    """

    group: Group
    terms: tuple[Term, ...]


def works_of(architecture: Architecture) -> Iterator[Work]:
    return (work_of(part) for _, part in parts_of(architecture))


def work_of(part: Part) -> Work:
    operations: list[Operation] = []
    terms: list[Term] = [("call", 1), ("input", part.in_width * (part.side * part.side))]
    for way in part.layers.ways:
        side = part.side
        for layer in way:
            side = layer.after(side)
            does = _DOES.get(type(layer))
            if does is not None:
                some, amounts = does(layer, side * side)
                operations += some
                terms += amounts
    return Work(Group(part.kind, (*operations, *_sum(part.layers))), tuple(terms))


def _conv(layer: Conv, area: Size) -> tuple[list[Operation], list[Term]]:
    name = layer.name
    terms = [
        (f"{name} outputs", area * layer.width),
        (f"{name} weights", layer.reads * layer.width),
    ]
    if not layer.depthwise:
        terms.append((f"{name} macs", area * layer.reads * layer.width))
    if layer.reads_all:
        filled = _filled(layer.in_width) * _filled(layer.width)
        terms.append((f"{name} filled", area * filled))
    return [Operation(name, layer.activation, layer.kernel, layer.stride)], terms


def _excitation(layer: Excitation, area: Size) -> tuple[list[Operation], list[Term]]:
    both = (layer.reduce, layer.expand)
    operations = [Operation(conv.name, conv.activation) for conv in both]
    return operations, [(f"{layer.reduce.name} weights", layer.reduce.weights)]


def _pool(layer: Pool, area: Size) -> tuple[list[Operation], list[Term]]:
    name = layer.name or "pool"
    operation = Operation(name, kernel=layer.kernel, stride=layer.stride)
    return [operation], [(f"{name} outputs", area * layer.width)]


def _pad(layer: Pad, area: Size) -> tuple[list[Operation], list[Term]]:
    return [Operation("pad")], [("pad outputs", area * layer.width)]


def _linear(layer: Linear, area: Size) -> tuple[list[Operation], list[Term]]:
    return [Operation(layer.name)], [(f"{layer.name} weights", layer.in_width * layer.width)]


_DOES: dict[type, Callable[[Any, Size], tuple[list[Operation], list[Term]]]] = {
    Conv: _conv,
    Excitation: _excitation,
    Pool: _pool,
    Pad: _pad,
    Linear: _linear,
}


def _sum(layers: Layers) -> list[Operation]:
    operations = [Operation("add")] if layers.adds else []
    return operations + (
        [Operation("sum", layers.activation)] if layers.activation != "none" else []
    )


def _filled(width: Size) -> Size:
    return -(-width // LANES) * LANES


@dataclass(frozen=True, slots=True)
class WorkModel:
    """Predicted nanoseconds of parts; whole numbers, so that sums do not depend on their order."""

    coefficients: Mapping[Group, Coefficients]

    def nanoseconds(self, work: Work) -> Any:
        """Of one part (int) or of many (int array); both agree exactly.

        Terms that the measured group has not are left out.

        Raises:
            ValueError: if nothing of that kind was measured.
        """
        known = self.coefficients[self.nearest(work.group)]
        total: Any = 0.0
        for name, amount in work.terms:
            total = total + known.get(name, 0.0) * amount
        if isinstance(total, float):
            return round(total / NANO)
        return np.rint(total / NANO).astype(np.int64)

    def nearest(self, group: Group) -> Group:
        """The group itself, or the measured one of its kind that differs least."""
        if group in self.coefficients:
            return group
        same_kind = [each for each in self.coefficients if each.kind == group.kind]
        if not same_kind:
            raise ValueError(f"latency: no {group.kind} was measured; measure a network with one")
        return min(same_kind, key=lambda each: (each.distance(group), each))


def fit(measured: Mapping[Work, float]) -> WorkModel:
    """Fit measured seconds, each group of parts on its own.

    A space has tens of thousands of distinct parts, so a few hundred are measured and the rest
    predicted. Coefficients are not negative and the relative error is what is minimised.
    """
    groups: dict[Group, list[Work]] = {}
    for work in sorted(measured):
        groups.setdefault(work.group, []).append(work)
    return WorkModel({group: _fit(works, measured) for group, works in sorted(groups.items())})


def _fit(works: Sequence[Work], measured: Mapping[Work, float]) -> Coefficients:
    """Non-negative least squares of predicted over measured seconds."""
    names = [name for name, _ in works[0].terms]
    rows = np.array([[amount for _, amount in work.terms] for work in works], dtype=np.float64)
    seconds = np.array([measured[work] for work in works])
    scale = np.maximum(rows.max(axis=0), 1.0)
    design: npt.NDArray[np.float64] = rows / scale / seconds[:, None]
    solution = nnls(design, np.ones(len(works)))[0] / scale
    return {name: float(value) for name, value in zip(names, solution, strict=True)}
