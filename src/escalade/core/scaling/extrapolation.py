"""Growth: how depth, width and resolution go on beyond the searched stages (ScaleNet, 3.4)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from escalade.core.scaling.curves import FORMS, LOG_RATE, Floats
from escalade.core.scaling.ratios import DIMENSIONS, Scaling

PERCENTILES = (2.5, 97.5)
WIDEST = 10.0  # the end of an interval over its beginning
NUM_REDRAWS = 1000

Parameters = Mapping[str, Mapping[str, float]]
Interval = Mapping[str, tuple[float, float]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Growth:
    """Fitted growth functions of the three ratios.

    `functions[form][dimension]` are the parameters; `form` is the one that predicts unless another
    is asked for. `leave_last_out` is each form's signed error (predicted minus searched) at the
    last stage when fitted without it, None with fewer than three searched stages.
    """

    form: str
    stages: tuple[float, ...]
    scalings: tuple[Scaling, ...]
    functions: Mapping[str, Parameters]
    leave_last_out: Mapping[str, Mapping[str, float]] | None
    notes: tuple[str, ...]

    def predict(self, stage: float, *, form: str | None = None) -> Scaling:
        """The ratios at a real-valued stage j = log2(f / f_0)."""
        name = self._known(form)
        values = []
        for dimension in DIMENSIONS:
            parameters = np.array([list(self.functions[name][dimension].values())])
            values.append(float(FORMS[name].predict(parameters, stage)[0]))
        return Scaling(*values)

    def interval(
        self,
        stage: float,
        *,
        tied: Sequence[Sequence[Scaling]],
        rng: np.random.Generator,
        form: str | None = None,
    ) -> Interval:
        """The 95 % range of predicted ratios when each stage's strategy is redrawn.

        Args:
            stage: where to predict.
            tied: for each searched stage, the strategies whose scores cannot be told apart.
            rng: draws the strategies, uniformly.
            form: the growth function; the growth's own if not given.
        """
        name = self._known(form)
        assert len(tied) == len(self.stages)
        picks = np.stack([rng.integers(0, len(ties), NUM_REDRAWS) for ties in tied], axis=1)
        rows, counts = np.unique(picks, axis=0, return_counts=True)
        bounds = {}
        for dimension in DIMENSIONS:
            values = [np.array([getattr(s, dimension) for s in ties]) for ties in tied]
            ratios = np.stack([v[rows[:, j]] for j, v in enumerate(values)], axis=1)
            fitted = FORMS[name].fit(np.array(self.stages), ratios)
            predicted = np.repeat(FORMS[name].predict(fitted, stage), counts)
            low, high = np.percentile(predicted, PERCENTILES)
            bounds[dimension] = (float(low), float(high))
        return bounds

    def _known(self, form: str | None) -> str:
        name = form or self.form
        if name in self.functions:
            return name
        fitted = ", ".join(self.functions)
        raise ValueError(
            f"growth form: {name!r} is not fitted to {len(self.stages)} searched stage(s); "
            f"use {fitted}"
        )


def is_told(low: float, high: float) -> bool:
    """Whether an interval of predicted ratios tells anything; wider than any network it does not.

    Published families reach from their smallest to their largest network in less than `WIDEST`.
    """
    return 0 < low <= high <= WIDEST * low


def fit(stages: Sequence[float], *, scalings: Sequence[Scaling], form: str | None = None) -> Growth:
    """Fit equation (9) and its rivals to searched strategies, through stage 0 exactly.

    Args:
        stages: j = log2(f_j / f_0) of the searched stages; stage 0 may be among them.
        scalings: their searched ratios, in the same order.
        form: which function predicts; exponential where two or more stages determine it.

    Raises:
        ValueError: without a searched stage beyond 0, or for a form that is not determined.
    """
    points = [(j, s) for j, s in zip(stages, scalings, strict=True) if j != 0]
    if not points:
        raise ValueError("growth: no searched stage beyond the base; give two or more budgets")
    beyond, found = tuple(j for j, _ in points), tuple(s for _, s in points)
    forms = tuple(FORMS) if len(points) > 1 else ("linear", "compound")
    functions = {name: _fit_form(name, beyond, found) for name in forms}
    growth = Growth(
        form=form or forms[0],
        stages=beyond,
        scalings=found,
        functions=functions,
        leave_last_out=_leave_last_out(beyond, found) if len(points) > 2 else None,
        notes=_notes(functions, num_stages=len(points)),
    )
    growth._known(None)
    return growth


def _fit_form(form: str, stages: Sequence[float], scalings: Sequence[Scaling]) -> Parameters:
    fitted = FORMS[form].fit(np.array(stages, dtype=np.float64), _ratios(scalings))
    names = FORMS[form].parameters
    return {
        dimension: {name: float(value) for name, value in zip(names, row, strict=True)}
        for dimension, row in zip(DIMENSIONS, fitted, strict=True)
    }


def _ratios(scalings: Sequence[Scaling]) -> Floats:
    """(3, M): one row per dimension."""
    return np.array([[getattr(s, d) for s in scalings] for d in DIMENSIONS], dtype=np.float64)


def _leave_last_out(
    stages: Sequence[float], scalings: Sequence[Scaling]
) -> dict[str, dict[str, float]]:
    errors = {}
    for name, form in FORMS.items():
        fitted = form.fit(np.array(stages[:-1]), _ratios(scalings[:-1]))
        error = form.predict(fitted, stages[-1]) - _ratios(scalings[-1:])[:, 0]
        errors[name] = {d: float(e) for d, e in zip(DIMENSIONS, error, strict=True)}
    return errors


def _notes(functions: Mapping[str, Parameters], *, num_stages: int) -> tuple[str, ...]:
    notes = []
    if num_stages == 1:
        notes.append("one searched stage determines only the linear and the compound function")
    if num_stages == 2:
        notes.append("two searched stages determine equation (9) exactly: there is no fit error")
    for dimension, parameters in functions.get("exponential", {}).items():
        if abs(np.log(parameters["a1"]) - np.array(LOG_RATE)).min() < 1e-6:
            notes.append(f"{dimension}: equation (9) is at its bound a1 = {parameters['a1']:.4g}")
    return tuple(notes)
