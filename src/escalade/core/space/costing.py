"""What the networks of many paths cost."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from escalade.core.network.cost import COUNTINGS, Counting
from escalade.core.space.layout import Counter, Layout
from escalade.core.space.path import Population, chunks
from escalade.core.space.scaling_stages import Ratios

if TYPE_CHECKING:
    from escalade.core.latency.latency_table import LatencyTable


class Costing:
    """Costs of a space's paths; what counts a kind is made when it is first asked for.

    Args:
        latency: a device's table, for that kind.
    """

    def __init__(self, layout: Layout, *, ratios: Ratios, latency: LatencyTable | None) -> None:
        self._layout, self._ratios, self._latency = layout, ratios, latency
        self._counters: dict[str, Counter] = {}

    def __getstate__(self) -> dict[str, Any]:
        """Without what counts, which is made again where it is needed."""
        return self.__dict__ | {"_counters": {}}

    def __call__(self, population: Population, kind: str = "macs") -> npt.NDArray[Any]:
        """Macs, params, activations or memory of every stand-alone network, as `cost.of`: (n,).

        Of kind latency, predicted seconds, exactly as the table predicts each network.

        Raises:
            ValueError: for latency without a table.
        """
        name = self._layout.name
        if kind == "latency" and self._latency is None:
            raise ValueError(
                f"space {name}: latency is measured, not counted, and there is no table of it"
            )
        costs = np.empty(len(population), dtype=np.int64)
        for rows in chunks(len(population)):
            costs[rows] = self._counter(kind)(population[rows])
        if kind == "latency":
            assert self._latency is not None
            seconds: npt.NDArray[Any] = self._latency.total(costs)
            return seconds
        if (costs < 0).any():
            raise ValueError(f"space {name}: its networks have more {kind} than can be counted")
        return costs

    def _counter(self, kind: str) -> Counter:
        """How parts cost whole numbers."""
        if kind not in self._counters:
            table = self._latency
            counting = Counting(table.price) if kind == "latency" and table else COUNTINGS[kind]
            self._counters[kind] = self._layout.counter(counting, self._ratios)
        return self._counters[kind]
