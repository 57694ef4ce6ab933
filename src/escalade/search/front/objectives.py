"""What a multi-objective search minimises, and where the numbers come from."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from escalade.core.numbers.budget import COUNTED
from escalade.core.space.path import Population
from escalade.core.space.space import Space
from escalade.core.values.invalid import Invalid, within
from escalade.search.front.pareto import Floats

DEFAULT = ("error", "macs", "-params")
DEFAULT_WEIGHTS = (0.4, 0.4, 0.2)
# Both come from the score that a searcher is told; everything else is known before.
SCORED = ("error", "accuracy")
# What settings may name: a latency takes a table, which is measured where it is needed.
MEASURED = (*SCORED, *COUNTED, "latency")


@dataclass(frozen=True, slots=True)
class Objective:
    """A measure to minimise, or with `maximised` to maximise, and its weight in the crowding."""

    measure: str
    weight: float
    maximised: bool = False

    @property
    def name(self) -> str:
        """As users write it: `macs`, `-params`."""
        return f"-{self.measure}" if self.maximised else self.measure

    def signed(self, values: Floats) -> Floats:
        """The values so that less is better."""
        return -values if self.maximised else values


def parse_objectives(
    names: Sequence[str], *, weights: Sequence[float] | None = None
) -> tuple[Objective, ...]:
    """Objectives from names such as `error`, `macs` and `-params`; a minus maximises.

    Args:
        names: two or more, `error` among them.
        weights: one each, non-negative, of sum 1 (SCARLET, equation 2). By default the paper's
            for the paper's objectives, and equal ones for others.

    Raises:
        Invalid: for anything else.
    """
    measures = {name.removeprefix("-") for name in names}
    if "error" not in names or len(names) < 2 or len(measures) < len(names):
        raise Invalid(
            f"{', '.join(names)} must be error and one or more other measures, each once",
            path=("objectives",),
            remedy=f"for example {', '.join(DEFAULT)}",
        )
    if "accuracy" in measures:
        problem = "accuracy is 1 - error, which is already an objective"
        raise Invalid(problem, path=("objectives",), remedy="leave it out")
    if weights is None:
        same = tuple(names) == DEFAULT
        weights = DEFAULT_WEIGHTS if same else [1 / len(names)] * len(names)
    with within("weights"):
        _check_weights(weights, num=len(names))
    return tuple(
        Objective(name.removeprefix("-"), float(weight), name.startswith("-"))
        for name, weight in zip(names, weights, strict=True)
    )


def _check_weights(weights: Sequence[float], *, num: int) -> None:
    shown = ", ".join(f"{weight:g}" for weight in weights)
    if len(weights) != num:
        raise Invalid(f"{shown} are {len(weights)} weights for {num} objectives")
    if not all(0 <= weight <= 1 for weight in weights):
        raise Invalid(f"{shown} are not all between 0 and 1")
    if not math.isclose(sum(weights), 1.0, abs_tol=1e-6):
        problem = f"{shown} sum to {sum(weights):g}"
        raise Invalid(problem, remedy="give shares that sum to 1")


def usual_objectives(kind: str) -> list[str]:
    """What a front is over, if nobody says otherwise: SCARLET's, with what the budgets count."""
    if kind == "params":
        return ["error", "params", "macs"]
    return [name.replace("macs", kind) for name in DEFAULT]


def check_measure(name: str, space: Space | None = None) -> None:
    """Refuse a measure that nothing measures.

    Args:
        name: of the measure.
        space: counts macs, params, activations and memory, and latency if it has a table; before
            there is one, all that settings may name is known.

    Raises:
        Invalid: naming what would work.
    """
    is_timed = space is None or space.latency is not None
    known = MEASURED if is_timed else (*SCORED, *COUNTED)
    if name not in known:
        how = "" if is_timed else ", or give the space a latency table"
        raise Invalid(f"nothing measures {name!r}", remedy=f"use {', '.join(known)}{how}")


def measured(
    name: str, space: Space, population: Population, scores: Floats | None = None
) -> Floats:
    """The measure of every path: (n,). `scores` are the accuracies, where they are known."""
    if name not in SCORED:
        return np.asarray(space.costs(population, name), dtype=np.float64)
    assert scores is not None
    return 1 - scores if name == "error" else scores


@dataclass(frozen=True, slots=True)
class Box:
    """Best and worst of each objective, minimised: what hypervolumes are shares of."""

    best: tuple[float, ...]
    worst: tuple[float, ...]

    def share(self, points: Floats) -> Floats:
        """Points (n, objectives) as shares: 0 is the best, 1 the worst; never below 0."""
        best, worst = np.array(self.best), np.array(self.worst)
        span = np.where(worst > best, worst - best, 1.0)
        shares: Floats = np.maximum((points - best) / span, 0.0)
        return shares


def box_of(space: Space, objectives: Sequence[Objective]) -> Box:
    """Errors from 0 to 1, costs between those of the space's smallest and largest genome.

    It depends on the space only, so hypervolumes of different searches can be compared.
    """
    ends = np.stack([space.smallest, space.largest])
    extremes = Population(ends, np.repeat(space.base_triple[None], 2, axis=0))
    points = np.stack(
        [
            objective.signed(measured(objective.measure, space, extremes, np.array([0.0, 1.0])))
            for objective in objectives
        ],
        axis=1,
    )
    return Box(tuple(points.min(axis=0).tolist()), tuple(points.max(axis=0).tolist()))
