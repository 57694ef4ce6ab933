"""What a search space is made of, as data: choices per stage, ratios per scaling stage.

`parse` reads the mapping a user writes in YAML; every error names the path inside the file.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Mapping, Sequence
from dataclasses import MISSING, asdict, dataclass, field, fields
from fractions import Fraction
from typing import Any

from escalade.core.architecture import Head, SqueezeExcite

FORMAT = 1


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
    entries = dict(_mapping(data, where))
    version = entries.pop("format", None)
    if version != FORMAT:
        raise ValueError(f"{where}.format: {version!r} is not known; write format: {FORMAT}")
    stages = _sequence(entries.get("stages"), f"{where}.stages")
    entries["stem"] = _make(StemChoices, entries.get("stem"), f"{where}.stem")
    entries["head"] = _make(Head, entries.get("head"), f"{where}.head")
    entries["stages"] = tuple(_stage(s, f"{where}.stages[{i}]") for i, s in enumerate(stages))
    scaling = entries.get("scaling") or []
    entries["scaling"] = tuple(
        _make(Ratios, s, f"{where}.scaling[{i}]") for i, s in enumerate(scaling)
    )
    if entries.get("grid") is not None:
        entries["grid"] = _make(Grid, entries["grid"], f"{where}.grid")
    space: SpaceData = _make(SpaceData, entries, where)
    _check(space, where)
    return space


def to_json(space: SpaceData) -> dict[str, Any]:
    """The mapping that `parse` reads."""
    entries: dict[str, Any] = json.loads(json.dumps(asdict(space)))
    unused = "scaling" if space.grid is not None else "grid"
    return {"format": FORMAT} | {key: value for key, value in entries.items() if key != unused}


def _stage(data: Any, where: str) -> StageChoices:
    entries = dict(_mapping(data, where))
    if entries.get("se") is not None:
        entries["se"] = _make(SqueezeExcite, entries["se"], f"{where}.se")
    stage: StageChoices = _make(StageChoices, entries, where)
    return stage


def _make(cls: Any, data: Any, where: str) -> Any:
    entries = _mapping(data, where)
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
        numbers = tuple(_number(v, int, where) for v in _sequence(value, where))
        if len(numbers) != 2 or not 1 <= numbers[0] <= numbers[1]:
            raise ValueError(f"{where}: expected [least, most] with 1 <= least <= most")
        return numbers
    if kind.startswith(("tuple[int", "tuple[float")):
        cast = int if "int" in kind else float
        values = value if isinstance(value, list | tuple) else [value]
        return tuple(_number(v, cast, where) for v in _sequence(values, where))
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


def _mapping(data: Any, where: str) -> Mapping[str, Any]:
    if not isinstance(data, Mapping):
        raise ValueError(f"{where}: expected a mapping, got {data!r}")
    return data


def _sequence(data: Any, where: str) -> Sequence[Any]:
    if not isinstance(data, list | tuple) or not data:
        raise ValueError(f"{where}: expected a list with at least one entry, got {data!r}")
    return data


def _check(space: SpaceData, where: str) -> None:
    if bool(space.scaling) == (space.grid is not None):
        raise ValueError(f"{where}: give either scaling (a list of stages) or grid")
    base = space.scaling[0] if space.scaling else None
    if base and any(1.0 not in getattr(base, d) for d in ("depth", "width", "resolution")):
        raise ValueError(f"{where}.scaling[0]: stage 0 is the base network; its ratios include 1")
    for i, stage in enumerate(space.stages):
        at = f"{where}.stages[{i}]"
        if stage.stride not in (1, 2):
            raise ValueError(f"{at}.stride: {stage.stride} is neither 1 nor 2")
        if any(k % 2 == 0 for k in stage.kernels):
            raise ValueError(f"{at}.kernels: {stage.kernels} are not all odd")
        for width in stage.widths:
            if width % space.width_divisor:
                raise ValueError(
                    f"{at}.widths: {width} is not a multiple of width_divisor {space.width_divisor}"
                )
