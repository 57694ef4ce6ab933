"""A device's latency table: measured once, then every network's latency is a sum.

latency = overhead + factor * (the sum over the network's parts), in seconds for one batch. The
parts' times are a model fitted to measured parts (`work_model`); overhead and factor are fitted to
measured networks, because parts timed alone meet warmer or colder caches than in a network. How
far it is right is checked on other networks.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Self
from weakref import WeakKeyDictionary

import numpy as np
from scipy.optimize import nnls

from escalade.core.latency.work import NANO, Work, WorkModel, fit, work_of
from escalade.core.network.architecture import Architecture
from escalade.core.network.parts import Part, parts_of
from escalade.core.numbers.shown import percent
from escalade.core.numbers.statistics import spearman

Timed = tuple[tuple[Architecture, float], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckFacts:
    """Predicted against measured seconds of networks that the table was not fitted to.

    `median` and `worst` are relative errors without their sign, `rank_correlation` is Spearman's,
    None where one side is constant.
    """

    num: int
    median: float
    worst: float
    rank_correlation: float | None
    predicted: tuple[float, ...]
    measured: tuple[float, ...]

    @classmethod
    def of(cls, predicted: Sequence[float], measured: Sequence[float]) -> Self:
        """Of networks in one order."""
        errors = [abs(p / m - 1) for p, m in zip(predicted, measured, strict=True)]
        rank = spearman(predicted, measured)
        return cls(
            num=len(errors),
            median=float(np.median(errors)),
            worst=max(errors),
            rank_correlation=None if math.isnan(rank) else rank,
            predicted=tuple(predicted),
            measured=tuple(measured),
        )

    def __str__(self) -> str:
        rank = self.rank_correlation
        shown = "" if rank is None else f", rank correlation {rank:.3f}"
        return (
            f"predicted against {self.num} networks measured whole: median error "
            f"{percent(self.median)}, worst {percent(self.worst)}{shown}"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class TableFacts:
    """What plan.json tells: a network takes `overhead` and `factor` times the sum of its parts."""

    settings: str
    num_parts: int
    overhead: float
    factor: float
    seconds: float
    check: CheckFacts


@dataclass(frozen=True, kw_only=True, eq=False)
class LatencyTable:
    """Everything measured, and what follows from it; equal measurements predict equally.

    Attributes:
        settings: under what was measured, such as `CPU core, batch 1, 1 thread, fp32`.
        parts: median seconds of measured parts.
        calibration: networks and their seconds, for overhead and factor.
        checked: other networks and their seconds.
        seconds: what measuring took.
    """

    settings: str
    parts: Mapping[Work, float]
    calibration: Timed = ()
    checked: Timed = ()
    seconds: float = 0.0

    def of(self, architecture: Architecture) -> float:
        """Predicted seconds of one batch through a network.

        Raises:
            ValueError: if it has a kind of block that was not measured.
        """
        return float(self.total(self._sum(architecture)))

    def price(self, part: Part) -> Any:
        """Predicted nanoseconds of a part, or of many where its sizes are arrays."""
        if part not in self._known:
            self._known[part] = self.model.nanoseconds(work_of(part))
        return self._known[part]

    def total(self, nanoseconds: Any) -> Any:
        """Seconds of networks by the sums of their parts' nanoseconds."""
        overhead, factor = self.correction
        return overhead + factor * (nanoseconds * NANO)

    @cached_property
    def model(self) -> WorkModel:
        """The parts' times."""
        return fit(self.parts)

    @cached_property
    def correction(self) -> tuple[float, float]:
        """Overhead in seconds and factor; 0 and 1 without networks to fit them to."""
        if not self.calibration:
            return 0.0, 1.0
        ordered = _ordered(self.calibration)
        sums = np.array([self._sum(arch) * NANO for arch, _ in ordered])
        seconds = np.array([measured for _, measured in ordered])
        design = np.stack([np.ones(len(sums)), sums], axis=1) / seconds[:, None]
        overhead, factor = nnls(design, np.ones(len(sums)))[0]
        return float(overhead), float(factor)

    @property
    def check(self) -> CheckFacts:
        """How well the table predicts networks it was not fitted to."""
        networks, measured = zip(*_ordered(self.checked), strict=True)
        return CheckFacts.of([self.of(network) for network in networks], measured)

    @property
    def facts(self) -> TableFacts:
        """Settings, correction, and the check with every network."""
        overhead, factor = self.correction
        return TableFacts(
            settings=self.settings,
            num_parts=len(self.parts),
            overhead=overhead,
            factor=factor,
            seconds=self.seconds,
            check=self.check,
        )

    @cached_property
    def _known(self) -> WeakKeyDictionary[Part, Any]:
        return WeakKeyDictionary()

    def _sum(self, architecture: Architecture) -> int:
        return sum(self.price(part) for _, part in parts_of(architecture))


def _ordered(timed: Timed) -> Timed:
    """In an order that does not depend on how they came: sums of floats do."""
    return tuple(sorted(timed, key=lambda each: each[0].key))
