"""An after-analysis as a table: a row a network, a column a way to its weights."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from escalade.report.number import SPACE, amount, count, percent, points

_ARMS = {
    "slice": "slice",
    "together": "slice, trained together",
    "scratch": "from scratch",
    "distil_a": "distilled (A)",
    "distil_b": "distilled (B)",
}
Result = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Column:
    """One way to weights: its arm, the rate of fine-tuning, and how many images it trained on."""

    arm: str
    rate: float | None
    num_images: int

    @property
    def title(self) -> str:
        return (
            _ARMS.get(self.arm, self.arm) if self.rate is None else f"fine-tuned at {self.rate:g}"
        )

    @property
    def images(self) -> str:
        """How many images it trained on, beside what the slice had; empty for the slice."""
        if not self.num_images:
            return ""
        return count(self.num_images) if self.num_images < 1000 else amount(self.num_images)


@dataclass(frozen=True, slots=True)
class Row:
    """A network and its results by column."""

    name: str
    macs: float
    results: Mapping[Column, Result]


def columns(found: Mapping[str, Any]) -> list[Column]:
    """The columns that have results, in the order of the paper's tables."""
    arms = ["slice", "together", "finetune", *_ARMS]
    return sorted(
        {_column(result) for result in found["results"]},
        key=lambda c: (arms.index(c.arm), -(c.rate or 0.0), c.num_images),
    )


def rows(found: Mapping[str, Any]) -> list[Row]:
    """The networks that have results."""
    made = []
    for network in found["networks"]:
        own = {_column(r): r for r in found["results"] if r["member"] == network["name"]}
        if own:
            made.append(Row(str(network["name"]), float(network["macs"]), own))
    return made


def shown(result: Result | None) -> tuple[str, str]:
    """A result's accuracy, and its difference to the slice with the standard error in points."""
    if result is None:
        return "", ""
    gap = result["against_slice"]
    if gap is None:
        return percent(
            result["accuracy"], digits=2
        ), f"±{SPACE}{100 * result['standard_error']:.2f}"
    return percent(result["accuracy"], digits=2), points(gap["difference"], gap["standard_error"])


def _column(result: Result) -> Column:
    return Column(str(result["arm"]), result["rate"], int(result["num_training_images"]))
