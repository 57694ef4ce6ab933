"""An architecture is a value: one concrete network, with a canonical key and a JSON round trip."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass, replace
from typing import Any, Self

from escalade.core.network import kinds, legality
from escalade.core.network.block import RARE, Block, Head, Rounding, SqueezeExcite, Stage, Stem
from escalade.core.numbers.fields import as_list, as_mapping, make

FORMAT = 1
USUAL = Rounding()


@dataclass(frozen=True, slots=True, kw_only=True)
class Architecture:
    """One concrete network.

    `rounding` says in which steps it is scaled; it is no part of the network.

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
    rounding: Rounding = USUAL

    def __post_init__(self) -> None:
        for name in ("resolution", "in_channels", "num_classes"):
            legality.check_positive(name, getattr(self, name))
        legality.check(self.stem, self.stages, self.head, rounding=self.rounding)
        legality.check_side(self.resolution, self.stem, self.stages)

    @property
    def key(self) -> str:
        """The architecture key: equal for equal stand-alone networks, whatever their name."""
        plain: dict[str, Any] = _plain(replace(self, name="", rounding=USUAL))
        _drop_idle_shortcuts(plain)
        text = json.dumps(plain, sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    @property
    def depths(self) -> tuple[int, ...]:
        return tuple(len(stage.blocks) for stage in self.stages)

    @property
    def widths(self) -> tuple[int, ...]:
        """Output width of each stage."""
        return tuple(stage.blocks[-1].width for stage in self.stages)

    @property
    def features(self) -> int:
        """Width of what the classifier reads."""
        return self.head.hidden or self.head.width or self.widths[-1]

    def renamed(self, name: str) -> Self:
        return replace(self, name=name)

    def to_json(self) -> dict[str, Any]:
        """The architecture file (format 1), fields in their canonical order."""
        plain: dict[str, Any] = _plain(self)
        return {"format": FORMAT} | plain

    @classmethod
    def from_json(cls, data: Mapping[str, Any], *, where: str = "architecture") -> Self:
        """Read an architecture file's content; errors name the path inside the file."""
        data = as_mapping(data, where)
        if data.get("format") != FORMAT:
            raise ValueError(f"{where}.format: {data.get('format')!r} is not known; use {FORMAT}")
        rest = {key: value for key, value in data.items() if key != "format"}
        stages = []
        for i, stage in enumerate(as_list(rest, "stages", where)):
            at = f"{where}.stages[{i}]"
            blocks = as_list(stage, "blocks", at)
            made_blocks = tuple(_block(b, f"{at}.blocks[{k}]") for k, b in enumerate(blocks))
            stages.append(make(Stage, {**stage, "blocks": made_blocks}, at))
        known = {
            "stem": make(Stem, rest.get("stem"), f"{where}.stem"),
            "head": make(Head, rest.get("head"), f"{where}.head"),
            "stages": tuple(stages),
            "rounding": make(Rounding, rest.get("rounding", {}), f"{where}.rounding"),
        }
        plain = {key: value for key, value in rest.items() if key not in known}
        try:
            made: Self = make(cls, plain | known, where)
        except ValueError as error:
            raise ValueError(
                str(error) if str(error).startswith(where) else f"{where}.{error}"
            ) from None
        return made


def _plain(value: Any) -> Any:
    """JSON values. Fields that few networks have are left out where they say nothing."""
    if is_dataclass(value):
        said = {f.name: getattr(value, f.name) for f in fields(value)}
        absent = {f.name: f.default for f in fields(value) if f.name in RARE}
        return {k: _plain(v) for k, v in said.items() if k not in absent or v != absent[k]}
    return [_plain(each) for each in value] if isinstance(value, tuple) else value


def _drop_idle_shortcuts(plain: dict[str, Any]) -> None:
    """Equal networks have equal keys.

    Where the shape stays, a transition says nothing; where it changes, a missing skip does not.
    """
    width = plain["stem"]["width"]
    for block in (block for stage in plain["stages"] for block in stage["blocks"]):
        keeps_shape = block["stride"] == 1 and block["width"] == width
        block.pop("transition" if keeps_shape else "skip", None)
        width = block["width"]


def _block(data: Any, where: str) -> Block:
    mapping = as_mapping(data, where)
    kind = kinds.KINDS.get(str(mapping.get("kind")))
    idle = {} if kind is None else kind.idle
    if kind is not None and kind.left_out:
        idle["activation"] = "none"
    se = mapping.get("se")
    made = None if se is None else make(SqueezeExcite, se, f"{where}.se")
    block: Block = make(Block, {**idle, **mapping, "se": made}, where)
    return block
