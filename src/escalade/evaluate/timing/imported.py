"""Another device's times as a latency table: `parts.json` with the seconds filled in."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from escalade.artefacts.files import read_json
from escalade.core.latency.latency_table import LatencyTable
from escalade.core.values.codec import decode
from escalade.core.values.invalid import Invalid, within
from escalade.evaluate.store_rows import LatencyRow
from escalade.evaluate.timing import table_store

FORMAT = 1
Role = Literal["call", "part", "calibration", "check"]
# A part takes at least this share of its time, whatever a call takes.
LEAST_SHARE = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """One file to time.

    Attributes:
        name, file: of the ONNX file, beside the list.
        role: a part, a network to fit overhead and factor to, or one to check the table with; or
            a call that does nothing, whose time is in that of every part.
        item: the part's work, or the network.
        seconds: of one batch; null before it is timed.
    """

    name: str
    file: str
    input: tuple[int, int, int, int]
    role: Role
    item: Any
    seconds: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Timings:
    """What came back: `parts.json` with seconds, and whose they are."""

    format: int
    device: str | None
    settings: str | None
    batch_size: int
    items: tuple[Timing, ...]


def read_table(path: Path) -> LatencyTable:
    """The latency table of a file of times.

    Raises:
        Invalid: if it is none, or times are missing, or are no times.
    """
    remedy = "`escalade latency --export-parts DIR` writes what is to be timed, and a runner"
    with within(str(path)):
        times = decode(Timings, read_json(path, what="list of times", remedy=remedy))
        _check(times)
    settings = ", ".join(text for text in (times.device, times.settings) if text)
    call = sum(each.seconds or 0.0 for each in times.items if each.role == "call")
    rows = [
        LatencyRow(
            settings=settings or "another device",
            role=each.role,
            item=json.dumps(each.item, sort_keys=True),
            seconds=_seconds(each, call=call),
        )
        for each in times.items
        if each.role != "call"
    ]
    try:
        return table_store.from_rows(rows)
    except (KeyError, TypeError, ValueError) as error:
        problem = f"an item is neither a part nor a network ({error})"
        raise Invalid(problem, path=(str(path), "items"), remedy=remedy) from None


def _seconds(timing: Timing, *, call: float) -> float:
    """Of a network as it was timed, of a part without the call."""
    seconds = float(timing.seconds or 0.0)
    return max(seconds - call, LEAST_SHARE * seconds) if timing.role == "part" else seconds


def _check(times: Timings) -> None:
    if times.format != FORMAT:
        raise Invalid(f"{times.format} is not known", path=("format",), remedy=f"use {FORMAT}")
    for problem, wrong in (
        ("have no time", [each for each in times.items if each.seconds is None]),
        ("have impossible times", [each for each in times.items if not _is_time(each.seconds)]),
    ):
        if wrong:
            shown = f"{wrong[0].name} ({wrong[0].seconds})" if wrong[0].seconds else wrong[0].name
            raise Invalid(
                f"{len(wrong)} of {len(times.items)} {problem}, such as {shown}",
                path=("items",),
                remedy="time all of them",
            )
    for role in ("part", "calibration", "check"):
        if not any(each.role == role for each in times.items):
            raise Invalid(f"there is no {role}", path=("items",), remedy="keep all of parts.json")


def _is_time(seconds: float | None) -> bool:
    return seconds is not None and seconds > 0 and math.isfinite(seconds)
