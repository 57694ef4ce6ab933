"""search.json: the networks that a search found, and the record of the search."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, ClassVar, Self

from escalade.artefacts.fronts import Front
from escalade.core.network.architecture import Architecture
from escalade.core.numbers.budget import KINDS
from escalade.core.scaling.ratios import Scaling
from escalade.core.values.codec import ABSENT
from escalade.core.values.invalid import Invalid
from escalade.core.values.ranges import Count, CountFrom0, NotNegative, Positive, Share, one_of

Genome = tuple[CountFrom0, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TiedStrategy:
    """A strategy of the same base whose score cannot be told from the chosen one's.

    `architecture` is what it makes of the base, in spaces with scaling stages.
    """

    depth: float
    width: float
    resolution: float
    score: float
    architecture: Architecture | None = field(default=None, metadata=ABSENT)


@dataclass(frozen=True, slots=True, kw_only=True)
class Worth:
    """What a model of all scores holds a network's accuracy to be, and its standard deviation."""

    mean: float
    sd: float


@dataclass(frozen=True, slots=True, kw_only=True)
class SurrogateFacts:
    """A model of all scores of a search.

    Attributes:
        num_scores: that it was fitted to.
        error: root mean square of leave-one-out errors.
        spread: standard deviation of the scores.
        noise: binomial standard error of one.
        deviation: standard deviation of what networks have beyond their features.
        penalty: of the ridge regression.
        note: why there is no model, where there is none.
    """

    num_scores: int
    error: float = 0.0
    spread: float = 0.0
    noise: float = 0.0
    deviation: float = 0.0
    penalty: float = 0.0
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Confirmed:
    """What a finalist reached on the search images after a training of so many steps in all."""

    num_steps: int
    accuracy: float
    standard_error: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Finalist:
    """A network that a short training confirms, or not.

    Attributes:
        stage: of its budget.
        number: among the finalists of the budget, 0 for the search's own choice; networks of one
            number are one family where members are one base, scaled.
        score: of its slice, or of the network trained alone.
        worth: by the model of all scores.
        confirmed: after each round that it took part in.
    """

    stage: int
    number: int
    genome: tuple[int, ...]
    strategy: tuple[int, int, int]
    resolution: int
    macs: int
    score: float
    worth: Worth
    confirmed: tuple[Confirmed, ...] = ()
    chosen: bool = False

    @property
    def name(self) -> str:
        return f"S{self.stage}-f{self.number}"


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchedStage:
    """The network chosen for one scaling stage.

    Attributes:
        stage: from 0, the base.
        budget: its target; on a front without budgets, the network's own cost.
        scaling: ratios to the base, or in spaces without scaling to the smallest member.
        strategy: places of the ratios of depth, width and resolution.
        runs: what the supernet runs, where that is another network.
        gap: signed relative distance from the budget.
        score: accuracy on the images of the search, in 0..1; None where nothing was scored.
        tied: strategies that cannot be told from the chosen one, itself included.
        worth: by the model of all scores that chose it, where one did.
    """

    stage: CountFrom0
    budget: Positive
    scaling: Scaling
    strategy: tuple[CountFrom0, CountFrom0, CountFrom0]
    genome: Genome
    architecture: Architecture
    runs: Architecture | None = field(default=None, metadata=ABSENT)
    macs: Count
    params: Count
    activations: Count
    gap: float
    score: Share | None
    standard_error: NotNegative | None
    tied: tuple[TiedStrategy, ...]
    worth: Worth | None = field(default=None, metadata=ABSENT)

    @property
    def name(self) -> str:
        """The member's."""
        return f"S{self.stage}"

    @property
    def accuracy(self) -> float:
        """The score, of a search that has scores."""
        assert self.score is not None
        return self.score


@dataclass(frozen=True, slots=True, kw_only=True)
class IterationRecord:
    """Scores of the candidates of one generation (ScaleNet, Fig. 6).

    `iteration` is the round t of the Markov chain, 0 for the initial ranking. In the phase "base"
    the stage None is the fitness over stages, a number the accuracy in that stage.
    """

    iteration: CountFrom0
    phase: str
    stage: CountFrom0 | None
    generation: CountFrom0
    mean: float
    std: float
    best: float
    num: CountFrom0


@dataclass(frozen=True, slots=True, kw_only=True)
class Base:
    """Stage 0's network in short."""

    genome: Genome
    resolution: int
    widths: tuple[int, ...]
    depths: tuple[int, ...]

    @classmethod
    def of(cls, stage: SearchedStage) -> Self:
        network = stage.architecture
        return cls(
            genome=stage.genome,
            resolution=network.resolution,
            widths=network.widths,
            depths=network.depths,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class NumScores:
    """How many scores a search wanted, and how many of them were no repeats."""

    asked: int
    distinct: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Skeleton:
    """A network of the coarse grid; depth and width from least (0) to most (1), and kernels."""

    genome: Genome
    resolution: int
    depth: float
    width: float
    kernels: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class NumSelected:
    """How many networks were scored for one budget: of the grid, and variations of its best."""

    coarse: int
    fine: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """How the network of one budget was found, coarse to fine.

    `coarse_score` is the skeleton's, `fine_score` that of the network chosen in the end.
    """

    skeleton: Skeleton
    coarse_score: float
    fine_score: float
    evaluations: NumSelected


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainedModel:
    """A network that was trained alone, by its genes' values, and its score."""

    parameters: Mapping[str, float]
    genome: Genome
    key: str
    resolution: Count
    macs: Count
    params: Count
    activations: Count
    score: Share


@dataclass(frozen=True, slots=True, kw_only=True)
class Distribution:
    """Errors, rising, and the shares of networks at or below them."""

    errors: tuple[float, ...]
    shares: tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Searched:
    """A finished search; it holds no times.

    Attributes:
        searcher: the method's name.
        pi: weights of the stages' accuracies.
        base: stage 0 in short.
        selections: of coarse to fine: how each budget's network was found.
        front: of a search for a front.
        models: of a design space: every trained network, best first.
        num_tied: how many of them cannot be told from the best one.
        surrogate: the model of all scores, where networks were chosen by it.
        finalists: what short trainings confirmed, by budget and number.
        divisors: what scaling rounds widths and resolutions to.
    """

    FILE: ClassVar[str] = "search.json"
    STAGE: ClassVar[str] = "search"

    searcher: str
    seed: int
    budget_kind: Annotated[str, one_of(*KINDS)]
    space: str
    pi: tuple[float, ...]
    base: Base
    stages: tuple[SearchedStage, ...]
    iterations: tuple[IterationRecord, ...]
    evaluations: NumScores
    selections: tuple[Selection, ...] | None = field(default=None, metadata=ABSENT)
    front: Front | None = field(default=None, metadata=ABSENT)
    models: tuple[TrainedModel, ...] | None = field(default=None, metadata=ABSENT)
    num_tied: int | None = field(default=None, metadata=ABSENT)
    distribution: Distribution | None = field(default=None, metadata=ABSENT)
    surrogate: SurrogateFacts | None = field(default=None, metadata=ABSENT)
    finalists: tuple[Finalist, ...] | None = field(default=None, metadata=ABSENT)
    divisors: tuple[int, int]

    def __post_init__(self) -> None:
        if not self.stages:
            raise Invalid("there is none", path=("stages",))
        if [each.stage for each in self.stages] != list(range(len(self.stages))):
            raise Invalid("they are not numbered from 0", path=("stages",))
        if len(self.pi) != len(self.stages):
            raise Invalid(f"there are {len(self.pi)} for {len(self.stages)} stages", path=("pi",))

    def confirmed(self, stage: int) -> Confirmed | None:
        """What the network of a stage reached in its short training; None without one."""
        found = (
            each for each in self.finalists or () if (each.stage, each.chosen) == (stage, True)
        )
        return next((each.confirmed[-1] for each in found if each.confirmed), None)

    @property
    def largest(self) -> SearchedStage:
        return self.stages[-1]

    @property
    def fitness(self) -> float:
        """The objective of equation (4)."""
        return sum(w * s.accuracy for w, s in zip(self.pi, self.stages, strict=True))
