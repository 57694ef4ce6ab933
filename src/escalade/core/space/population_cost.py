"""Costs of whole populations by integer arithmetic on arrays; no network is built.

The twin of `core.network.cost`: both count the same layers, and a test holds them equal exactly.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from escalade.core.network.architecture import SqueezeExcite
from escalade.core.numbers.rounding import conv_side, make_divisible, scale_depth
from escalade.core.space.population import IntArray, Population, chunks
from escalade.core.space.stage_choices import StageChoices


def population_costs(space: Any, ratios: Any, population: Population) -> dict[str, IntArray]:
    """Macs, params and activations of every path: arrays of shape (n,)."""
    tables = Tables.of(space, ratios)
    totals = np.zeros((3, len(population)), dtype=np.int64)
    for rows in chunks(len(population)):
        totals[:, rows] = _chunk(space, ratios, tables, population[rows])
    return dict(zip(("macs", "params", "activations"), totals, strict=True))


@dataclass(frozen=True, slots=True)
class Tables:
    """What ratios make of the space's choices, as look-up tables."""

    sides: IntArray  # (resolution choice, ratio)
    stem_widths: IntArray  # (width choice, ratio)
    widths: list[IntArray]  # per stage: (width choice, ratio)
    depths: IntArray  # (base depth, ratio)

    @classmethod
    def of(cls, space: Any, ratios: Any) -> Tables:
        data = space
        most = max(stage.depth.most for stage in data.stages)

        def widths(choices: tuple[int, ...]) -> IntArray:
            rows = [[space.width(w, r) for r in ratios.width] for w in choices]
            return np.array(rows, dtype=np.int64)

        sides = [[space.side(s, r) for r in ratios.resolution] for s in data.resolutions]
        depths = [[scale_depth(d, r) for r in ratios.depth] for d in range(1, most + 1)]
        return cls(
            sides=np.array(sides, dtype=np.int64),
            stem_widths=widths(data.stem.widths),
            widths=[widths(stage.widths) for stage in data.stages],
            depths=np.array([[0] * len(ratios.depth), *depths], dtype=np.int64),
        )


def _chunk(space: Any, ratios: Any, tables: Tables, population: Population) -> IntArray:
    genomes = population.genomes
    d, w, r = population.strategies.T
    data = space
    total = _Total(len(population))
    side = conv_side(tables.sides[genomes[:, 0], r], data.stem.stride)
    width = tables.stem_widths[genomes[:, 1], w]
    total.conv(data.in_channels * data.stem.kernel**2 * width, width, side)
    for i, choices in enumerate(data.stages):
        start = space.columns[i].depth + 1
        out_width = tables.widths[i][genomes[:, start - 3], w]
        kernels = space.kernels(genomes, i)
        depth = np.count_nonzero(kernels, axis=1)
        squares = kernels * kernels
        last = squares[np.arange(len(squares)), depth - 1]
        repeats = tables.depths[depth, d] - depth
        rest = squares[:, 1:].sum(axis=1) + repeats * last
        expansion = np.array(choices.expansions)[genomes[:, start - 2]]
        first = _Blocks(choices, in_width=width, width=out_width, expansion=expansion)
        out_side = conv_side(side, choices.stride)
        first.add(total, num=1, squares=squares[:, 0], side=side, out_side=out_side)
        more = _Blocks(choices, in_width=out_width, width=out_width, expansion=expansion)
        num = depth + repeats - 1
        more.add(total, num=num, squares=rest, side=out_side, out_side=out_side)
        width, side = out_width, out_side
    head_width = data.head.width
    assert head_width is not None  # `choices` refuses a space without it
    total.conv(width * head_width, head_width, side)
    total.linear(head_width, data.num_classes)
    return total.sums


class _Total:
    """Running sums: macs, params, activations."""

    def __init__(self, num: int) -> None:
        self.sums: IntArray = np.zeros((3, num), dtype=np.int64)

    def conv(
        self, weights: IntArray, width: IntArray | int, side: IntArray, *, num: IntArray | int = 1
    ) -> None:
        """`num` convolutions with batch norm; `weights` counts those of one."""
        area = side * side
        self.sums[0] += num * weights * area
        self.sums[1] += num * (weights + 2 * width)
        self.sums[2] += num * width * area

    def linear(self, width: int, classes: int) -> None:
        self.sums += np.array([[width * classes], [width * classes + classes], [classes]])


class _Blocks:
    """Blocks of one stage that agree in everything but the kernel."""

    def __init__(
        self,
        choices: StageChoices,
        *,
        in_width: IntArray,
        width: IntArray,
        expansion: npt.NDArray[np.float64],
    ) -> None:
        self.expands = choices.kind == "mbconv"
        self.in_width, self.width = in_width, width
        self.hidden = divisible_array(in_width * expansion) if self.expands else in_width
        self.reduced = reduced_widths(choices.se, in_width, self.hidden)

    def add(
        self,
        total: _Total,
        *,
        num: IntArray | int,
        squares: IntArray,
        side: IntArray,
        out_side: IntArray,
    ) -> None:
        """Add `num` blocks whose squared kernels sum to `squares`."""
        hidden, reduced = self.hidden, self.reduced
        if self.expands:
            total.conv(self.in_width * hidden, hidden, side, num=num)
        area = out_side * out_side
        total.sums[0] += hidden * squares * area
        total.sums[1] += hidden * squares + num * 2 * hidden
        total.sums[2] += num * hidden * area
        if reduced is not None:
            total.sums[0] += num * 2 * hidden * reduced
            total.sums[1] += num * (2 * hidden * reduced + hidden + reduced)
            total.sums[2] += num * (hidden + reduced)
        total.conv(hidden * self.width, self.width, out_side, num=num)


def reduced_widths(
    se: SqueezeExcite | None, in_width: IntArray, hidden: IntArray
) -> IntArray | None:
    """Inner width of the squeeze-excitation, rounded half to even like Python's round."""
    if se is None:
        return None
    of = hidden if se.of == "hidden" else in_width
    if se.divisor > 1:
        return divisible_array(of * se.ratio, se.divisor)
    reduced: IntArray = np.rint(of * se.ratio).astype(np.int64)
    return reduced


def divisible_array(values: npt.NDArray[np.floating[Any]], divisor: int = 8) -> IntArray:
    """`make_divisible` of an array, through a table of the distinct values."""
    distinct, inverse = np.unique(values, return_inverse=True)
    table = np.array([make_divisible(float(value), divisor) for value in distinct], dtype=np.int64)
    return table[inverse]
