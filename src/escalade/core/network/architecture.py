"""An architecture is a value: one concrete network, with a canonical key and a JSON round trip."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, Self

from escalade.core.network import legality
from escalade.core.numbers.fields import as_list, as_mapping, make
from escalade.core.numbers.rounding import make_divisible

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
    the width changes. Where the shape stays it says nothing. `skip` False takes a depthwise kind
    its shortcut also where the shape stays.

    Two kinds stand for a layer left out (SCARLET, Figure 2), begin with 2x2 max pooling where the
    stride is 2, and never have a shortcut:

    - `linear`: 1x1 without bias and batch norm, then the activation, `none` or `relu`.
    - `identity`: the input itself; zero channels are appended where it is wider.

    Their other fields say nothing and have the values of `Block.linear` and `Block.identity`.
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
    skip: bool = True

    @classmethod
    def linear(cls, width: int, *, stride: int = 1, activation: str = "none") -> Self:
        """A 1x1 convolution alone: SCARLET's linearly equivalent transformation."""
        fields = legality.SIMPLE_FIELDS | {"activation": activation}
        return cls(kind="linear", width=width, stride=stride, **fields)

    @classmethod
    def identity(cls, width: int, *, stride: int = 1) -> Self:
        """Nothing, or max pooling where the stride is 2."""
        return cls(kind="identity", width=width, stride=stride, **legality.SIMPLE_FIELDS)

    def hidden(self, in_width: int) -> int:
        """Width of the middle convolution, exactly as timm's builders make it; 0 without one."""
        if self.kind in legality.SIMPLE_KINDS:
            return 0
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
        if self.kind in legality.SIMPLE_KINDS or not self.skip:
            return False
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
        return {"format": FORMAT} | _plain(self)

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


def _plain(arch: Architecture) -> dict[str, Any]:
    """JSON values. Fields that few networks have are left out where they say nothing."""
    plain: dict[str, Any] = json.loads(json.dumps(asdict(arch)))
    rare = [(plain, "rounding"), (plain["stem"], "max_pool"), (plain["head"], "hidden")]
    for stage in plain["stages"]:
        rare += [(block["se"], "divisor") for block in stage["blocks"] if block["se"]]
        rare += [(block, key) for block in stage["blocks"] for key in ("transition", "skip")]
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
    "skip": True,
}


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
    simple = mapping.get("kind") in legality.SIMPLE_KINDS
    canonical = legality.SIMPLE_FIELDS if simple else {}
    se = mapping.get("se")
    made = None if se is None else make(SqueezeExcite, se, f"{where}.se")
    block: Block = make(Block, {**canonical, **mapping, "se": made}, where)
    return block
