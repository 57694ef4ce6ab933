"""What a per-layer space is made of, as data: every layer chooses its own width and kernel.

`parse` reads the mapping a user writes in YAML; every error names the path inside the file.
"""

from __future__ import annotations

import itertools
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from escalade.core.architecture import SqueezeExcite
from escalade.core.choices import (
    FORMAT,
    StageChoices,
    StemChoices,
    as_mapping,
    as_sequence,
    check_known,
    check_stage,
    check_stem,
    read_fields,
)

KIND = "layers"


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
    entries = dict(as_mapping(data, where))
    version, kind = entries.pop("format", None), entries.pop("kind", None)
    if version != FORMAT:
        raise ValueError(f"{where}.format: {version!r} is not known; write format: {FORMAT}")
    if kind != KIND:
        raise ValueError(f"{where}.kind: {kind!r} is not known; write kind: {KIND}")
    stages = as_sequence(entries.get("stages"), f"{where}.stages")
    entries["stem"] = read_fields(StemChoices, entries.get("stem"), f"{where}.stem")
    entries["head"] = read_fields(HeadChoices, entries.get("head"), f"{where}.head")
    entries["stages"] = tuple(_stage(s, f"{where}.stages[{i}]") for i, s in enumerate(stages))
    space: LayerData = read_fields(LayerData, entries, where)
    _check(space, where)
    return space


def to_json(space: LayerData) -> dict[str, Any]:
    """The mapping that `parse` reads."""
    entries: dict[str, Any] = json.loads(json.dumps(asdict(space)))
    return {"format": FORMAT, "kind": KIND} | entries


def _stage(data: Any, where: str) -> LayerStage:
    entries = dict(as_mapping(data, where))
    if entries.get("se") is not None:
        entries["se"] = read_fields(SqueezeExcite, entries["se"], f"{where}.se")
    stage: LayerStage = read_fields(LayerStage, entries, where)
    return stage


def _check(space: LayerData, where: str) -> None:
    check_stem(space.stem, space.width_divisor, f"{where}.stem")
    check_known("activation", space.head.activation, f"{where}.head")
    _rising(space.resolutions, f"{where}.resolutions")
    _rising(space.stem.widths, f"{where}.stem.widths")
    _rising(space.head.widths, f"{where}.head.widths")
    for i, stage in enumerate(space.stages):
        at = f"{where}.stages[{i}]"
        _nested(stage.kernels, f"{at}.kernels")
        check_stage(stage, space.width_divisor, at)
        for name in ("widths", "expansions", "kernels"):
            _rising(getattr(stage, name), f"{at}.{name}")
    stride = math.prod((space.stem.stride, *(stage.stride for stage in space.stages)))
    if space.resolutions[0] < stride:
        raise ValueError(
            f"{where}.resolutions: {space.resolutions[0]} is too small for strides whose product "
            f"is {stride}; use {stride} or more, or fewer strides of 2"
        )


def _nested(kernels: Sequence[int], where: str) -> None:
    for kernel in kernels:
        if kernel % 2 == 0:
            raise ValueError(
                f"{where}: {kernel} is not odd; a smaller kernel is the centre of the largest, so "
                "all are odd, such as [3, 5]"
            )


def _rising(choices: Sequence[float], where: str) -> None:
    for before, after in itertools.pairwise(choices):
        if after < before:
            raise ValueError(
                f"{where}: {before:g} stands before {after:g}; list them from smallest to largest"
            )
