"""A timm network's modules by the names that networks built here have."""

from __future__ import annotations

from collections.abc import Iterator

from torch import nn

from escalade.core.values.invalid import Invalid
from escalade.nets.reading.timm_blocks import Find
from escalade.nets.reading.timm_names import Naming

STEMS = ("conv_stem", "stem.conv", "stem.conv1.conv")


class TimmModules:
    """A network's modules by our names."""

    def __init__(self, network: nn.Module, naming: Naming) -> None:
        self.stages = naming.stages
        self.named = {naming.rename(n): m for n, m in network.named_modules() if n}

    def find(self, name: str) -> nn.Module | None:
        """A module that does something."""
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
            raise Invalid(f"{type(found).__name__} is no plain convolution", path=(name,))
        return found

    @property
    def classifier(self) -> nn.Linear:
        """The last layer."""
        found = self.named.get("classifier", self.named.get("head.fc"))
        if not isinstance(found, nn.Linear):
            problem = f"{type(found).__name__} is no linear layer"
            raise Invalid(problem, path=("classifier",), remedy="use a network with a classifier")
        return found

    def blocks(self) -> Iterator[tuple[int, str, nn.Module]]:
        """Stage, name and module of every block, in the order they run."""
        for name, module in self.named.items():
            where, *at = name.split(".")
            if where == self.stages and len(at) == 2 and all(part.isdigit() for part in at):
                yield int(at[0]), name, module
