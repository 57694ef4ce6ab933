"""What fields of an architecture may hold; every error names the field."""

from __future__ import annotations

import json
from collections.abc import Sequence

from escalade.core.network import kinds
from escalade.core.network.block import Block, Head, Rounding, SqueezeExcite, Stage, Stem
from escalade.core.network.kinds import ACTIVATIONS, KINDS
from escalade.core.values.invalid import Invalid, within

GATES = ("hard_sigmoid", "sigmoid")
MOST_EXPANSION = 1_000
RESIDUAL = tuple(name for name, kind in KINDS.items() if kind.is_residual)


def check(stem: Stem, stages: Sequence[Stage], head: Head, *, rounding: Rounding) -> None:
    """Raise a ValueError that names the first field outside what a network can have."""
    check_positive("rounding.width", rounding.width)
    check_positive("rounding.resolution", rounding.resolution)
    check_positive("stem.width", stem.width)
    check_positive("stem.stride", stem.stride)
    _odd("stem.kernel", stem.kernel)
    _choice("stem.activation", stem.activation, ACTIVATIONS)
    _choice("head.activation", head.activation, ACTIVATIONS)
    for name in ("width", "hidden"):
        if getattr(head, name) is not None:
            check_positive(f"head.{name}", getattr(head, name))
    width = stem.width
    for i, stage in enumerate(stages):
        for k, block in enumerate(stage.blocks):
            _check_block(block, width, f"stages[{i}].blocks[{k}]")
            width = block.width
    _check_together(stem, stages, head)


def check_side(resolution: int, stem: Stem, stages: Sequence[Stage]) -> None:
    """Raise a ValueError if no pixel is left after all strides."""
    stride = stem.stride * (2 if stem.max_pool else 1)
    for block in (block for stage in stages for block in stage.blocks):
        stride *= block.stride
    if resolution < stride:
        raise ValueError(
            f"resolution: {resolution} is too small for strides whose product is {stride}"
        )


def _check_together(stem: Stem, stages: Sequence[Stage], head: Head) -> None:
    """No builder mixes residual kinds with the others."""
    found = {block.kind for stage in stages for block in stage.blocks}
    residual, others = sorted(found & set(RESIDUAL)), sorted(found - set(RESIDUAL))
    if residual and others:
        raise ValueError(f"stages: {residual[0]} and {others[0]} blocks are in one network")
    if others and (head.width is None or stem.max_pool):
        field = "head.width: null" if head.width is None else "stem.max_pool: true"
        raise ValueError(f"{field} is only possible with {' or '.join(RESIDUAL)} blocks")
    if residual and head.hidden is not None:
        raise ValueError(f"head.hidden: {head.hidden} is not possible with {residual[0]}")


def _check_block(block: Block, in_width: int, where: str) -> None:
    _choice(f"{where}.kind", block.kind, tuple(KINDS))
    kind = kinds.of(block)
    check_positive(f"{where}.width", block.width)
    if block.stride not in (1, 2):
        raise ValueError(f"{where}.stride: {block.stride} is neither 1 nor 2")
    _choice(f"{where}.activation", block.activation, kind.activations)
    for field, value in kind.idle.items():
        if getattr(block, field) != value:
            why = kind.why.get(field, "has none")
            raise ValueError(f"{where}.{field}: {block.kind} {why}; use {json.dumps(value)}")
    if kind.left_out:
        if kind.passes_on and block.width < in_width:
            raise ValueError(
                f"{where}.width: {block.width} is below the input's {in_width}; "
                f"an {block.kind} drops no channels"
            )
        return
    _check_kernels(block, where)
    _check_hidden(block, in_width, where)
    if not block.skip and block.transition:
        raise ValueError(f"{where}.skip: false forbids the shortcut that transition asks for")
    if block.group_width is not None:
        _check_groups(block, f"{where}.group_width")
    if block.se is not None:
        _check_se(block.se, f"{where}.se")
        with within(f"{where}.se"):
            check_squeezed(block, in_width)


def check_squeezed(block: Block, in_width: int) -> None:
    """Raise an `Invalid` if the squeeze-excitation is left without a channel."""
    se = block.se
    assert se is not None
    if kinds.se_width(block, in_width) < 1:
        of = kinds.hidden(block, in_width) if se.of == "hidden" else in_width
        problem, remedy = f"{se.ratio:g} of {of} channels is none", f"use {1 / of:.2g} or more"
        raise Invalid(problem, path=("ratio",), remedy=remedy)


def _check_kernels(block: Block, where: str) -> None:
    kind = kinds.of(block)
    for field in ("kernel", "start_kernel"):
        kernel = getattr(block, field)
        if field in kind.has and not (kernel == 0 and field in kind.optional):
            _odd(f"{where}.{field}", kernel)
    if block.stride > 1 and not any(getattr(block, field) for field in ("kernel", *kind.optional)):
        raise ValueError(
            f"{where}.stride: {block.stride} needs a convolution with a kernel; use kernel 3, or "
            "stride 1"
        )


def _check_hidden(block: Block, in_width: int, where: str) -> None:
    if not 0 < block.expansion <= MOST_EXPANSION:
        raise ValueError(f"{where}.expansion: {block.expansion} is outside (0, {MOST_EXPANSION:,}]")
    if kinds.hidden(block, in_width) < 1:
        raise ValueError(
            f"{where}.expansion: {block.expansion:g} of {block.width} channels is none; use "
            f"{1 / block.width:.2g} or more"
        )


def _check_groups(block: Block, where: str) -> None:
    width = block.group_width
    assert width is not None
    check_positive(where, width)
    hidden = kinds.hidden(block, 0)
    if hidden % width:
        raise ValueError(f"{where}: {width} does not divide the hidden width {hidden}")


def _check_se(se: SqueezeExcite, where: str) -> None:
    _choice(f"{where}.of", se.of, ("input", "hidden"))
    _choice(f"{where}.activation", se.activation, ACTIVATIONS)
    _choice(f"{where}.gate", se.gate, GATES)
    check_positive(f"{where}.divisor", se.divisor)
    if not 0 < se.ratio <= 1:
        raise ValueError(f"{where}.ratio: {se.ratio} is outside (0, 1]")


def _odd(where: str, value: int) -> None:
    if value < 1 or value % 2 == 0:
        raise ValueError(f"{where}: {value} is not odd and positive")


def check_positive(where: str, value: int) -> None:
    """Raise a ValueError for a number below 1."""
    if value < 1:
        raise ValueError(f"{where}: {value} is not positive")


def _choice(where: str, value: str, known: tuple[str, ...]) -> None:
    if value not in known:
        raise ValueError(f"{where}: {value!r} is not known; use one of {', '.join(known)}")
