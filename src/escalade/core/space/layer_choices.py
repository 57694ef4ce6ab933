"""What a per-layer space is made of, as data: every layer chooses its own width and kernel.

`parse` reads the mapping a user writes in YAML; every error names the path inside the file.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from escalade.core.space.choices import (
    StageChoices,
    StemChoices,
    check_stage,
    check_stem,
    read_stage,
)
from escalade.core.space.space_checks import check_known, check_odd, check_side
from escalade.core.space.space_file import as_file, entries_of, read_fields, read_list

KIND = "layers"
NESTED = "; a smaller kernel is the centre of the largest, so all are odd, such as [3, 5]"


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerStage(StageChoices):
    """Choices of one stage: `depth` is of the stage, the lists are for each of its layers.

    `transition` gives its blocks a shortcut also where stride or width change the shape (BigNAS,
    section 3.1).
    """

    kernels: tuple[int, ...] = (3, 5)
    transition: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class HeadChoices:
    """Choices of the 1x1 convolution before pooling."""

    widths: tuple[int, ...]
    activation: str = "hard_swish"


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerData:
    """A per-layer space as its file has it; every list of choices rises.

    Attributes:
        name: of the space.
        resolutions: input sides that the supernet trains on.
        selection_step: a selection may also take every side between the smallest and the largest
            of them, in these steps from the smallest; None for none.
        stem, stages, head: what is searched.
        in_channels, num_classes: of the data.
        width_divisor: the stem's and the stages' widths are multiples of it.
        resolution_divisor: scaled resolutions are; the choices need not be.
        description: for people.
    """

    name: str
    resolutions: tuple[int, ...]
    selection_step: int | None = None
    stem: StemChoices
    stages: tuple[LayerStage, ...]
    head: HeadChoices
    in_channels: int = 3
    num_classes: int = 1000
    width_divisor: int = 8
    resolution_divisor: int = 1
    description: str = ""


def is_layers(data: Any) -> bool:
    """Whether a file's content is a per-layer space (`kind: layers`)."""
    return isinstance(data, Mapping) and data.get("kind") == KIND


def parse(data: Any, *, where: str = "space") -> LayerData:
    """Read a per-layer space from a mapping, as YAML or JSON gives it.

    Raises:
        ValueError: naming the path in the file, what is wrong and what would work.
    """
    entries = entries_of(data, where, kind=KIND)
    read = partial(read_stage, LayerStage)
    entries["stages"] = read_list(read, entries.get("stages"), f"{where}.stages")
    entries["stem"] = read_fields(StemChoices, entries.get("stem"), f"{where}.stem")
    entries["head"] = read_fields(HeadChoices, entries.get("head"), f"{where}.head")
    space: LayerData = read_fields(LayerData, entries, where)
    _check(space, where)
    return space


def to_json(space: LayerData) -> dict[str, Any]:
    """The mapping that `parse` reads."""
    return as_file(space, kind=KIND)


def _check(space: LayerData, where: str) -> None:
    check_stem(space.stem, space.width_divisor, f"{where}.stem")
    check_known("activation", space.head.activation, f"{where}.head")
    _rising(space.resolutions, f"{where}.resolutions")
    _rising(space.stem.widths, f"{where}.stem.widths")
    _rising(space.head.widths, f"{where}.head.widths")
    before = space.stem.widths
    for i, stage in enumerate(space.stages):
        at = f"{where}.stages[{i}]"
        check_odd(stage.kernels, f"{at}.kernels", hint=NESTED)
        check_stage(stage, space.width_divisor, at, before=before)
        for name in ("widths", "expansions", "kernels"):
            _rising(getattr(stage, name), f"{at}.{name}")
        before = stage.widths
    strides = (space.stem.stride, *(stage.stride for stage in space.stages))
    check_side(space.resolutions[0], strides, f"{where}.resolutions")


def _rising(choices: Sequence[float], where: str) -> None:
    for before, after in itertools.pairwise(choices):
        if after < before:
            raise ValueError(
                f"{where}: {before:g} stands before {after:g}; list them from smallest to largest"
            )
