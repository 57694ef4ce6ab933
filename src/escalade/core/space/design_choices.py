"""What a design space of RegNets is made of, as data.

`parse` reads the mapping a user writes in YAML; every error names the path inside the file.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from escalade.core.network.regnet import ACTIVATION, BOTTLENECK_RATIO
from escalade.core.space.space_checks import check_stride, check_widths
from escalade.core.space.space_file import as_file, entries_of, read_fields

KIND = "regnet"


@dataclass(frozen=True, slots=True, kw_only=True)
class DesignData:
    """A design space as its file has it: ranges of the numbers that make a RegNet.

    Attributes:
        name: of the space.
        block: x, y or z.
        resolutions: choices of the input side.
        depth: (least, most) blocks.
        w0: (least, most) width of the first block, in steps of `width_divisor`.
        wa: (least, most) slope of the widths.
        wm: (least, most) ratio of consecutive widths.
        group_widths: choices of the group width.
        stages: (least, most) stages; networks with fewer or more are no members.
        stem_width, stem_stride: of the first convolution.
        first_stride: of the first stage; the others have 2.
        head_width: of the last 1x1 convolution; None for none.
        width_divisor, resolution_divisor: steps of widths here, and of scaling.
    """

    name: str
    block: str
    resolutions: tuple[int, ...]
    depth: tuple[int, int]
    w0: tuple[int, int]
    wa: tuple[float, ...]
    wm: tuple[float, ...]
    group_widths: tuple[int, ...]
    stages: tuple[int, int] = (4, 4)
    stem_width: int = 32
    stem_stride: int = 2
    first_stride: int = 2
    head_width: int | None = None
    width_divisor: int = 8
    resolution_divisor: int = 4
    in_channels: int = 3
    num_classes: int = 1000
    description: str = ""

    @property
    def bottleneck_ratio(self) -> float:
        """Hidden width over output width."""
        return BOTTLENECK_RATIO[self.block]

    @property
    def activation(self) -> str:
        return ACTIVATION[self.block]


def is_design(data: Any) -> bool:
    """Whether a file's content is a design space (`kind: regnet`); asked after `is_layers`."""
    return isinstance(data, Mapping) and "kind" in data


def parse(data: Any, *, where: str = "space") -> DesignData:
    """Read a design space from a mapping, as YAML or JSON gives it.

    Raises:
        ValueError: naming the path in the file, what is wrong and what would work.
    """
    entries = entries_of(
        data,
        where,
        kind=KIND,
        hint=", layers or choices, or leave it out of a space with scaling strategies",
    )
    space: DesignData = read_fields(DesignData, entries, where)
    _check(space, where)
    return space


def to_json(space: DesignData) -> dict[str, Any]:
    """The mapping that `parse` reads."""
    return as_file(space, kind=KIND)


def _check(space: DesignData, where: str) -> None:
    if space.block not in ACTIVATION:
        known = ", ".join(ACTIVATION)
        raise ValueError(f"{where}.block: {space.block!r} is not known; use one of {known}")
    for name in ("wa", "wm"):
        bounds = getattr(space, name)
        if len(bounds) != 2 or bounds[0] >= bounds[1]:
            raise ValueError(f"{where}.{name}: expected [least, most] with least < most")
    if space.wm[0] <= 1:
        raise ValueError(f"{where}.wm: {space.wm[0]} is not above 1; widths could not grow")
    check_widths(space.w0, space.width_divisor, f"{where}.w0")
    for name in ("stem_stride", "first_stride"):
        check_stride(getattr(space, name), f"{where}.{name}")
    for name in ("resolutions", "group_widths"):
        if list(getattr(space, name)) != sorted(getattr(space, name)):
            raise ValueError(f"{where}.{name}: list them from small to large")
    stride = total_stride(space, space.stages[0])
    if max(space.resolutions) < stride:
        raise ValueError(
            f"{where}.resolutions: {max(space.resolutions)} is too small for {space.stages[0]} "
            f"stages, whose strides multiply to {stride}"
        )


def total_stride(space: DesignData, num_stages: int) -> int:
    """The product of all strides of a network of so many stages."""
    return int(space.stem_stride * space.first_stride * 2 ** (num_stages - 1))
