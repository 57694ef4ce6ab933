"""An architecture is a value: one concrete network, with a canonical key and a JSON round trip."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Any, Self

from escalade.core import legality
from escalade.core.rounding import make_divisible

FORMAT = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class SqueezeExcite:
    """Squeeze-excitation; its inner width is `ratio` times the block's input or hidden width.

    With a `divisor` above 1 the inner width is rounded to a multiple of it (MobileNetV3).
    """

    ratio: float = 0.25
    of: str = "hidden"
    activation: str = "relu"
    gate: str = "hard_sigmoid"
    divisor: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Stem:
    """The first convolution, and the 3x3 max pool of stride 2 after it in a ResNet."""

    width: int
    kernel: int = 3
    stride: int = 2
    activation: str = "hard_swish"
    max_pool: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """One layer choice; `width` is the output width.

    - `mbconv`: 1x1, depthwise, SE, 1x1 linear; `expansion` times the input width is hidden.
    - `dsconv`: depthwise, SE, 1x1 linear.
    - `bottleneck` (ResNet, ResNeXt, RegNetX and Y): 1x1, grouped, SE, 1x1, added to a projection
      shortcut where the shape changes, then the activation; `expansion` times the *output* width
      is hidden.
    - `regnet_z`: the same layers with a linear last convolution, and no shortcut where the shape
      changes.

    `group_width` is the width of a group of the middle convolution of the last two kinds; None
    is one group. The depthwise kinds have none.

    `transition` gives a depthwise kind a shortcut also where its shape changes (BigNAS, section
    3.1): 2x2 average pooling where the stride is 2, then a 1x1 convolution with batch norm where
    the width changes. Where the shape stays it says nothing.
    """

    kind: str = "mbconv"
    kernel: int = 3
    stride: int = 1
    expansion: float = 6.0
    width: int
    se: SqueezeExcite | None = None
    group_width: int | None = None
    activation: str = "hard_swish"
    transition: bool = False

    def hidden(self, in_width: int) -> int:
        """Width of the middle convolution, exactly as timm's builders make it."""
        if self.kind == "dsconv":
            return in_width
        if self.kind in legality.RESIDUAL_KINDS:
            return round(self.width * self.expansion)
        return make_divisible(in_width * self.expansion)

    def se_width(self, in_width: int) -> int:
        """Inner width of the squeeze-excitation, 0 without one."""
        if self.se is None:
            return 0
        of = self.hidden(in_width) if self.se.of == "hidden" else in_width
        if self.se.divisor > 1:
            return make_divisible(of * self.se.ratio, self.se.divisor)
        return round(of * self.se.ratio)

    def keeps_shape(self, in_width: int) -> bool:
        """Whether the output has the input's shape, so that a shortcut is the input itself."""
        return self.stride == 1 and self.width == in_width

    def has_shortcut(self, in_width: int) -> bool:
        """Whether the input, or what the shortcut makes of it, is added to the output."""
        return self.kind == "bottleneck" or self.transition or self.keeps_shape(in_width)

    def has_projection(self, in_width: int) -> bool:
        """Whether the shortcut has a 1x1 convolution."""
        if self.transition:
            return self.width != in_width
        return self.kind == "bottleneck" and not self.keeps_shape(in_width)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """Consecutive blocks."""

    blocks: tuple[Block, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """The 1x1 convolution before global pooling, and the classifier.

    Without a `width` there is no such convolution (ResNet, RegNetX and Y). `hidden` is the width
    of a linear layer with activation between pooling and classifier (MobileNetV3).
    """

    width: int | None
    activation: str = "hard_swish"
    hidden: int | None = None


@dataclass(frozen=True, slots=True)
class Rounding:
    """Steps to which scaling rounds widths and resolutions: 8 and 4 at ImageNet's scale."""

    width: int = 8
    resolution: int = 4


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
    rounding: Rounding = Rounding()

    def __post_init__(self) -> None:
        legality.check(self)

    @property
    def key(self) -> str:
        """The architecture key: equal for equal stand-alone networks, whatever their name."""
        plain = _plain(replace(self, name="", rounding=Rounding()))
        _drop_idle_transitions(plain)
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
        return {"format": FORMAT} | _plain(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any], *, where: str = "architecture") -> Self:
        """Read an architecture file's content; errors name the path inside the file."""
        if data.get("format") != FORMAT:
            raise ValueError(f"{where}.format: {data.get('format')!r} is not known; use {FORMAT}")
        rest = {key: value for key, value in data.items() if key != "format"}
        stages = []
        for i, stage in enumerate(_list(rest, "stages", where)):
            at = f"{where}.stages[{i}]"
            blocks = _list(stage, "blocks", at)
            stages.append(
                Stage(blocks=tuple(_block(b, f"{at}.blocks[{k}]") for k, b in enumerate(blocks)))
            )
        known = {
            "stem": _make(Stem, rest.get("stem"), f"{where}.stem"),
            "head": _make(Head, rest.get("head"), f"{where}.head"),
            "stages": tuple(stages),
            "rounding": _make(Rounding, rest.get("rounding", {}), f"{where}.rounding"),
        }
        plain = {key: value for key, value in rest.items() if key not in known}
        try:
            made: Self = _make(cls, plain | known, where)
        except ValueError as error:
            raise ValueError(
                str(error) if str(error).startswith(where) else f"{where}.{error}"
            ) from None
        return made


def _plain(arch: Architecture) -> dict[str, Any]:
    """JSON values. Fields that few networks have are left out where they say nothing."""
    plain: dict[str, Any] = json.loads(json.dumps(asdict(arch)))
    rare = [(plain, "rounding"), (plain["stem"], "max_pool"), (plain["head"], "hidden")]
    for stage in plain["stages"]:
        rare += [(block["se"], "divisor") for block in stage["blocks"] if block["se"]]
        rare += [(block, "transition") for block in stage["blocks"]]
    for mapping, key in rare:
        if mapping[key] == _ABSENT[key]:
            del mapping[key]
    return plain


_ABSENT = {
    "rounding": asdict(Rounding()),
    "max_pool": False,
    "hidden": None,
    "divisor": 1,
    "transition": False,
}


def _drop_idle_transitions(plain: dict[str, Any]) -> None:
    """Equal networks have equal keys: where the shape stays, a transition says nothing."""
    width = plain["stem"]["width"]
    for block in (block for stage in plain["stages"] for block in stage["blocks"]):
        if block["stride"] == 1 and block["width"] == width:
            block.pop("transition", None)
        width = block["width"]


def _block(data: Any, where: str) -> Block:
    if not isinstance(data, Mapping):
        raise ValueError(f"{where}: expected a mapping, got {data!r}")
    se = data.get("se")
    plain = {key: value for key, value in data.items() if key != "se"}
    made = None if se is None else _make(SqueezeExcite, se, f"{where}.se")
    block: Block = _make(Block, plain | {"se": made}, where)
    return block


def _list(data: Any, key: str, where: str) -> list[Any]:
    value = data.get(key) if isinstance(data, Mapping) else None
    if not isinstance(value, list) or not value:
        raise ValueError(f"{where}.{key}: expected a list with at least one entry")
    return value


def _make(cls: Any, data: Any, where: str) -> Any:
    """Build a dataclass from a mapping; every error names the field's path."""
    if not isinstance(data, Mapping):
        raise ValueError(f"{where}: expected a mapping, got {data!r}")
    types = {field.name: str(field.type) for field in fields(cls)}
    unknown = [key for key in data if key not in types]
    if unknown:
        raise ValueError(f"{where}.{unknown[0]}: unknown field; known are {', '.join(types)}")
    for key, value in data.items():
        wrong = (
            (types[key] == "int" and (isinstance(value, bool) or not isinstance(value, int)))
            or (types[key] == "float" and not isinstance(value, int | float))
            or (types[key] == "str" and not isinstance(value, str))
            or (types[key] == "bool" and not isinstance(value, bool))
            or (types[key] == "int | None" and not _is_count(value))
        )
        if wrong:
            raise ValueError(f"{where}.{key}: expected {types[key]}, got {value!r}")
    try:
        return cls(**data)
    except TypeError as error:
        missing = str(error).split("argument: ")[-1]
        raise ValueError(f"{where}: missing field {missing}") from None


def _is_count(value: Any) -> bool:
    return value is None or (isinstance(value, int) and not isinstance(value, bool))
