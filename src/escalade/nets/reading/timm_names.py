"""timm's networks by the names that networks built here have."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from torch import nn

from escalade.core.values.invalid import Invalid

Renaming = tuple[tuple[str, str | Callable[[re.Match[str]], str]], ...]
"""Patterns and what takes their place, one after the other."""
_KERNELS = {"1": "1x1", "2": "kxk", "3": "1x1"}


def _stage(found: re.Match[str]) -> str:
    """timm counts stages of these from 1."""
    return f"stages.{int(found[1]) - 1}"


def _block(found: re.Match[str]) -> str:
    """A RegNet's blocks, too."""
    return f"{found[1]}.{int(found[2]) - 1}"


def _inner(found: re.Match[str]) -> str:
    """A block's layer: ResNet has convolution, norm and activation beside each other."""
    return f"{found[1]}.conv{found[3]}_{_KERNELS[found[3]]}.{found[2]}"


_REGNET: Renaming = (
    (r"^s(\d+)\b", _stage),
    (r"^(stages\.\d+)\.b(\d+)", _block),
    (r"\.conv1\b", ".conv1_1x1"),
    (r"\.conv2\b", ".conv2_kxk"),
    (r"\.conv3\b", ".conv3_1x1"),
    (r"\.se\b", ".attn"),
    (r"\.downsample\b", ".shortcut"),
    (r"\.act3\b", ".act"),
)
_RESNET: Renaming = (
    (r"^layer(\d+)\b", _stage),
    (r"^conv1\b", "stem.conv1.conv"),
    (r"^bn1\b", "stem.conv1.bn"),
    (r"^act1\b", "stem.conv1.act"),
    (r"^maxpool\b", "stem.pool"),
    (r"^fc\b", "head.fc"),
    (r"^global_pool\b", "head.global_pool"),
    (r"^(stages\..*)\.act3\b", r"\1.act"),
    (r"^(stages\..*)\.(conv|bn|act)([123])\b", _inner),
    (r"\.downsample\.0\b", ".shortcut.conv"),
    (r"\.downsample\.1\b", ".shortcut.bn"),
)


@dataclass(frozen=True)
class Naming:
    """How one of timm's classes names its modules.

    Attributes:
        stages: what stands before the blocks of a stage.
        rename: one of its names, or a prefix, as ours.
    """

    stages: str
    rename: Callable[[str], str]


def naming_of(network: nn.Module) -> Naming:
    """The names of a network.

    Raises:
        Invalid: for a class of networks that is not built here.
    """
    found = _NAMINGS.get(type(network).__name__)
    if found is None:
        problem = f"timm builds it as {type(network).__name__}, whose blocks cannot be read"
        raise Invalid(problem, remedy=f"use a network of {', '.join(_NAMINGS)}")
    return found


def _same(name: str) -> str:
    return name


def _renamed(name: str, *, renaming: Renaming) -> str:
    for pattern, ours in renaming:
        name = re.sub(pattern, ours, name)
    return name


_NAMINGS = {
    "EfficientNet": Naming("blocks", _same),
    "MobileNetV3": Naming("blocks", _same),
    "ByobNet": Naming("stages", _same),
    "RegNet": Naming("stages", partial(_renamed, renaming=_REGNET)),
    "ResNet": Naming("stages", partial(_renamed, renaming=_RESNET)),
}
