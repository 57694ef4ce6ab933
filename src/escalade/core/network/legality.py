"""What fields of an architecture may hold; every error names the field."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from escalade.core.network.architecture import Architecture, Block, SqueezeExcite

KINDS = ("mbconv", "dsconv", "bottleneck", "regnet_z", "linear", "identity")
# Blocks whose hidden width follows from their output width, not from their input's. No builder
# mixes them with the others.
RESIDUAL_KINDS = ("bottleneck", "regnet_z")
# What is left of a layer that is left out, in networks of depthwise blocks; the fields that say
# nothing in them, and the values these have.
SIMPLE_KINDS = ("linear", "identity")
SIMPLE_FIELDS: dict[str, Any] = {"kernel": 1, "expansion": 1.0, "activation": "none"}
ACTIVATIONS = ("relu", "relu6", "hard_swish", "swish")
LINEAR_ACTIVATIONS = ("none", "relu")
GATES = ("hard_sigmoid", "sigmoid")
MOST_EXPANSION = 1_000


def check(arch: Architecture) -> None:
    """Raise a ValueError that names the first field outside what a network can have."""
    _positive("resolution", arch.resolution)
    _positive("in_channels", arch.in_channels)
    _positive("num_classes", arch.num_classes)
    _positive("rounding.width", arch.rounding.width)
    _positive("rounding.resolution", arch.rounding.resolution)
    _positive("stem.width", arch.stem.width)
    _positive("stem.stride", arch.stem.stride)
    _odd("stem.kernel", arch.stem.kernel)
    _choice("stem.activation", arch.stem.activation, ACTIVATIONS)
    _choice("head.activation", arch.head.activation, ACTIVATIONS)
    for name in ("width", "hidden"):
        if getattr(arch.head, name) is not None:
            _positive(f"head.{name}", getattr(arch.head, name))
    width, stride = arch.stem.width, arch.stem.stride * (2 if arch.stem.max_pool else 1)
    for i, stage in enumerate(arch.stages):
        for k, block in enumerate(stage.blocks):
            _check_block(block, width, f"stages[{i}].blocks[{k}]")
            stride, width = stride * block.stride, block.width
    _check_kinds(arch)
    if arch.resolution < stride:
        raise ValueError(
            f"resolution: {arch.resolution} is too small for strides whose product is {stride}"
        )


def _check_kinds(arch: Architecture) -> None:
    kinds = {block.kind for stage in arch.stages for block in stage.blocks}
    residual = sorted(kinds & set(RESIDUAL_KINDS))
    others = sorted(kinds - set(RESIDUAL_KINDS))
    if residual and others:
        raise ValueError(f"stages: {residual[0]} and {others[0]} blocks are in one network")
    if others and (arch.head.width is None or arch.stem.max_pool):
        field = "head.width: null" if arch.head.width is None else "stem.max_pool: true"
        raise ValueError(f"{field} is only possible with {' or '.join(RESIDUAL_KINDS)} blocks")
    if residual and arch.head.hidden is not None:
        raise ValueError(f"head.hidden: {arch.head.hidden} is not possible with {residual[0]}")


def _check_block(block: Block, in_width: int, where: str) -> None:
    _choice(f"{where}.kind", block.kind, KINDS)
    _positive(f"{where}.width", block.width)
    if block.stride not in (1, 2):
        raise ValueError(f"{where}.stride: {block.stride} is neither 1 nor 2")
    if block.kind in SIMPLE_KINDS:
        _check_simple(block, in_width, where)
        return
    _choice(f"{where}.activation", block.activation, ACTIVATIONS)
    _odd(f"{where}.kernel", block.kernel)
    if not 0 < block.expansion <= MOST_EXPANSION:
        raise ValueError(f"{where}.expansion: {block.expansion} is outside (0, {MOST_EXPANSION:,}]")
    if block.hidden(in_width) < 1:
        raise ValueError(
            f"{where}.expansion: {block.expansion:g} of {block.width} channels is none; use "
            f"{1 / block.width:.2g} or more"
        )
    _check_shortcut(block, where)
    if block.group_width is not None:
        _check_groups(block, f"{where}.group_width")
    if block.se is not None:
        _check_se(block.se, f"{where}.se")
        check_squeezed(block, in_width, f"{where}.se")


def check_squeezed(block: Block, in_width: int, where: str) -> None:
    """Raise a ValueError if the squeeze-excitation is left without a channel."""
    se = block.se
    assert se is not None
    if block.se_width(in_width) < 1:
        of = block.hidden(in_width) if se.of == "hidden" else in_width
        raise ValueError(
            f"{where}.ratio: {se.ratio:g} of {of} channels is none; use {1 / of:.2g} or more"
        )


def _check_simple(block: Block, in_width: int, where: str) -> None:
    known = LINEAR_ACTIVATIONS if block.kind == "linear" else ("none",)
    _choice(f"{where}.activation", block.activation, known)
    nothing = {"se": None, "group_width": None, "transition": False, "skip": True}
    for field, value in (SIMPLE_FIELDS | nothing).items():
        found = getattr(block, field)
        if field != "activation" and found != value:
            raise ValueError(f"{where}.{field}: {block.kind} has none; use {json.dumps(value)}")
    if block.kind == "identity" and block.width < in_width:
        raise ValueError(
            f"{where}.width: {block.width} is below the input's {in_width}; an identity drops no "
            "channels"
        )


def _check_shortcut(block: Block, where: str) -> None:
    if block.transition and block.kind in RESIDUAL_KINDS:
        raise ValueError(f"{where}.transition: {block.kind} has none; use false")
    if not block.skip and block.kind in RESIDUAL_KINDS:
        raise ValueError(f"{where}.skip: {block.kind} keeps its shortcut; use true")
    if not block.skip and block.transition:
        raise ValueError(f"{where}.skip: false forbids the shortcut that transition asks for")


def _check_groups(block: Block, where: str) -> None:
    width = block.group_width
    assert width is not None
    if block.kind not in RESIDUAL_KINDS:
        raise ValueError(f"{where}: {block.kind} is depthwise and has none; use null")
    _positive(where, width)
    hidden = block.hidden(0)
    if hidden % width:
        raise ValueError(f"{where}: {width} does not divide the hidden width {hidden}")


def _check_se(se: SqueezeExcite, where: str) -> None:
    _choice(f"{where}.of", se.of, ("input", "hidden"))
    _choice(f"{where}.activation", se.activation, ACTIVATIONS)
    _choice(f"{where}.gate", se.gate, GATES)
    _positive(f"{where}.divisor", se.divisor)
    if not 0 < se.ratio <= 1:
        raise ValueError(f"{where}.ratio: {se.ratio} is outside (0, 1]")


def _odd(where: str, value: int) -> None:
    if value < 1 or value % 2 == 0:
        raise ValueError(f"{where}: {value} is not odd and positive")


def _positive(where: str, value: int) -> None:
    if value < 1:
        raise ValueError(f"{where}: {value} is not positive")


def _choice(where: str, value: str, known: tuple[str, ...]) -> None:
    if value not in known:
        raise ValueError(f"{where}: {value!r} is not known; use one of {', '.join(known)}")
