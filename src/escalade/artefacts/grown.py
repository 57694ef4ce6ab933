"""growth.json: the growth rule with its fit, and members that nobody searched."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Self

from escalade.core.network.architecture import Architecture
from escalade.core.scaling.curves import FORMS
from escalade.core.scaling.ratios import DIMENSIONS, Scaling
from escalade.core.values.codec import ABSENT, as_mapping, decode
from escalade.core.values.invalid import Invalid, check_known, within
from escalade.core.values.ranges import Count, FileName, Positive, Said

# Parameters by form of the growth function, by dimension and by their own name.
Functions = Mapping[str, Mapping[str, Mapping[str, float]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class GrowthPoint:
    """Realised ratios of one searched stage, which the functions are fitted to."""

    stage: float
    depth: float
    width: float
    resolution: float


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaveLastOut:
    """Signed errors at the last searched stage, predicted from the others, by form and dimension.

    In the file the forms stand beside `stage`.
    """

    stage: float
    errors: Mapping[str, Mapping[str, float]]

    def to_json(self) -> dict[str, Any]:
        return {"stage": self.stage} | {form: dict(each) for form, each in self.errors.items()}

    @classmethod
    def from_json(cls, data: Any) -> Self:
        entries = dict(as_mapping(data))
        stage = decode(float, entries.pop("stage", None))
        return cls(stage=stage, errors=decode(dict[str, dict[str, float]], entries))


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparedRule:
    """What a rule makes of the base for a member's budget; without a network, `note` says why."""

    rule: str
    note: str
    scaling: Scaling | None = field(default=None, metadata=ABSENT)
    resolution: Count | None = field(default=None, metadata=ABSENT)
    macs: Count | None = field(default=None, metadata=ABSENT)
    params: Count | None = field(default=None, metadata=ABSENT)
    activations: Count | None = field(default=None, metadata=ABSENT)
    gap: float | None = field(default=None, metadata=ABSENT)
    architecture: Architecture | None = field(default=None, metadata=ABSENT)
    latency: Positive | None = field(default=None, metadata=ABSENT)


@dataclass(frozen=True, slots=True, kw_only=True)
class PredictedAccuracy:
    """What a grown member is to reach on the search images, before it is trained.

    Attributes:
        sd: standard deviation of the true accuracy.
        low, high: the 95 % interval of a measurement.
    """

    mean: float
    sd: float
    low: float
    high: float

    def contains(self, accuracy: float) -> bool:
        """Whether a measured accuracy is in the interval."""
        return self.low <= accuracy <= self.high


@dataclass(frozen=True, slots=True, kw_only=True)
class LawFacts:
    """A law of error, floor + sum of amount (x / centre)^-exponent, or with log(x / centre).

    Attributes:
        form: power or logarithm.
        floor, amounts, exponents, centre: its parameters, by dimension.
        num_scores, num_confirmed: what it was fitted to.
        error: of networks left out, root mean square; `constant` is that of their mean alone.
    """

    form: str
    floor: float
    amounts: Mapping[str, float]
    exponents: Mapping[str, float]
    centre: Mapping[str, float]
    num_scores: int
    num_confirmed: int
    error: float
    constant: float


@dataclass(frozen=True, slots=True, kw_only=True)
class GrownMember:
    """A member that nobody searched.

    Attributes:
        stage: j = log2(f / f_0) of its budget.
        predicted: ratios by the rule, at the stage.
        interval: of them, by dimension; None where nothing was fitted.
        solved: ratios where the curve costs exactly the budget, before rounding.
        architecture: the rounded network.
        gap: signed relative distance from the budget.
        extrapolation: whether it is beyond what was searched.
        latency: predicted seconds, with latency budgets.
        compared: what rules make of the base instead; of fitted growth.
        notes: what a reader should know of it.
        accuracy: predicted by a law of error, where there is one.
    """

    name: FileName
    stage: float
    budget: Positive
    predicted: Scaling
    interval: Mapping[str, tuple[float, float]] | None
    solved: Scaling
    architecture: Architecture
    macs: Count
    params: Count
    activations: Count
    gap: float
    extrapolation: bool
    latency: Positive | None = field(default=None, metadata=ABSENT)
    compared: tuple[ComparedRule, ...] | None = field(default=None, metadata=ABSENT)
    notes: tuple[Said, ...] | None = field(default=None, metadata=ABSENT)
    accuracy: PredictedAccuracy | None = field(default=None, metadata=ABSENT)

    def __post_init__(self) -> None:
        if self.interval is not None:
            with within("interval"):
                _check_keys(self.interval, DIMENSIONS)


@dataclass(frozen=True, slots=True, kw_only=True)
class GrowthFit:
    """The growth rule alone."""

    form: str | None
    functions: Functions
    leave_last_out: LeaveLastOut | None
    notes: tuple[Said, ...]

    def __post_init__(self) -> None:
        _check_functions(self.functions)


@dataclass(frozen=True, slots=True, kw_only=True)
class Grown:
    """The growth rule and the grown members.

    Attributes:
        form: the growth function that predicts; None where there is none.
        rule: the rule that scaled the largest searched member, where nothing was fitted.
        notes: what a reader should know about the fit.
        points: what was fitted.
        functions: the fitted parameters.
        leave_last_out: how well the last searched stage is predicted; None with fewer than three.
        law: of error, where members have the least of it.
    """

    FILE: ClassVar[str] = "growth.json"
    STAGE: ClassVar[str] = "grow"

    form: str | None
    rule: str | None = field(default=None, metadata=ABSENT)
    notes: tuple[Said, ...]
    points: tuple[GrowthPoint, ...]
    functions: Functions
    leave_last_out: LeaveLastOut | None
    members: tuple[GrownMember, ...]
    law: LawFacts | None = field(default=None, metadata=ABSENT)

    def __post_init__(self) -> None:
        if not self.points:
            raise Invalid("there is none", path=("points",))
        _check_functions(self.functions)

    @property
    def fit(self) -> GrowthFit:
        """What family.json says of it."""
        return GrowthFit(
            form=self.form,
            functions=self.functions,
            leave_last_out=self.leave_last_out,
            notes=self.notes,
        )


def _check_functions(functions: Functions) -> None:
    """Whether functions of known forms have their parameters, in every dimension."""
    for form, dimensions in functions.items():
        with within("functions"):
            check_known(form, FORMS)
        with within("functions", form):
            _check_keys(dimensions, DIMENSIONS)
        for dimension, parameters in dimensions.items():
            with within("functions", form, dimension):
                _check_keys(parameters, FORMS[form].parameters)


def _check_keys(found: Mapping[str, object], wanted: Iterable[str]) -> None:
    if found.keys() != set(wanted):
        raise Invalid(f"expected {', '.join(wanted)}")
