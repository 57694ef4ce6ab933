"""What a choice space is made of, as data: every layer is one of the same blocks, or the identity.

`parse` reads the mapping a user writes in YAML; every error names the path inside the file.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from escalade.core.network.block import Block, Head, SqueezeExcite, Stem
from escalade.core.network.legality import check_squeezed
from escalade.core.space.space_checks import (
    check_head,
    check_known,
    check_odd,
    check_side,
    check_squeeze,
    check_stride,
    check_widths,
)
from escalade.core.space.space_file import as_file, entries_of, read_fields, read_list

KIND = "choices"
IDENTITY = "identity"
# How a supernet runs an identity: as a 1x1 convolution, alone (LET) or with ReLU, or as it is.
IDENTITIES = ("let", "let_relu", "plain")
# A quarter of the hidden width, ReLU, hard sigmoid.
QUARTER = SqueezeExcite()
ODD = "; use 3, 5 or 7"


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
            folds into the next convolution (`core.space.choice_network`).
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
    entries = entries_of(data, where, kind=KIND)
    for key, cls in (("stem", Stem), ("first", FirstBlock), ("head", Head), ("se", SqueezeExcite)):
        if key != "se" or key in entries:
            entries[key] = read_fields(cls, entries.get(key), f"{where}.{key}")
    stage = partial(read_fields, ChoiceStage)
    entries["choices"] = read_list(_choice, entries.get("choices"), f"{where}.choices")
    entries["stages"] = read_list(stage, entries.get("stages"), f"{where}.stages")
    space: ChoiceData = read_fields(ChoiceData, entries, where)
    _check(space, where)
    return space


def to_json(space: ChoiceData) -> dict[str, Any]:
    """The mapping that `parse` reads."""
    entries = as_file(space, kind=KIND)
    for part, fixed in (("stem", "max_pool"), ("head", "hidden")):
        del entries[part][fixed]
    return entries


def check_identity(identity: str, where: str) -> None:
    """Raise a ValueError if there is no such way to run an identity."""
    if identity not in IDENTITIES:
        raise ValueError(f"{where}: {identity!r} is not known; use one of {', '.join(IDENTITIES)}")


def check_folds(space: ChoiceData, where: str, remedy: str) -> None:
    """Raise a ValueError if all identities are to fold and run so that none does."""
    if space.folds and space.identity == "let_relu":
        raise ValueError(
            f"{where}: let_relu puts a ReLU where identities are to fold, but in the space "
            f"{space.name} all of them fold (folds: true); {remedy}"
        )


def _choice(data: Any, where: str) -> Choice | str:
    if data == IDENTITY:
        return IDENTITY
    if not isinstance(data, Mapping):
        raise ValueError(
            f"{where}: {data!r} is no choice; write identity, or a block such as "
            "{expansion: 3, kernel: 5, se: true}"
        )
    choice: Choice = read_fields(Choice, data, where)
    check_odd((choice.kernel,), f"{where}.kernel", hint=ODD)
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
    _check_squeeze(space, f"{where}.se")
    check_identity(space.identity, f"{where}.identity")
    check_folds(space, f"{where}.identity", "use let or plain, or folds: false")
    _check_stages(space, where)
    strides = (space.stem.stride, space.first.stride, *(stage.stride for stage in space.stages))
    check_side(space.resolution, strides, f"{where}.resolution")


def _check_squeeze(space: ChoiceData, where: str) -> None:
    check_squeeze(space.se, where)
    stages = space.stages
    inputs = [space.first.width, *(stage.width for stage in stages[:-1])]
    inputs += [stage.width for stage in stages if stage.depth > 1]
    for choice in space.choices:
        if isinstance(choice, Choice) and choice.se:
            block = Block(expansion=choice.expansion, width=1, se=space.se)
            check_squeezed(block, min(inputs), where)


def _check_ends(space: ChoiceData, where: str) -> None:
    """Stem, first block and head."""
    for part, at in ((space.stem, f"{where}.stem"), (space.first, f"{where}.first")):
        check_known("activation", part.activation, at)
        check_widths((part.width,), space.width_divisor, f"{at}.width")
        check_odd((part.kernel,), f"{at}.kernel", hint=ODD)
    if space.stem.max_pool:
        raise ValueError(f"{where}.stem.max_pool: no network of depthwise blocks has it; leave out")
    check_head(space.head, f"{where}.head")
    check_stride(space.first.stride, f"{where}.first.stride")


def _check_stages(space: ChoiceData, where: str) -> None:
    before = space.first.width
    for i, stage in enumerate(space.stages):
        at = f"{where}.stages[{i}]"
        check_stride(stage.stride, f"{at}.stride")
        check_widths((stage.width,), space.width_divisor, f"{at}.width")
        if space.identities and stage.width < before:
            raise ValueError(
                f"{at}.width: {stage.width} is below the width before it, {before}; an identity "
                f"drops no channels, so use {before} or more, or take {IDENTITY} out of choices"
            )
        before = stage.width
