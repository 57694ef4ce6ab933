"""A timm network's modules by the names that networks built here have."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from torch import nn

from escalade.core.network import fittings, kinds
from escalade.core.network.block import Block, SqueezeExcite
from escalade.core.values.invalid import Invalid
from escalade.nets.reading.timm_blocks import Find
from escalade.nets.reading.timm_names import Naming

STEMS = ("conv_stem", "stem.conv", "stem.conv1.conv")
# EfficientNet's and RegNet's, MobileNetV3's, and others.
USUAL = tuple(
    SqueezeExcite(ratio=ratio, of=of, divisor=divisor)
    for ratio in (0.25, 0.5, 0.0625)
    for of, divisor in (("input", 1), ("hidden", 8), ("hidden", 1), ("input", 8))
)


class TimmModules:
    """A network's modules by our names."""

    def __init__(self, network: nn.Module, naming: Naming) -> None:
        self.stages = naming.stages
        self.named = {naming.rename(n): m for n, m in network.named_modules() if n}

    def find(self, name: str) -> nn.Module | None:
        found = self.named.get(name)
        return None if isinstance(found, nn.Identity) else found

    def inside(self, prefix: str) -> Find:
        """`find` among the modules of a block."""
        return lambda name: self.find(f"{prefix}.{name}")

    def conv(self, *names: str) -> nn.Conv2d:
        """The first convolution of these names."""
        name = next((name for name in names if name in self.named), names[0])
        found = self.named.get(name)
        if not isinstance(found, nn.Conv2d):
            raise Invalid(f"{type(found).__name__} is not a plain convolution", path=(name,))
        return found

    @property
    def classifier(self) -> nn.Linear:
        """The last layer."""
        found = self.named.get("classifier", self.named.get("head.fc"))
        if not isinstance(found, nn.Linear):
            problem = f"{type(found).__name__} is not a linear layer"
            raise Invalid(problem, path=("classifier",), remedy="use a network with a classifier")
        return found

    def blocks(self) -> Iterator[tuple[int, str, nn.Module]]:
        """Stage, name and module of every block, in the order they run."""
        for name, module in self.named.items():
            where, *at = name.split(".")
            if where == self.stages and len(at) == 2 and all(part.isdigit() for part in at):
                yield int(at[0]), name, module


@dataclass(frozen=True, kw_only=True)
class ReadBlock:
    """A block, the width of its input, and the name of its module."""

    block: Block
    in_width: int
    name: str


def with_usual_squeezes(rows: Sequence[Sequence[ReadBlock]]) -> list[list[Block]]:
    """The blocks, their squeeze-excitations of one usual form if that fits all of them."""
    squeezed = [row for stage in rows for row in stage if row.block.se]
    form = next((form for form in USUAL if all(_fits(form, row) for row in squeezed)), None)
    return [[_with(form, row.block) for row in stage] for stage in rows]


def _with(form: SqueezeExcite | None, block: Block) -> Block:
    if form is None or block.se is None:
        return block
    se = replace(form, activation=block.se.activation, gate=block.se.gate)
    return replace(block, se=se)


def _fits(form: SqueezeExcite, row: ReadBlock) -> bool:
    hidden = kinds.hidden(row.block, row.in_width)
    found = kinds.se_width(row.block, row.in_width)
    return bool(fittings.inner_width(form, row.in_width, hidden) == found)
