"""What all spaces have in common: a file's choices, for a ladder of budgets."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Generic, Self, TypeVar

import numpy.typing as npt

from escalade.core.network.cost import PRICES, Price
from escalade.core.space.choice_data import ChoiceData
from escalade.core.space.choices import SpaceData
from escalade.core.space.design_choices import DesignData
from escalade.core.space.layer_choices import LayerData
from escalade.core.space.population import IntArray

if TYPE_CHECKING:
    from escalade.core.latency.latency_table import LatencyTable

Data = TypeVar("Data", SpaceData, LayerData, ChoiceData, DesignData)


class Laddered(Generic[Data]):
    """The part of a `Space` that says what it was made from, and makes it for something else.

    Args:
        data: the choices, as a file has them.
        factors: the ladder f_j / f_0.
        kind: what the ladder counts.
        latency: a device's table, for `costs` of that kind (see `with_latency`).
    """

    def __init__(
        self,
        data: Data,
        *,
        factors: Sequence[float] | None = None,
        kind: str = "macs",
        latency: LatencyTable | None = None,
    ) -> None:
        self.data: Data = data
        self.factors = tuple(factors) if factors else None
        self.kind = kind
        self.latency = latency

    @property
    def name(self) -> str:
        return self.data.name

    @property
    def in_channels(self) -> int:
        return self.data.in_channels

    @property
    def num_classes(self) -> int:
        return self.data.num_classes

    def with_data(self, *, in_channels: int, num_classes: int) -> Self:
        """The same space for other images and classes; a latency table does not fit those."""
        data = replace(self.data, in_channels=in_channels, num_classes=num_classes)
        return type(self)(data, factors=self.factors, kind=self.kind)

    def with_latency(self, table: LatencyTable) -> Self:
        """The same space with a device's latency table."""
        return type(self)(self.data, factors=self.factors, kind=self.kind, latency=table)

    def for_ladder(self, factors: Sequence[float] | None, *, kind: str | None = None) -> Self:
        """The same space for another ladder, or one that counts something else."""
        return type(self)(self.data, factors=factors, kind=kind or self.kind, latency=self.latency)

    def _of(self, data: Data) -> Self:
        """The space of other choices, for the same ladder and device."""
        return type(self)(data, factors=self.factors, kind=self.kind, latency=self.latency)

    @property
    def training(self) -> Self:
        """The space whose paths a supernet trains on: all of it."""
        return self

    @property
    def identity(self) -> str | None:
        """How a supernet runs layers left out: there are none."""
        return None

    def with_identity(self, identity: str) -> Self:
        """Refused: the space leaves no layers out."""
        raise ValueError(
            f"supernet.identity: the space {self.name} has no identities; leave it out, or name "
            "a choice space, such as scarlet_small"
        )


def pricing(
    kind: str, table: LatencyTable | None, *, space: str
) -> tuple[Price, Callable[[IntArray], npt.NDArray[Any]]]:
    """What a part costs in whole numbers, and what sums of these mean.

    Args:
        kind: macs, params, activations or latency (in seconds).
        table: a device's, for latency.
        space: its name, for errors.

    Raises:
        ValueError: for latency without a table.
    """
    if kind != "latency":
        return PRICES[kind], lambda sums: sums
    if table is None:
        raise ValueError(
            f"space {space}: latency is measured, not counted, and there is no table of it"
        )
    return table.price, table.total
