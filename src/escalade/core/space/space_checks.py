"""What the fields of a space's file may hold; every error is an `Invalid` that names its field."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Sequence
from typing import Any

from escalade.core.network.block import Head, SqueezeExcite
from escalade.core.network.kinds import ACTIVATIONS, KINDS
from escalade.core.network.legality import GATES, MOST_EXPANSION
from escalade.core.space.space_numbers import MOST_LAYERS, too_large, too_many
from escalade.core.values.invalid import Invalid, check_known, within

# Of kinds, those that the supernet has elastic layers for.
ELASTIC = tuple(name for name, kind in KINDS.items() if kind.is_elastic)
# Of a space: genes, strategies, and combinations that are priced to count its networks' costs. The
# published ones have some 60, 600 and 300,000; a mistyped range has billions.
MOST_GENES, MOST_STRATEGIES, MOST_PRICES = 500, 10_000, 5_000_000
KNOWN = {"kind": ELASTIC, "activation": ACTIVATIONS, "gate": GATES, "of": ("input", "hidden")}


def check_names(part: Any, *names: str) -> None:
    """Fields of these names hold what there is."""
    for name in names:
        with within(name):
            check_known(getattr(part, name), KNOWN[name])


def check_some(entries: Sequence[Any], name: str) -> None:
    """A list has an entry."""
    if not entries:
        raise Invalid("expected a list with at least one entry", path=(name,))


def check_rising(part: Any, *names: str) -> None:
    """Lists of choices rise."""
    for name in names:
        for before, after in itertools.pairwise(getattr(part, name)):
            if after < before:
                raise Invalid(
                    f"{before:g} stands before {after:g}; list them from smallest to largest",
                    path=(name,),
                )


def check_genes(depths: Iterable[int], *, per_layer: int = 1) -> None:
    """Layers of all stages whose choices are drawn and counted in time."""
    num = per_layer * sum(depths)
    if num > MOST_GENES:
        raise too_many(num, "genes of layers", MOST_GENES).inside("stages")


def check_prices(num: int, *, path: tuple[str, ...] = ("stages",)) -> None:
    """Combinations of choices whose costs fit into the memory."""
    if num > MOST_PRICES:
        raise too_many(num, "combinations of choices", MOST_PRICES).inside(*path)


def check_strategies(num: int, name: str) -> None:
    """Strategies that are told apart in time."""
    if num > MOST_STRATEGIES:
        raise too_many(num, "strategies", MOST_STRATEGIES).inside(name)


def check_depth(depth: int) -> None:
    """Layers of a stage that fit into the memory."""
    if depth > MOST_LAYERS:
        raise too_large(depth, MOST_LAYERS).inside("depth")


def check_stride(stride: int, name: str = "stride") -> None:
    """A convolution halves the resolution or keeps it."""
    if stride not in (1, 2):
        raise Invalid(f"{stride} is neither 1 nor 2", path=(name,))


def check_widths(widths: Iterable[int], divisor: int, name: str = "widths") -> None:
    """Widths are multiples of the space's divisor."""
    for width in widths:
        if width % divisor:
            raise Invalid(f"{width} is not a multiple of width_divisor {divisor}", path=(name,))


def check_odd(kernels: Iterable[int], name: str = "kernel", *, remedy: str = "") -> None:
    """Kernels have a centre."""
    for kernel in kernels:
        if kernel % 2 == 0:
            raise Invalid(f"{kernel} is not odd", path=(name,), remedy=remedy)


def check_expansions(expansions: Iterable[float], name: str = "expansion") -> None:
    """Hidden widths that an architecture may have."""
    for expansion in expansions:
        if expansion > MOST_EXPANSION:
            raise Invalid(f"{expansion:g} is outside (0, {MOST_EXPANSION:,}]", path=(name,))


def check_head(head: Head) -> None:
    """A head that a supernet has."""
    check_names(head, "activation")
    if head.width is None or head.hidden is not None:
        raise Invalid("a supernet's head is one convolution; give only width")


def check_side(side: int, strides: Iterable[int], name: str) -> None:
    """A resolution with a pixel left after all strides."""
    stride = math.prod(strides)
    if side < stride:
        raise Invalid(
            f"{side} is too small for strides whose product is {stride}",
            path=(name,),
            remedy=f"use {stride} or more, or fewer strides of 2",
        )


def check_squeeze(se: SqueezeExcite) -> None:
    """A squeeze-excitation that a block has."""
    check_names(se, "activation", "gate", "of")
    if se.ratio > 1:
        raise Invalid(f"{se.ratio} is outside (0, 1]", path=("ratio",))
