"""What a search space is made of, as data: choices per stage, ratios per scaling stage.

`parse` reads the mapping a user writes in YAML; every error names the path inside the file.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeVar

from escalade.core.network.block import MBCONV, Block, Head, SqueezeExcite, Stem
from escalade.core.network.kinds import KINDS
from escalade.core.network.legality import check_squeezed
from escalade.core.numbers.fields import as_mapping
from escalade.core.space.space_checks import (
    check_head,
    check_known,
    check_odd,
    check_squeeze,
    check_stride,
    check_widths,
)
from escalade.core.space.space_file import as_file, entries_of, read_fields, read_list


@dataclass(frozen=True, slots=True, kw_only=True)
class StemChoices:
    """Choices of the first convolution."""

    widths: tuple[int, ...]
    kernel: int = 3
    stride: int = 2
    activation: str = "hard_swish"

    def of(self, width: int) -> Stem:
        """The stem of that width."""
        return Stem(width=width, kernel=self.kernel, stride=self.stride, activation=self.activation)


@dataclass(frozen=True, slots=True, kw_only=True)
class StageChoices:
    """Choices of one stage: `depth` is (least, most), the rest are lists."""

    kind: str = MBCONV
    depth: tuple[int, int]
    widths: tuple[int, ...]
    expansions: tuple[float, ...]
    kernels: tuple[int, ...] = (3, 5, 7)
    stride: int = 1
    se: SqueezeExcite | None = None
    activation: str = "hard_swish"

    def block(
        self, *, kernel: int, expansion: float, width: int, stride: int, transition: bool = False
    ) -> Block:
        """One of the stage's blocks."""
        return Block(
            kind=self.kind,
            kernel=kernel,
            stride=stride,
            expansion=expansion,
            width=width,
            se=self.se,
            activation=self.activation,
            transition=transition,
        )


Stage = TypeVar("Stage", bound=StageChoices)


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
    entries = entries_of(data, where)
    read = partial(read_stage, StageChoices)
    entries["stages"] = read_list(read, entries.get("stages"), f"{where}.stages")
    entries["stem"] = read_fields(StemChoices, entries.get("stem"), f"{where}.stem")
    entries["head"] = read_fields(Head, entries.get("head"), f"{where}.head")
    if entries.get("scaling"):
        ratios = partial(read_fields, Ratios)
        entries["scaling"] = read_list(ratios, entries["scaling"], f"{where}.scaling")
    else:
        entries.pop("scaling", None)
    if entries.get("grid") is not None:
        entries["grid"] = read_fields(Grid, entries["grid"], f"{where}.grid")
    space: SpaceData = read_fields(SpaceData, entries, where)
    _check(space, where)
    return space


def to_json(space: SpaceData) -> dict[str, Any]:
    """The mapping that `parse` reads."""
    unused = "scaling" if space.grid is not None else "grid"
    return {key: value for key, value in as_file(space).items() if key != unused}


def read_stage(cls: type[Stage], data: Any, where: str) -> Stage:
    """A stage as its file has it; errors as for `parse`."""
    entries = dict(as_mapping(data, where))
    if entries.get("se") is not None:
        entries["se"] = read_fields(SqueezeExcite, entries["se"], f"{where}.se")
    stage: Stage = read_fields(cls, entries, where)
    return stage


def _check(space: SpaceData, where: str) -> None:
    if bool(space.scaling) == (space.grid is not None):
        raise ValueError(f"{where}: give either scaling (a list of stages) or grid")
    base, at = (space.grid, "grid") if space.grid is not None else (space.scaling[0], "scaling[0]")
    if any(1.0 not in getattr(base, d) for d in ("depth", "width", "resolution")):
        raise ValueError(f"{where}.{at}: stage 0 is the base network; its ratios include 1")
    if space.grid is not None and space.grid.slack <= 1:
        raise ValueError(f"{where}.grid.slack: {space.grid.slack:g} is not above 1")
    stem = space.stem
    check_stem(stem, space.width_divisor, f"{where}.stem")
    check_head(space.head, f"{where}.head")
    before = stem.widths
    for i, stage in enumerate(space.stages):
        check_stage(stage, space.width_divisor, f"{where}.stages[{i}]", before=before)
        before = stage.widths
    stride = math.prod((stem.stride, *(stage.stride for stage in space.stages)))
    if min(space.resolutions) < stride:
        raise ValueError(
            f"{where}.resolutions: {min(space.resolutions)} is too small for strides whose "
            f"product is {stride}"
        )


def check_stem(stem: StemChoices, divisor: int, where: str) -> None:
    """Raise a ValueError for a stem that no network can have."""
    check_known("activation", stem.activation, where)
    check_widths(stem.widths, divisor, f"{where}.widths")
    check_odd((stem.kernel,), f"{where}.kernel")


def check_stage(stage: StageChoices, divisor: int, where: str, *, before: Sequence[int]) -> None:
    """Raise a ValueError for a stage that no supernet has layers for; `before` may be its input."""
    for field_name in ("kind", "activation"):
        check_known(field_name, getattr(stage, field_name), where)
    check_stride(stage.stride, f"{where}.stride")
    check_widths(stage.widths, divisor, f"{where}.widths")
    check_odd(stage.kernels, f"{where}.kernels")
    if not KINDS[stage.kind].expands and stage.expansions != (1.0,):
        raise ValueError(f"{where}.expansions: {stage.kind} does not expand; use [1]")
    if stage.se is not None:
        check_squeeze(stage.se, f"{where}.se")
        block = Block(kind=stage.kind, expansion=min(stage.expansions), width=1, se=stage.se)
        check_squeezed(block, min(*before, *stage.widths), f"{where}.se")
