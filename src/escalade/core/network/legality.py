"""What fields of an architecture may hold; every error is an `Invalid` at the field's path."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from escalade.core.network import kinds
from escalade.core.network.block import (
    IDLE,
    SAME,
    SYMMETRIC,
    Block,
    Conventions,
    Head,
    Rounding,
    SqueezeExcite,
    Stage,
    Stem,
)
from escalade.core.network.kinds import ACTIVATIONS, KINDS, Kind
from escalade.core.values.invalid import Invalid, shown, within

GATES = ("hard_sigmoid", "sigmoid")
MOST_EXPANSION = 1_000
MOST = 1_000_000  # channels, classes and pixels a side
MOST_KERNEL = 1_001
EMPTY = "expected a list with at least one entry"
RESIDUAL = tuple(name for name, kind in KINDS.items() if kind.is_residual)


def check(stem: Stem, stages: Sequence[Stage], head: Head, *, rounding: Rounding) -> None:
    """Raise an `Invalid` at the first field outside what a network can have."""
    with within("rounding"):
        check_positive(rounding, "width", "resolution")
    with within("stem"):
        check_positive(stem, "width", "stride")
        _check_odd(stem, "kernel")
        _check_known(stem, activation=ACTIVATIONS)
    with within("head"):
        _check_head(head)
    if not stages:
        raise Invalid(EMPTY, path=("stages",))
    width = stem.width
    for i, stage in enumerate(stages):
        if not stage.blocks:
            raise Invalid(EMPTY, path=("stages", i, "blocks"))
        for k, block in enumerate(stage.blocks):
            try:
                _check_block(block, width)
            except Invalid as error:  # not `within`, which takes as long as the check
                raise error.inside("stages", i, "blocks", k) from None
            width = block.width
    _check_together(stem, stages, head)


def check_side(resolution: int, stride: int) -> None:
    """Raise an `Invalid` if no pixel is left after all strides."""
    if resolution < stride:
        problem = f"{resolution} is too small for strides whose product is {stride}"
        raise Invalid(problem, path=("resolution",))


def check_conventions(conventions: Conventions, stages: Sequence[Stage]) -> None:
    """Raise an `Invalid` for conventions that no builder follows."""
    with within("conventions"):
        _check_known(conventions, padding=(SYMMETRIC, SAME))
        for name in ("epsilon", "momentum"):
            value = getattr(conventions, name)
            if not 0 < value < 1:
                raise Invalid(f"{shown(value)} is outside (0, 1)", path=(name,))
        kind = stages[0].blocks[0].kind
        if conventions.pads_same and kind in RESIDUAL:
            problem = f"{SAME} is not possible with {kind}"
            raise Invalid(problem, path=("padding",), remedy=f"use {SYMMETRIC}")


def check_positive(part: Any, *names: str) -> None:
    """Raise an `Invalid` for a field below 1, or beyond all networks."""
    for name in names:
        if getattr(part, name) < 1:
            raise Invalid(f"{shown(getattr(part, name))} is not positive", path=(name,))
        _check_most(part, name, MOST)


def check_squeezed(block: Block, in_width: int) -> None:
    """Raise an `Invalid` if the squeeze-excitation is left without a channel."""
    se = block.se
    assert se is not None
    if kinds.se_width(block, in_width) < 1:
        of = kinds.hidden(block, in_width) if se.of == "hidden" else in_width
        problem, remedy = f"{se.ratio:g} of {of} channels is below 1", f"use {1 / of:.2g} or more"
        raise Invalid(problem, path=("ratio",), remedy=remedy)


def _check_head(head: Head) -> None:
    _check_known(head, activation=ACTIVATIONS)
    check_positive(head, *(name for name in ("width", "hidden") if getattr(head, name) is not None))
    if head.hidden_norm and head.hidden is None:
        problem = "there is no hidden layer to normalise"
        raise Invalid(problem, path=("hidden_norm",), remedy="use false")


def _check_together(stem: Stem, stages: Sequence[Stage], head: Head) -> None:
    """No builder mixes residual kinds with the others."""
    found = {block.kind for stage in stages for block in stage.blocks}
    residual, others = sorted(found & set(RESIDUAL)), sorted(found - set(RESIDUAL))
    if residual and others:
        problem = f"{residual[0]} and {others[0]} blocks cannot be in one network"
        raise Invalid(problem, path=("stages",))
    only = f"is only possible with {' or '.join(RESIDUAL)} blocks"
    if others and head.width is None:
        raise Invalid(f"null {only}", path=("head", "width"))
    if others and stem.max_pool:
        raise Invalid(f"true {only}", path=("stem", "max_pool"))
    if residual and head.hidden is not None:
        problem = f"{head.hidden} is not possible with {residual[0]}"
        raise Invalid(problem, path=("head", "hidden"))


@lru_cache(maxsize=4096)  # networks, and those like them, repeat blocks
def _check_block(block: Block, in_width: int) -> None:
    _check_known(block, kind=tuple(KINDS))
    kind = kinds.of(block)
    check_positive(block, "width")
    if block.stride not in (1, 2):
        raise Invalid(f"{block.stride} is neither 1 nor 2", path=("stride",))
    _check_known(block, activation=kind.activations)
    _check_idle(block, kind)
    if kind.left_out:
        if kind.passes_on and block.width < in_width:
            problem = f"{block.width} is below the input's {in_width}"
            remedy = f"an {block.kind} drops no channels"
            raise Invalid(problem, path=("width",), remedy=remedy)
        return
    _check_kernels(block, kind)
    _check_hidden(block, in_width)
    if not block.skip and block.transition:
        raise Invalid("false forbids the shortcut that transition asks for", path=("skip",))
    if block.group_width is not None:
        _check_groups(block)
    if block.se is not None:
        with within("se"):
            _check_squeeze(block.se)
            check_squeezed(block, in_width)


def _check_idle(block: Block, kind: Kind) -> None:
    """Fields that say nothing hold what says so."""
    for name, value in IDLE.items():
        if name not in kind.has and getattr(block, name) != value:
            problem = f"{block.kind} {kind.why.get(name, 'has none')}"
            raise Invalid(problem, path=(name,), remedy=f"use {json.dumps(value)}")


def _check_kernels(block: Block, kind: Kind) -> None:
    kernels = [name for name in ("kernel", "start_kernel") if name in kind.has]
    for name in kernels:
        if getattr(block, name) != 0 or name not in kind.optional:
            _check_odd(block, name)
    if block.stride > 1 and not any(getattr(block, name) for name in kernels):
        problem = f"{block.stride} needs a convolution with a kernel"
        raise Invalid(problem, path=("stride",), remedy="use kernel 3, or stride 1")


def _check_hidden(block: Block, in_width: int) -> None:
    if not 0 < block.expansion <= MOST_EXPANSION:
        problem = f"{block.expansion} is outside (0, {MOST_EXPANSION:,}]"
        raise Invalid(problem, path=("expansion",))
    if kinds.hidden(block, in_width) < 1:
        problem = f"{block.expansion:g} of {block.width} channels is below 1"
        remedy = f"use {1 / block.width:.2g} or more"
        raise Invalid(problem, path=("expansion",), remedy=remedy)


def _check_groups(block: Block) -> None:
    width = block.group_width
    assert width is not None
    check_positive(block, "group_width")
    hidden = kinds.hidden(block, 0)
    if hidden % width:
        problem = f"{width} does not divide the hidden width {hidden}"
        raise Invalid(problem, path=("group_width",))


def _check_squeeze(se: SqueezeExcite) -> None:
    _check_known(se, of=("input", "hidden"), activation=ACTIVATIONS, gate=GATES)
    check_positive(se, "divisor")
    if not 0 < se.ratio <= 1:
        raise Invalid(f"{se.ratio} is outside (0, 1]", path=("ratio",))


def _check_odd(part: Any, name: str) -> None:
    value = getattr(part, name)
    if value < 1 or value % 2 == 0:
        raise Invalid(f"{shown(value)} is not odd and positive", path=(name,))
    _check_most(part, name, MOST_KERNEL)


def _check_most(part: Any, name: str, most: int) -> None:
    if getattr(part, name) > most:
        problem = f"{shown(getattr(part, name))} is too large"
        raise Invalid(problem, path=(name,), remedy=f"use {most:,} or less")


def _check_known(part: Any, **known: tuple[str, ...]) -> None:
    for name, names in known.items():
        value = getattr(part, name)
        if value not in names:
            problem, remedy = f"{shown(value)} is not known", f"use one of {', '.join(names)}"
            raise Invalid(problem, path=(name,), remedy=remedy)
