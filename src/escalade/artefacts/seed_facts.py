"""seed_network/seed.json: the pretrained network that a run started from."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from escalade.core.network.architecture import Architecture
from escalade.core.values.codec import ABSENT
from escalade.core.values.invalid import Invalid
from escalade.core.values.ranges import Count


@dataclass(frozen=True, slots=True, kw_only=True)
class ImagesLearned:
    """How the images that a network learned from were decoded; they are listed beside this file.

    Attributes:
        unknown: why it may have learned from others, too; empty where it has not.
    """

    side: Count
    in_channels: Count
    unknown: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SeedFacts:
    """What is known of a pretrained network; its weights lie beside this file.

    Attributes:
        name: short, such as timm's.
        architecture: at the resolution that it was trained for, with its own classes.
        mean, std: per channel in 0..1 units: how it wants images.
        origin: where its weights are from, in a line.
        licence: as its source states it; None where it states none.
        notes: what was changed when it was read.
        digest: of all of it.
        learned: where it is a member whose run has a list of its images.
    """

    FILE: ClassVar[str] = "seed_network/seed.json"
    STAGE: ClassVar[str] = "run"

    name: str
    architecture: Architecture
    mean: tuple[float, ...]
    std: tuple[float, ...]
    origin: str
    licence: str | None
    notes: tuple[str, ...]
    digest: str
    learned: ImagesLearned | None = field(default=None, metadata=ABSENT)

    def __post_init__(self) -> None:
        for name in ("mean", "std"):
            num, channels = len(getattr(self, name)), self.architecture.in_channels
            if num != channels:
                raise Invalid(f"{num} values for {channels} channels", path=(name,))
        if min(self.std) <= 0:
            raise Invalid(f"{min(self.std):g} is not positive", path=("std",))
