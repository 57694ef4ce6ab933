"""A pretrained network as a value: what a run starts from."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor, nn

from escalade.core.network.architecture import Architecture
from escalade.nets.build import blank

LOCAL = "local-dir:"  # before a folder of timm's


@dataclass(frozen=True, slots=True, kw_only=True)
class SeedImages:
    """How a pretrained network wants its images.

    Attributes:
        mean, std: per channel, in 0..1 units.
        interpolation: when they are resized: `bilinear`, `bicubic`.
        crop: share of the shorter side that is left when they are evaluated.
    """

    side: int
    mean: tuple[float, ...]
    std: tuple[float, ...]
    interpolation: str
    crop: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Seed:
    """A pretrained network.

    Attributes:
        name: timm's, the member's, or the file's.
        architecture: with the conventions it was trained in; its resolution is that of its images,
            its classes are those that it was trained on.
        tensors: parameters and running statistics by the names of the built network, all of them,
            single precision on the CPU.
        images: how it wants them.
        licence: as its source states it; None where it states none.
        origin: where it is from, for people.
        notes: what was changed on the way, for people.
    """

    name: str
    architecture: Architecture
    tensors: dict[str, Tensor]
    images: SeedImages
    licence: str | None
    origin: str
    notes: tuple[str, ...] = ()

    def network(self) -> nn.Module:
        """The network alone, a plain timm one, in evaluation mode; it holds the seed's tensors."""
        network = blank(self.architecture)
        network.load_state_dict(self.tensors, strict=True, assign=True)
        return network.eval()
