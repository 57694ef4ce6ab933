"""What a search found, as a value with a JSON form (search.json)."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from escalade.core.network.architecture import Architecture
from escalade.core.scaling.ratios import Scaling


@dataclass(frozen=True, slots=True, kw_only=True)
class Tied:
    """A strategy of the same base whose score cannot be told from the chosen one's."""

    scaling: Scaling
    score: float


@dataclass(frozen=True, slots=True, kw_only=True)
class StageResult:
    """The network chosen for one scaling stage.

    `runs` is what the supernet runs, where that is another network than `architecture`.
    """

    stage: int
    budget: float
    genome: tuple[int, ...]
    strategy: tuple[int, int, int]
    scaling: Scaling
    architecture: Architecture
    macs: int
    params: int
    activations: int
    gap: float
    score: float
    standard_error: float
    tied: tuple[Tied, ...]
    runs: Architecture | None = None

    def to_json(self) -> dict[str, Any]:
        plain = {
            name: getattr(self, name)
            for name in ("macs", "params", "activations", "gap", "score", "standard_error")
        }
        return {
            "stage": self.stage,
            "budget": self.budget,
            "scaling": self.scaling.to_json(),
            "strategy": list(self.strategy),
            "genome": list(self.genome),
            "architecture": self.architecture.to_json(),
            **({} if self.runs is None else {"runs": self.runs.to_json()}),
            **plain,
            "tied": [tie.scaling.to_json() | {"score": tie.score} for tie in self.tied],
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class IterationRecord:
    """Scores of the candidates of one generation, for Fig. 6.

    `iteration` is the round t of the Markov chain, 0 for the initial ranking. In the phase "base"
    the stage None is the fitness over stages, a number the accuracy in that stage.
    """

    iteration: int
    phase: str
    stage: int | None
    generation: int
    mean: float
    std: float
    best: float
    num: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchResult:
    """Base, stages and the record of a finished search. The base is stage 0's network.

    `asked` counts every score the search wanted, `distinct` those it had to ask for: the rest
    were repeats, answered from its memo.
    """

    searcher: str
    seed: int
    budget_kind: str
    space: str
    weights: tuple[float, ...]
    stages: tuple[StageResult, ...]
    iterations: tuple[IterationRecord, ...]
    asked: int
    distinct: int

    @property
    def base(self) -> Architecture:
        return self.stages[0].architecture

    @property
    def fitness(self) -> float:
        """The objective of equation (4)."""
        return sum(w * s.score for w, s in zip(self.weights, self.stages, strict=True))

    def to_json(self) -> dict[str, Any]:
        """The content of search.json; it holds no times."""
        return {
            "searcher": self.searcher,
            "seed": self.seed,
            "budget_kind": self.budget_kind,
            "space": self.space,
            "pi": list(self.weights),
            "base": {
                "genome": list(self.stages[0].genome),
                "resolution": self.base.resolution,
                "widths": list(self.base.widths),
                "depths": list(self.base.depths),
            },
            "stages": [stage.to_json() for stage in self.stages],
            "iterations": [asdict(record) for record in self.iterations],
            "evaluations": {"asked": self.asked, "distinct": self.distinct},
        }
