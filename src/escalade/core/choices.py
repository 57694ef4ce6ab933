"""What a search space is made of, as data: choices per stage, ratios per scaling stage.

`parse` reads the mapping a user writes in YAML; every error names the path inside the file.
"""

from __future__ import annotations

import difflib
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import MISSING, asdict, dataclass, field, fields
from fractions import Fraction
from typing import Any

from escalade.core.architecture import Head, SqueezeExcite
from escalade.core.legality import ACTIVATIONS, GATES

FORMAT = 1
# The blocks that the supernet has elastic layers for.
KINDS = ("mbconv", "dsconv")
KNOWN = {"kind": KINDS, "activation": ACTIVATIONS, "gate": GATES, "of": ("input", "hidden")}


@dataclass(frozen=True, slots=True, kw_only=True)
class StemChoices:
    """Choices of the first convolution."""

    widths: tuple[int, ...]
    kernel: int = 3
    stride: int = 2
    activation: str = "hard_swish"


@dataclass(frozen=True, slots=True, kw_only=True)
class StageChoices:
    """Choices of one stage: `depth` is (least, most), the rest are lists."""

    kind: str = "mbconv"
    depth: tuple[int, int]
    widths: tuple[int, ...]
    expansions: tuple[float, ...]
    kernels: tuple[int, ...] = (3, 5, 7)
    stride: int = 1
    se: SqueezeExcite | None = None
    activation: str = "hard_swish"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ratios:
    """Scaling ratios of one scaling stage: every combination is a strategy."""

    depth: tuple[float, ...]
    width: tuple[float, ...]
    resolution: tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    """Ratios from which strategies are generated for any ladder of budgets.

    A combination belongs to stage j if it multiplies the mean macs of the base networks by
    f_j / f_0, up to a factor of `slack` either way.
    """

    depth: tuple[float, ...]
    width: tuple[float, ...]
    resolution: tuple[float, ...]
    slack: float = 1.25


@dataclass(frozen=True, slots=True, kw_only=True)
class SpaceData:
    """A search space as its file has it."""

    name: str
    resolutions: tuple[int, ...]
    stem: StemChoices
    stages: tuple[StageChoices, ...]
    head: Head
    scaling: tuple[Ratios, ...] = ()
    grid: Grid | None = None
    in_channels: int = 3
    num_classes: int = 1000
    width_divisor: int = 8
    resolution_divisor: int = 1
    shared_kernels: bool = field(default=False)
    description: str = ""


def parse(data: Any, *, where: str = "space") -> SpaceData:
    """Read a space from a mapping, as YAML or JSON gives it.

    Raises:
        ValueError: naming the path in the file, what is wrong and what would work.
    """
    entries = dict(as_mapping(data, where))
    version = entries.pop("format", None)
    if version != FORMAT:
        raise ValueError(f"{where}.format: {version!r} is not known; write format: {FORMAT}")
    stages = as_sequence(entries.get("stages"), f"{where}.stages")
    entries["stem"] = read_fields(StemChoices, entries.get("stem"), f"{where}.stem")
    entries["head"] = read_fields(Head, entries.get("head"), f"{where}.head")
    entries["stages"] = tuple(_stage(s, f"{where}.stages[{i}]") for i, s in enumerate(stages))
    if entries.get("scaling"):
        scaling = as_sequence(entries["scaling"], f"{where}.scaling")
        entries["scaling"] = tuple(
            read_fields(Ratios, s, f"{where}.scaling[{i}]") for i, s in enumerate(scaling)
        )
    else:
        entries.pop("scaling", None)
    if entries.get("grid") is not None:
        entries["grid"] = read_fields(Grid, entries["grid"], f"{where}.grid")
    space: SpaceData = read_fields(SpaceData, entries, where)
    _check(space, where)
    return space


def to_json(space: SpaceData) -> dict[str, Any]:
    """The mapping that `parse` reads."""
    entries: dict[str, Any] = json.loads(json.dumps(asdict(space)))
    unused = "scaling" if space.grid is not None else "grid"
    return {"format": FORMAT} | {key: value for key, value in entries.items() if key != unused}


def _stage(data: Any, where: str) -> StageChoices:
    entries = dict(as_mapping(data, where))
    if entries.get("se") is not None:
        entries["se"] = read_fields(SqueezeExcite, entries["se"], f"{where}.se")
    stage: StageChoices = read_fields(StageChoices, entries, where)
    return stage


def read_fields(cls: Any, data: Any, where: str) -> Any:
    """Make a dataclass of plain fields from a mapping as YAML or JSON gives it.

    Raises:
        ValueError: naming the field's path, what is wrong and what would work.
    """
    entries = as_mapping(data, where)
    known = {f.name: f for f in fields(cls)}
    values = {}
    for key, value in entries.items():
        if key not in known:
            close = difflib.get_close_matches(str(key), known, 1)
            hint = f"did you mean {close[0]}?" if close else f"known are {', '.join(known)}"
            raise ValueError(f"{where}.{key}: unknown field; {hint}")
        values[key] = _convert(str(known[key].type), value, f"{where}.{key}")
    for key, f in known.items():
        if key not in values and f.default is MISSING:
            raise ValueError(f"{where}.{key}: missing")
    return cls(**values)


def _convert(kind: str, value: Any, where: str) -> Any:
    if kind == "tuple[int, int]":
        if isinstance(value, int):
            value = [value, value]
        numbers = tuple(_number(v, int, where) for v in as_sequence(value, where))
        if len(numbers) != 2 or not 1 <= numbers[0] <= numbers[1]:
            raise ValueError(f"{where}: expected [least, most] with 1 <= least <= most")
        return numbers
    if kind.startswith(("tuple[int", "tuple[float")):
        cast = int if "int" in kind else float
        values = value if isinstance(value, list | tuple) else [value]
        numbers = tuple(_number(v, cast, where) for v in as_sequence(values, where))
        repeated = [n for i, n in enumerate(numbers) if n in numbers[:i]]
        if repeated:
            raise ValueError(f"{where}: {repeated[0]} stands there twice")
        return numbers
    if kind == "int | None":
        return None if value is None else _number(value, int, where)
    if kind in ("int", "float"):
        return _number(value, int if kind == "int" else float, where)
    if kind in ("str", "bool") and not isinstance(value, str if kind == "str" else bool):
        raise ValueError(f"{where}: expected {kind}, got {value!r}")
    return value


def _number(value: Any, cast: type, where: str) -> Any:
    """A positive number; fractions such as 240/224 are written as text."""
    try:
        if isinstance(value, bool):
            raise ValueError
        exact = Fraction(str(value))
    except (ValueError, ZeroDivisionError):
        raise ValueError(f"{where}: expected a number, got {value!r}") from None
    if exact <= 0 or (cast is int and exact.denominator != 1):
        kind = "a positive whole number" if cast is int else "a positive number"
        raise ValueError(f"{where}: expected {kind}, got {value!r}")
    return cast(exact)


def as_mapping(data: Any, where: str) -> Mapping[str, Any]:
    """A file's value where a mapping is expected; a ValueError otherwise."""
    if not isinstance(data, Mapping):
        raise ValueError(f"{where}: expected a mapping, got {data!r}")
    return data


def as_sequence(data: Any, where: str) -> Sequence[Any]:
    """A file's value where a list with entries is expected; a ValueError otherwise."""
    if not isinstance(data, list | tuple) or not data:
        raise ValueError(f"{where}: expected a list with at least one entry, got {data!r}")
    return data


def _check(space: SpaceData, where: str) -> None:
    if bool(space.scaling) == (space.grid is not None):
        raise ValueError(f"{where}: give either scaling (a list of stages) or grid")
    base, at = (space.grid, "grid") if space.grid is not None else (space.scaling[0], "scaling[0]")
    if any(1.0 not in getattr(base, d) for d in ("depth", "width", "resolution")):
        raise ValueError(f"{where}.{at}: stage 0 is the base network; its ratios include 1")
    stem = space.stem
    check_stem(stem, space.width_divisor, f"{where}.stem")
    check_known("activation", space.head.activation, f"{where}.head")
    if space.head.width is None or space.head.hidden is not None:
        raise ValueError(f"{where}.head: a supernet's head is one convolution; give only width")
    for i, stage in enumerate(space.stages):
        check_stage(stage, space.width_divisor, f"{where}.stages[{i}]")
    stride = math.prod((stem.stride, *(stage.stride for stage in space.stages)))
    if min(space.resolutions) < stride:
        raise ValueError(
            f"{where}.resolutions: {min(space.resolutions)} is too small for strides whose "
            f"product is {stride}"
        )


def check_stem(stem: StemChoices, divisor: int, where: str) -> None:
    """Raise a ValueError for a stem that no network can have."""
    check_known("activation", stem.activation, where)
    _widths(stem.widths, divisor, where)
    _odd("kernel", (stem.kernel,), where)


def check_stage(stage: StageChoices, divisor: int, where: str) -> None:
    """Raise a ValueError for a stage that no supernet has layers for."""
    for field_name in ("kind", "activation"):
        check_known(field_name, getattr(stage, field_name), where)
    if stage.stride not in (1, 2):
        raise ValueError(f"{where}.stride: {stage.stride} is neither 1 nor 2")
    _widths(stage.widths, divisor, where)
    _odd("kernels", stage.kernels, where)
    if stage.kind == "dsconv" and stage.expansions != (1.0,):
        raise ValueError(f"{where}.expansions: dsconv does not expand; use [1]")
    if stage.se is not None:
        for field_name in ("activation", "gate", "of"):
            check_known(field_name, getattr(stage.se, field_name), f"{where}.se")
        if stage.se.ratio > 1:
            raise ValueError(f"{where}.se.ratio: {stage.se.ratio} is outside (0, 1]")


def _widths(widths: tuple[int, ...], divisor: int, where: str) -> None:
    for width in widths:
        if width % divisor:
            raise ValueError(
                f"{where}.widths: {width} is not a multiple of width_divisor {divisor}"
            )


def _odd(name: str, kernels: tuple[int, ...], where: str) -> None:
    for kernel in kernels:
        if kernel % 2 == 0:
            raise ValueError(f"{where}.{name}: {kernel} is not odd")


def check_known(name: str, value: str, where: str) -> None:
    """Raise a ValueError with the nearest choice if a field's value is not known."""
    choices = KNOWN[name]
    if value not in choices:
        close = difflib.get_close_matches(value, choices, 1)
        hint = f"did you mean {close[0]}?" if close else f"use one of {', '.join(choices)}"
        raise ValueError(f"{where}.{name}: {value!r} is not known; {hint}")
