"""An architecture is a value: one concrete network, with a canonical key and a JSON round trip."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Any, Self

from escalade.core.rounding import make_divisible

FORMAT = 1
KINDS = ("mbconv", "dsconv")
ACTIVATIONS = ("relu", "relu6", "hard_swish", "swish")
GATES = ("hard_sigmoid", "sigmoid")


@dataclass(frozen=True, slots=True, kw_only=True)
class SqueezeExcite:
    """Squeeze-excitation; its inner width is `ratio` times the block's input or hidden width."""

    ratio: float = 0.25
    of: str = "hidden"
    activation: str = "relu"
    gate: str = "hard_sigmoid"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stem:
    """The first convolution."""

    width: int
    kernel: int = 3
    stride: int = 2
    activation: str = "hard_swish"


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """One layer choice. `width` is the output width, `expansion` multiplies the input width."""

    kind: str = "mbconv"
    kernel: int = 3
    stride: int = 1
    expansion: float = 6.0
    width: int
    se: SqueezeExcite | None = None
    group_width: int | None = None
    activation: str = "hard_swish"

    def hidden(self, in_width: int) -> int:
        """Width of the depthwise convolution, exactly as timm's builder makes it."""
        return in_width if self.kind == "dsconv" else make_divisible(in_width * self.expansion)

    def se_width(self, in_width: int) -> int:
        """Inner width of the squeeze-excitation, 0 without one."""
        if self.se is None:
            return 0
        of = self.hidden(in_width) if self.se.of == "hidden" else in_width
        return round(of * self.se.ratio)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """Consecutive blocks."""

    blocks: tuple[Block, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """The 1x1 convolution before global pooling and the classifier."""

    width: int
    activation: str = "hard_swish"


@dataclass(frozen=True, slots=True, kw_only=True)
class Architecture:
    """One concrete network.

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

    def __post_init__(self) -> None:
        _validate(self)

    @property
    def key(self) -> str:
        """The architecture key: equal for equal stand-alone networks, whatever their name."""
        text = json.dumps(asdict(replace(self, name="")), sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    @property
    def depths(self) -> tuple[int, ...]:
        return tuple(len(stage.blocks) for stage in self.stages)

    @property
    def widths(self) -> tuple[int, ...]:
        """Output width of each stage."""
        return tuple(stage.blocks[-1].width for stage in self.stages)

    def renamed(self, name: str) -> Self:
        return replace(self, name=name)

    def to_json(self) -> dict[str, Any]:
        """The architecture file (format 1), fields in their canonical order."""
        plain: dict[str, Any] = json.loads(json.dumps(asdict(self)))
        return {"format": FORMAT} | plain

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
        }
        plain = {key: value for key, value in rest.items() if key not in known}
        made: Self = _make(cls, plain | known, where)
        return made


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
        )
        if wrong:
            raise ValueError(f"{where}.{key}: expected {types[key]}, got {value!r}")
    try:
        return cls(**data)
    except TypeError as error:
        missing = str(error).split("argument: ")[-1]
        raise ValueError(f"{where}: missing field {missing}") from None


def _validate(arch: Architecture) -> None:
    _positive("resolution", arch.resolution)
    _positive("in_channels", arch.in_channels)
    _positive("num_classes", arch.num_classes)
    _positive("stem.width", arch.stem.width)
    _positive("stem.stride", arch.stem.stride)
    _odd("stem.kernel", arch.stem.kernel)
    _positive("head.width", arch.head.width)
    _choice("stem.activation", arch.stem.activation, ACTIVATIONS)
    _choice("head.activation", arch.head.activation, ACTIVATIONS)
    stride = arch.stem.stride
    for i, stage in enumerate(arch.stages):
        for k, block in enumerate(stage.blocks):
            _validate_block(block, f"stages[{i}].blocks[{k}]")
            stride *= block.stride
    if arch.resolution < stride:
        raise ValueError(
            f"resolution: {arch.resolution} is too small for strides whose product is {stride}"
        )


def _validate_block(block: Block, where: str) -> None:
    _choice(f"{where}.kind", block.kind, KINDS)
    _choice(f"{where}.activation", block.activation, ACTIVATIONS)
    _positive(f"{where}.width", block.width)
    _odd(f"{where}.kernel", block.kernel)
    if block.stride not in (1, 2):
        raise ValueError(f"{where}.stride: {block.stride} is neither 1 nor 2")
    if block.expansion <= 0:
        raise ValueError(f"{where}.expansion: {block.expansion} is not positive")
    if block.group_width is not None:
        raise ValueError(f"{where}.group_width: {block.kind} is depthwise and has none; use null")
    if block.se is not None:
        _choice(f"{where}.se.of", block.se.of, ("input", "hidden"))
        _choice(f"{where}.se.activation", block.se.activation, ACTIVATIONS)
        _choice(f"{where}.se.gate", block.se.gate, GATES)
        if not 0 < block.se.ratio <= 1:
            raise ValueError(f"{where}.se.ratio: {block.se.ratio} is outside (0, 1]")


def _odd(where: str, value: int) -> None:
    if value < 1 or value % 2 == 0:
        raise ValueError(f"{where}: {value} is not odd and positive")


def _positive(where: str, value: int) -> None:
    if value < 1:
        raise ValueError(f"{where}: {value} is not positive")


def _choice(where: str, value: str, known: tuple[str, ...]) -> None:
    if value not in known:
        raise ValueError(f"{where}: {value!r} is not known; use one of {', '.join(known)}")
