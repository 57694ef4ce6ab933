"""analysis.json: slices beside the same networks trained on and alone (BigNAS, section 5)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar

from escalade.core.values.ranges import Count, CountFrom0, FileName, NotNegative, Share, one_of

WAYS = ("slice", "together", "finetune", "scratch", "distil_a", "distil_b")


@dataclass(frozen=True, slots=True, kw_only=True)
class AnalysedNetwork:
    """A searched member, or the network that distillation learns from."""

    name: FileName
    resolution: Count
    macs: Count
    params: Count
    activations: Count


@dataclass(frozen=True, slots=True, kw_only=True)
class Against:
    """A difference, and its standard error as if the two erred independently."""

    difference: float
    standard_error: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ArmResult:
    """What one way to a network's weights reached on the search split.

    Attributes:
        name: of its folder.
        member: whose weights.
        arm: slice, together, finetune, scratch, distil_a or distil_b.
        rate: of fine-tuning, relative to the supernet's peak; else None.
        against_slice: how much better than the member's slice; None for slices themselves and for
            a teacher that is no member.
    """

    name: FileName
    member: str
    arm: Annotated[str, one_of(*WAYS)]
    rate: float | None
    num_steps: CountFrom0
    num_training_images: CountFrom0
    num_correct: NotNegative
    num_images: Count
    accuracy: Share
    standard_error: NotNegative
    against_slice: Against | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOut:
    """An arm that a member does not have."""

    member: str
    arm: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Analysed:
    """What an after-analysis found so far; it depends on neither time nor place."""

    FILE: ClassVar[str] = "analysis.json"
    STAGE: ClassVar[str] = "analyse"

    space: str
    teacher: str
    networks: tuple[AnalysedNetwork, ...]
    results: tuple[ArmResult, ...]
    left_out: tuple[LeftOut, ...]
