"""audit.json: scored networks trained as members are, beside their scores."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from escalade.core.numbers.agreement import Agreement


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditedNetwork:
    """A network of the sample.

    Attributes:
        score: of the search; `worth` is by the model of all scores, None without one.
        trained: accuracy on the search images when trained as members are.
    """

    name: str
    genome: tuple[int, ...]
    strategy: tuple[int, int, int]
    macs: int
    resolution: int
    score: float
    worth: float | None
    trained: float
    standard_error: float
    chosen: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditedBudget:
    """One budget's sample.

    Attributes:
        num_scored: networks inside it that the search scored.
        num_steps: of each training.
        networks: the sample, best score first.
        by_score: how well scores rank them; `by_worth` by the model of all scores.
    """

    name: str
    budget: float
    num_scored: int
    num_steps: int
    networks: tuple[AuditedNetwork, ...]
    by_score: Agreement
    by_worth: Agreement | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Audited:
    """Whether the scores of a search can be trusted, as far as a sample tells.

    Attributes:
        weights: how the networks were trained: retrained from scratch, or finetuned from slices.
        budgets: those that had enough scored networks.
        left_out: the others, each with the reason.
    """

    FILE: ClassVar[str] = "audit.json"
    STAGE: ClassVar[str] = "audit"

    budget_kind: str
    weights: str
    budgets: tuple[AuditedBudget, ...]
    left_out: tuple[str, ...]
    sentence: str
