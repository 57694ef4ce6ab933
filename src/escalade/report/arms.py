"""An after-analysis as a table: a row a network, a column a way to its weights."""

from __future__ import annotations

from dataclasses import dataclass

from escalade.artefacts.analysed import Analysed, AnalysedNetwork, ArmResult
from escalade.core.numbers.shown import amount, count, interval, percent, points
from escalade.core.numbers.statistics import wilson_interval

# In the order of the paper's tables.
_TITLES = {
    "slice": "slice",
    "together": "slice, trained together",
    "finetune": "fine-tuned",
    "scratch": "from scratch",
    "distil_a": "distilled (A)",
    "distil_b": "distilled (B)",
}


@dataclass(frozen=True, slots=True)
class Arm:
    """One way to weights: its kind, the rate of fine-tuning, and how many images it trained on."""

    kind: str
    rate: float | None
    num_images: int

    @property
    def title(self) -> str:
        return _TITLES[self.kind] + ("" if self.rate is None else f" at {self.rate:g}")

    @property
    def images(self) -> str:
        """How many images it trained on, beside what the slice had; empty for the slice."""
        if not self.num_images:
            return ""
        return count(self.num_images) if self.num_images < 1000 else amount(self.num_images)


def arms(found: Analysed) -> list[Arm]:
    order = list(_TITLES)
    return sorted(
        {_arm(result) for result in found.results},
        key=lambda arm: (order.index(arm.kind), -(arm.rate or 0.0), arm.num_images),
    )


def networks(found: Analysed) -> list[AnalysedNetwork]:
    named = {result.member for result in found.results}
    return [network for network in found.networks if network.name in named]


def cell(found: Analysed, network: str, arm: Arm) -> tuple[str, str]:
    """An accuracy, and its difference to the slice in points, or its interval without one."""
    for result in found.results:
        if result.member == network and _arm(result) == arm:
            against = result.against_slice
            alone = interval(wilson_interval(result.accuracy, num_images=result.num_images))
            beside = points(against.difference, against.standard_error) if against else alone
            return percent(result.accuracy, digits=2), beside
    return "", ""


def _arm(result: ArmResult) -> Arm:
    return Arm(result.arm, result.rate, result.num_training_images)
