"""Latencies of networks that rules scale, from tables that are measured once on this device."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from escalade.artefacts.files import read_value, write_json
from escalade.artefacts.owning import marked_folder
from escalade.core.latency.latency_table import CheckFacts, LatencyTable
from escalade.core.network import cost
from escalade.core.network.architecture import Architecture
from escalade.core.numbers.seeds import generator
from escalade.core.numbers.shown import duration
from escalade.core.scaling.solve_factor import Solved, solve_factor
from escalade.data.cache.cache_room import default_cache
from escalade.evaluate.store_rows import LatencyRow
from escalade.evaluate.timing import table_store as latency_store
from escalade.evaluate.timing.part_times import TurnTimer, measure
from escalade.evaluate.timing.rule_survey import survey_scaled
from escalade.evaluate.timing.space_survey import MACS_POWER
from escalade.train.runtime import Runtime

CHECKED = ("num", "median", "worst", "rank_correlation")  # of a check, for programs
# A table reaches this far beyond the factors it is measured for.
MARGIN = 1.3
# A solution outside of the table is looked for again in a wider one, at most so often.
MOST_SURVEYS = 3
# A base is made smaller by so much at most before the first table tells by how much.
LEAST_FACTOR = 1 / 64
# Slower batches and larger networks are not measured: it would take hours.
MOST_SECONDS, MOST_MACS, MOST_PARAMS = 5.0, 5e10, 3e8


@dataclass(frozen=True, slots=True, kw_only=True)
class Predicted:
    """Predicted latencies in seconds, where they hold, and how far the table was right elsewhere.

    Attributes:
        seconds: of the scaled network.
        base: of the base.
        device: whose latency it is.
        settings: under what.
    """

    seconds: float
    base: float
    device: str
    settings: str
    check: CheckFacts

    def to_json(self) -> dict[str, Any]:
        """The key `latency` of `escalade scale --format json`."""
        return {
            "predicted": self.seconds,
            "predicted_base": self.base,
            "device": self.device,
            "settings": self.settings,
            "check": {key: getattr(self.check, key) for key in CHECKED},
        }

    def __str__(self) -> str:
        return (
            f"latency: predicted, not measured, for {self.device} ({self.settings});\n{self.check}"
        )


class DeviceLatency:
    """What this device takes for networks, predicted from tables in the cache of the user.

    There is one table for each base network and setting; it is measured where there is none, or
    where it does not reach far enough.

    Args:
        device: auto, cpu, cuda or cuda:N.
        threads: CPU threads; None takes torch's choice.
        say: tells what is being measured.

    Raises:
        ValueError: for a device this machine lacks, or an impossible number.
    """

    def __init__(
        self,
        *,
        device: str = "auto",
        batch_size: int = 1,
        threads: int | None = 1,
        say: Callable[[str], None] = lambda text: None,
    ) -> None:
        for name, value in (("batch_size", batch_size), ("threads", threads)):
            if value is not None and value < 1:
                raise ValueError(f"{name}: {value} is not positive")
        self._runtime = Runtime(device=device)
        self._timer = TurnTimer(runtime=self._runtime, batch_size=batch_size, threads=threads)
        self._say = say

    @property
    def device(self) -> str:
        return self._runtime.device_model

    @property
    def settings(self) -> str:
        """Under what is measured, such as `batch 1, 1 thread, fp32`."""
        return self._timer.settings.removeprefix(f"{self._runtime.device_name}, ")

    def solve(self, base: Architecture, *, rule: str, seconds: float) -> Solved:
        """The factor whose network is predicted to be nearest to a latency.

        Raises:
            ValueError: if no factor's network is predicted within 5 %, or the latency is out of
                what is measured.
        """
        if seconds > MOST_SECONDS:
            raise ValueError(
                f"target: {seconds:g} s are too slow to measure networks that take as long; "
                f"at most {MOST_SECONDS:g} s"
            )
        factor = 1.0
        if self._stored(base) is None:
            (now,) = self.measured([base])
            # Overhead does not grow, so macs grow faster than latency.
            guess = max((seconds / now) ** MACS_POWER, LEAST_FACTOR)
            factor = min(guess, MOST_MACS / cost.of(base).macs, MOST_PARAMS / cost.of(base).params)
        for _ in range(MOST_SURVEYS):
            table = self.table(base, rule=rule, factor=factor)
            solved = solve_factor(base, rule, seconds, "latency", cost_of=table.of)
            factor = solved.factor
            if (kept := self._stored(base)) is not None and kept.reaches(factor):
                break
        return solved

    def table(self, base: Architecture, *, rule: str, factor: float) -> LatencyTable:
        """A table for a base and what a rule makes of it up to a factor, or down to it.

        Raises:
            ValueError: if networks of that size are too large to be measured.
        """
        stored = self._stored(base)
        if stored is not None and stored.reaches(factor):
            return stored.table
        _check_size(base, factor)
        low, high = min(1.0, factor) / MARGIN, max(1.0, factor) * MARGIN
        if stored is not None:
            low, high = min(low, stored.low), max(high, stored.high)
        name = base.name or "the network"
        self._say(
            f"latency: measuring {name} and parts of what rules make of it at factors from "
            f"{low:.2g} to {high:.2g}, on {self.device} ({self.settings}); takes a minute or, for "
            "large networks, some"
        )
        with self._runtime.private_randomness():
            found = survey_scaled(
                base, rule=rule, low=low, high=high, timer=self._timer, settings=self.settings
            )
        path = self._path(base)
        rows = tuple(latency_store.to_rows(found))
        marked_folder(path.parent)
        write_json(path, _Kept(low=low, high=high, rows=rows))
        self._say(f"latency: {len(found.parts)} parts in {duration(found.seconds)}, kept in {path}")
        return found

    def measured(self, networks: Sequence[Architecture]) -> list[float]:
        """Median seconds of whole networks, measured now, in turns."""
        with self._runtime.private_randomness():
            _, seconds = measure(
                [],
                num_per_group=0,
                networks=networks,
                timer=self._timer,
                rng=generator(0, "latency"),
            )
        return seconds

    def network(self, base: Architecture, rule: str, seconds: float) -> Architecture:
        """The network of `solve`."""
        return self.solve(base, rule=rule, seconds=seconds).architecture

    def predict(
        self, base: Architecture, network: Architecture, *, rule: str, factor: float
    ) -> Predicted:
        """The latencies of a base and of the network that a rule made of it at a factor."""
        table = self.table(base, rule=rule, factor=factor)
        return Predicted(
            seconds=table.of(network),
            base=table.of(base),
            device=self.device,
            settings=self.settings,
            check=table.check,
        )

    @property
    def conditions(self) -> dict[str, str]:
        """Device and settings."""
        return {"device": self.device, "settings": self.settings}

    def __str__(self) -> str:
        return f"{self.device} ({self.settings})"

    def _path(self, base: Architecture) -> Path:
        text = f"{self.device} {self.settings} {base.key}"
        name = hashlib.sha256(text.encode()).hexdigest()[:16]
        return default_cache() / "latency" / f"{name}.json"

    def _stored(self, base: Architecture) -> _Kept | None:
        path = self._path(base)
        if not path.exists():
            return None
        remedy = "it will be measured again"
        return read_value(_Kept, path, what="latency table", remedy=remedy)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Kept:
    """A table as the cache has it, and the factors that it was measured between."""

    low: float
    high: float
    rows: tuple[LatencyRow, ...]

    @property
    def table(self) -> LatencyTable:
        return latency_store.from_rows(self.rows)

    def reaches(self, factor: float) -> bool:
        return self.low <= factor <= self.high


def _check_size(base: Architecture, factor: float) -> None:
    counts = cost.of(base)
    if factor > 1 and (factor * counts.macs > MOST_MACS or factor * counts.params > MOST_PARAMS):
        raise ValueError(
            f"latency: it takes about {factor:.2g} times the macs of {base.name or 'the network'}, "
            "too many to measure networks as large; name a smaller latency"
        )
