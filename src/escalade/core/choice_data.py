"""What a choice space is made of, as data: every layer is one of the same blocks, or the identity.

`parse` reads the mapping a user writes in YAML; every error names the path inside the file.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from escalade.core.architecture import Block, Head, SqueezeExcite, Stem
from escalade.core.choices import (
    FORMAT,
    as_mapping,
    as_sequence,
    check_known,
    read_fields,
)

KIND = "choices"
IDENTITY = "identity"
# How a supernet runs an identity: as a 1x1 convolution, alone (LET) or with ReLU, or as it is.
IDENTITIES = ("let", "let_relu", "plain")
# A quarter of the hidden width, ReLU, hard sigmoid.
QUARTER = SqueezeExcite()


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """An `mbconv` block that a layer may be (SCARLET, Table 1)."""

    expansion: float
    kernel: int
    se: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class FirstBlock:
    """The `dsconv` block after the stem, which is not searched."""

    width: int
    kernel: int = 3
    stride: int = 1
    activation: str = "relu6"


@dataclass(frozen=True, slots=True, kw_only=True)
class ChoiceStage:
    """Layers of one width; the first has the stride."""

    depth: int
    width: int
    stride: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class ChoiceData:
    """A choice space as its file has it.

    Attributes:
        name: of the space.
        resolution: input side of every network.
        stem, first, head: the same in every network.
        choices: what every layer may be, in the order of the genes; `identity` is one of them.
        stages: the searched layers.
        se: of the choices with squeeze-excitation.
        activation: of the choices.
        identity: how a supernet runs an identity, one of `IDENTITIES`.
        folds: layers directly after an identity have no shortcut, so that every transformation
            folds into the next convolution (`core.choice_network`).
        in_channels, num_classes: of the data.
        width_divisor: all widths but the head's are multiples of it; scaled ones are, too.
        resolution_divisor: scaled resolutions are multiples of it.
        description: for people.
    """

    name: str
    resolution: int
    stem: Stem
    first: FirstBlock
    choices: tuple[Choice | str, ...]
    stages: tuple[ChoiceStage, ...]
    head: Head
    se: SqueezeExcite = QUARTER
    activation: str = "hard_swish"
    identity: str = "let"
    folds: bool = False
    in_channels: int = 3
    num_classes: int = 1000
    width_divisor: int = 8
    resolution_divisor: int = 1
    description: str = ""

    @property
    def num_layers(self) -> int:
        return sum(stage.depth for stage in self.stages)

    @property
    def identities(self) -> frozenset[int]:
        """Which choices are the identity: one, or none."""
        return frozenset(i for i, choice in enumerate(self.choices) if choice == IDENTITY)


def is_choices(data: Any) -> bool:
    """Whether a file's content is a choice space (`kind: choices`)."""
    return isinstance(data, Mapping) and data.get("kind") == KIND


def parse(data: Any, *, where: str = "space") -> ChoiceData:
    """Read a choice space from a mapping, as YAML or JSON gives it.

    Raises:
        ValueError: naming the path in the file, what is wrong and what would work.
    """
    entries = dict(as_mapping(data, where))
    version, kind = entries.pop("format", None), entries.pop("kind", None)
    if version != FORMAT:
        raise ValueError(f"{where}.format: {version!r} is not known; write format: {FORMAT}")
    if kind != KIND:
        raise ValueError(f"{where}.kind: {kind!r} is not known; write kind: {KIND}")
    for key, cls in (("stem", Stem), ("first", FirstBlock), ("head", Head), ("se", SqueezeExcite)):
        if key != "se" or key in entries:
            entries[key] = read_fields(cls, entries.get(key), f"{where}.{key}")
    choices = as_sequence(entries.get("choices"), f"{where}.choices")
    entries["choices"] = tuple(
        _choice(choice, f"{where}.choices[{i}]") for i, choice in enumerate(choices)
    )
    stages = as_sequence(entries.get("stages"), f"{where}.stages")
    entries["stages"] = tuple(
        read_fields(ChoiceStage, stage, f"{where}.stages[{i}]") for i, stage in enumerate(stages)
    )
    space: ChoiceData = read_fields(ChoiceData, entries, where)
    _check(space, where)
    return space


def to_json(space: ChoiceData) -> dict[str, Any]:
    """The mapping that `parse` reads."""
    entries: dict[str, Any] = json.loads(json.dumps(asdict(space)))
    for part, fixed in (("stem", "max_pool"), ("head", "hidden")):
        del entries[part][fixed]
    return {"format": FORMAT, "kind": KIND} | entries


def check_identity(identity: str, where: str) -> None:
    """Raise a ValueError if there is no such way to run an identity."""
    if identity not in IDENTITIES:
        raise ValueError(f"{where}: {identity!r} is not known; use one of {', '.join(IDENTITIES)}")


def _choice(data: Any, where: str) -> Choice | str:
    if data == IDENTITY:
        return IDENTITY
    if not isinstance(data, Mapping):
        raise ValueError(
            f"{where}: {data!r} is no choice; write identity, or a block such as "
            "{expansion: 3, kernel: 5, se: true}"
        )
    choice: Choice = read_fields(Choice, data, where)
    if choice.kernel % 2 == 0:
        raise ValueError(f"{where}.kernel: {choice.kernel} is not odd; use 3, 5 or 7")
    return choice


def _check(space: ChoiceData, where: str) -> None:
    _check_ends(space, where)
    if len(space.choices) < 2:
        raise ValueError(f"{where}.choices: one choice is none; give two or more")
    for i, choice in enumerate(space.choices):
        if choice in space.choices[:i]:
            first = space.choices.index(choice)
            raise ValueError(f"{where}.choices[{i}]: the same as choices[{first}]; leave one out")
    check_known("activation", space.activation, where)
    for name in ("activation", "gate", "of"):
        check_known(name, getattr(space.se, name), f"{where}.se")
    _check_ratio(space, f"{where}.se.ratio")
    check_identity(space.identity, f"{where}.identity")
    _check_stages(space, where)
    strides = (space.stem.stride, space.first.stride, *(stage.stride for stage in space.stages))
    stride = math.prod(strides)
    if space.resolution < stride:
        raise ValueError(
            f"{where}.resolution: {space.resolution} is too small for strides whose product is "
            f"{stride}; use {stride} or more, or fewer strides of 2"
        )


def _check_ratio(space: ChoiceData, where: str) -> None:
    """A squeeze-excitation has at least one channel, at most as many as what it reads."""
    se, stages = space.se, space.stages
    if se.ratio > 1:
        raise ValueError(f"{where}: {se.ratio} is outside (0, 1]")
    inputs = [space.first.width, *(stage.width for stage in stages[:-1])]
    inputs += [stage.width for stage in stages if stage.depth > 1]
    for choice in space.choices:
        if isinstance(choice, Choice) and choice.se:
            block = Block(expansion=choice.expansion, width=1, se=se)
            if block.se_width(min(inputs)) < 1:
                of = block.hidden(min(inputs)) if se.of == "hidden" else min(inputs)
                raise ValueError(
                    f"{where}: {se.ratio:g} of {of} channels is none; use {1 / of:.2g} or more"
                )


def _check_ends(space: ChoiceData, where: str) -> None:
    """Stem, first block and head."""
    for part, at in ((space.stem, f"{where}.stem"), (space.first, f"{where}.first")):
        check_known("activation", part.activation, at)
        _check_width(part.width, space.width_divisor, at)
        if part.kernel % 2 == 0:
            raise ValueError(f"{at}.kernel: {part.kernel} is not odd; use 3, 5 or 7")
    check_known("activation", space.head.activation, f"{where}.head")
    if space.stem.max_pool:
        raise ValueError(f"{where}.stem.max_pool: no network of depthwise blocks has it; leave out")
    if space.head.width is None or space.head.hidden is not None:
        raise ValueError(f"{where}.head: a supernet's head is one convolution; give only width")
    _check_stride(space.first.stride, f"{where}.first")


def _check_stages(space: ChoiceData, where: str) -> None:
    before = space.first.width
    for i, stage in enumerate(space.stages):
        at = f"{where}.stages[{i}]"
        _check_stride(stage.stride, at)
        _check_width(stage.width, space.width_divisor, at)
        if space.identities and stage.width < before:
            raise ValueError(
                f"{at}.width: {stage.width} is below the width before it, {before}; an identity "
                f"drops no channels, so use {before} or more, or take {IDENTITY} out of choices"
            )
        before = stage.width


def _check_width(width: int, divisor: int, where: str) -> None:
    if width % divisor:
        raise ValueError(f"{where}.width: {width} is not a multiple of width_divisor {divisor}")


def _check_stride(stride: int, where: str) -> None:
    if stride not in (1, 2):
        raise ValueError(f"{where}.stride: {stride} is neither 1 nor 2")
