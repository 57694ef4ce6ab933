"""An architecture is a value: one concrete network, with a canonical key and a JSON round trip."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Self

from escalade.core.network import kinds, legality
from escalade.core.network.block import Conventions, Head, Rounding, Stage, Stem
from escalade.core.values.codec import ABSENT, as_mapping, decode_fields, encode_fields
from escalade.core.values.invalid import Invalid, shown, within

FORMAT = 1
USUAL = Rounding()
TORCHS = Conventions()


@dataclass(frozen=True, slots=True, kw_only=True)
class Architecture:
    """One concrete network.

    `rounding` says in which steps it is scaled; it is no part of the network. `conventions` are
    those of the framework that it was trained in, if not torch's.

    Raises:
        ValueError: if a field is outside what a network can have, naming the field.
    """

    name: str = ""
    resolution: int
    in_channels: int = 3
    num_classes: int = 1000
    stem: Stem
    stages: tuple[Stage, ...]
    head: Head
    rounding: Rounding = field(default=USUAL, metadata=ABSENT)
    conventions: Conventions = field(default=TORCHS, metadata=ABSENT)

    def __post_init__(self) -> None:
        legality.check_positive(self, "resolution", "in_channels", "num_classes")
        legality.check(self.stem, self.stages, self.head, rounding=self.rounding)
        legality.check_conventions(self.conventions, self.stages)
        legality.check_side(self.resolution, self.total_stride)

    @property
    def key(self) -> str:
        """The architecture key: equal for equal stand-alone networks, whatever their name."""
        plain = encode_fields(self) | {"name": ""}
        plain.pop("rounding", None)
        _drop_idle_shortcuts(plain)
        text = json.dumps(plain, sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    @property
    def depths(self) -> tuple[int, ...]:
        return tuple(len(stage.blocks) for stage in self.stages)

    @property
    def widths(self) -> tuple[int, ...]:
        return tuple(stage.blocks[-1].width for stage in self.stages)

    @property
    def total_stride(self) -> int:
        """The product of all strides: the least side that leaves a pixel."""
        blocks = (block.stride for stage in self.stages for block in stage.blocks)
        return self.stem.stride * (2 if self.stem.max_pool else 1) * math.prod(blocks)

    @property
    def features(self) -> int:
        """Width of what the classifier reads."""
        return self.head.hidden or self.head.width or self.widths[-1]

    def renamed(self, name: str) -> Self:
        return replace(self, name=name)

    def to_json(self) -> dict[str, Any]:
        """The architecture file (format 1), fields in their canonical order."""
        return {"format": FORMAT} | encode_fields(self)

    @classmethod
    def from_json(cls, data: Any, *, where: str = "") -> Self:
        """Read an architecture file's content.

        Raises:
            Invalid: at the path inside the file, after `where`.
        """
        with within(*((where,) if where else ())):
            entries = dict(as_mapping(data))
            if (found := entries.pop("format", None)) != FORMAT:
                problem = f"{shown(found)} is not known"
                raise Invalid(problem, path=("format",), remedy=f"use {FORMAT}")
            made: Self = decode_fields(cls, entries | {"stages": _filled(entries.get("stages"))})
            return made


def _filled(stages: Any) -> Any:
    """Stages whose blocks have the fields that say nothing; what is no list of them as it is."""
    if isinstance(stages, list):
        return [_filled(each) for each in stages]
    if not isinstance(stages, Mapping):
        return stages
    if "blocks" in stages:
        return {**stages, "blocks": _filled(stages["blocks"])}
    kind = kinds.KINDS.get(str(stages.get("kind")))
    return stages if kind is None else {**kind.idle, **stages}


def _drop_idle_shortcuts(plain: dict[str, Any]) -> None:
    """Equal networks have equal keys.

    Where the shape stays, a transition says nothing; where it changes, a missing skip does not.
    """
    width = plain["stem"]["width"]
    for block in (block for stage in plain["stages"] for block in stage["blocks"]):
        keeps_shape = block["stride"] == 1 and block["width"] == width
        block.pop("transition" if keeps_shape else "skip", None)
        width = block["width"]
