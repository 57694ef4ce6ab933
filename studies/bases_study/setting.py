"""What the study of bases trains: networks by hand, each by the budget of a set of images."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from common.command import flag
from worth_study.setting import Setting as Folders
from worth_study.setting import budgets_of

# What differs from the plain base of the space `small`: kernels of 3, expansions of 4, depths
# 2-2-2, widths 16-24-48 after a stem of 16.
BASES: Mapping[str, Mapping[str, Any]] = {
    "plain": {},
    "plain, kernels of 5": {"kernel": 5},
    "plain, expansions of 3": {"expansion": 3.0},
    "fused": {"kind": "fused_mbconv", "expansion": 2.0},
    "convolutions": {"kind": "conv"},
    "steep convolutions": {
        "kind": "conv", "depths": (1, 2, 2), "widths": (16, 32, 64), "stem": 8,
    },
}  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Setting(Folders):
    """What all trainings have."""

    seconds: float = flag(50.0, "of one core that a training takes, steps alone")
    rule: str = flag("wr", "that brings a base to the budget")


def budget_of(name: str) -> str:
    """The third of a set's ladder."""
    return budgets_of(name).split(",")[2]
