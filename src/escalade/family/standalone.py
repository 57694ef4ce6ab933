"""`model.py` in a member's folder: the network for people who have plain torch and timm."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from escalade.core.architecture import Architecture, Block
from escalade.family.files import write_text
from escalade.family.package import Package

SCRIPT = "model.py"
TEMPLATE = Path(__file__).with_name("script.py")
FIRST, LAST = "# --- this network ---\n", "# --- end ---\n"


def write(folder: Path, *, package: Package) -> Path:
    """Write the stand-alone script beside the weights; returns its path."""
    path = folder / SCRIPT
    write_text(path, script(package))
    return path


def script(package: Package) -> str:
    """The script's text: `script.py` with this network's facts as literals.

    Names are written as literals, so whatever a user called his classes stays data.
    """
    before, rest = TEMPLATE.read_text(encoding="utf-8").split(FIRST)
    return before + FIRST + _facts(package) + LAST + rest.split(LAST)[1]


def _facts(package: Package) -> str:
    arch, steps = package.architecture, package.preprocessing
    stem = {
        "width": arch.stem.width,
        "kernel": arch.stem.kernel,
        "stride": arch.stem.stride,
        "activation": arch.stem.activation,
    }
    head = {"width": arch.head.width, "activation": arch.head.activation}
    lines = [
        f"NAME = {arch.name!r}",
        "CLASSES = (",
        *(f"    {name!r}," for name in package.classes),
        ")",
        f"CHANNELS, SIDE, RESOLUTION = {arch.in_channels}, {steps.side}, {steps.resolution}",
        f"MEAN = {steps.mean!r}",
        f"STD = {steps.std!r}",
        f"STEM = {stem!r}",
        "STAGES = [",
        *_stages(arch),
        "]",
        f"HEAD = {head!r}",
    ]
    return "\n".join(lines) + "\n"


def _stages(arch: Architecture) -> list[str]:
    lines, width = [], arch.stem.width
    for stage in arch.stages:
        lines.append("    [")
        for block in stage.blocks:
            lines += _block(block, width)
            width = block.width
        lines.append("    ],")
    return lines


def _block(block: Block, in_width: int) -> list[str]:
    se: dict[str, Any] | None = None
    if block.se is not None:
        se = {
            "width": block.se_width(in_width),
            "activation": block.se.activation,
            "gate": block.se.gate,
        }
    facts = {
        "kind": block.kind,
        "kernel": block.kernel,
        "stride": block.stride,
        "expansion": block.expansion,
        "width": block.width,
        "activation": block.activation,
    }
    first = ", ".join(f"{name!r}: {value!r}" for name, value in facts.items())
    return ["        {", f"            {first},", f"            'se': {se!r},", "        },"]
