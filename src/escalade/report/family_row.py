"""A member of the family as the report shows it: plain values."""

from __future__ import annotations

from dataclasses import dataclass

from escalade.artefacts.latencies import Quartiles
from escalade.artefacts.quantisations import QuantisedMember
from escalade.core.network.architecture import Architecture
from escalade.report import palette


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """An accuracy in 0..1, its standard error and 95 % interval, None for unknown many images."""

    value: float
    standard_error: float | None = None
    interval: tuple[float, float] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rival:
    """What one has without a search at a member's budget, with the device time the member got.

    Attributes:
        base: `plain`, the plain base of the space; or `seed`, the pretrained network.
        rule: what scaled it.
        macs, activations, search, test, architecture: as of members.
        replaced: the test accuracy of what was found, where the rival is the member.
    """

    rule: str
    macs: int
    activations: int
    search: Share | None
    test: Share | None
    architecture: Architecture | None
    base: str = "plain"
    replaced: Share | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FamilyRow:
    """One network of the family; `index` is its place, which decides colour and marker.

    `running` is what the supernet runs for it, where that is not its architecture; `outside` says
    that it misses its budget by more than the tolerance. `balanced` is the mean of the `recalls`, a
    class each, on the test images. The table has a column for rivals where
    there are any.
    """

    index: int
    name: str
    stage: float
    origin: str
    weights: str | None
    budget: float
    gap: float | None
    outside: bool
    macs: int
    params: int
    activations: int
    memory: int | None
    latency: Quartiles | None
    int8: QuantisedMember | None
    search: Share | None
    test: Share | None
    balanced: float | None
    recalls: tuple[float | None, ...]
    resolution: int | None
    architecture: Architecture | None
    running: Architecture | None
    folder: str | None
    rival: Rival | None = None

    @property
    def colour(self) -> str:
        return palette.colour(self.index)

    @property
    def symbol(self) -> str:
        return palette.symbol(self.index)
