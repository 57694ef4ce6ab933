"""Growth functions of one ratio over the scaling stage, fitted through stage 0 exactly.

All functions are fitted to many draws of ratios at once: `ratios` is (n, M) at the M searched
`stages`, parameters are (n, number of parameters).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

# Bounds on ln(a1): a ratio at most quadruples its growth per stage (the costs themselves double),
# and may level off as fast as 16-fold. Without them, growth that starts in the last stage alone
# would have no finite fit.
LOG_RATE = (-math.log(16.0), math.log(4.0))
# Equation (9) holds the straight line only as a1 -> 1, a0 -> infinity; this near is near enough.
NEAREST_TO_LINE = 1e-4
_GRID = 512
_GOLDEN = (math.sqrt(5.0) - 1) / 2
_NUM_REFINEMENTS = 70
# Predictions end here, far beyond all networks: the difference of two is still finite.
LARGEST = 1e300


@dataclass(frozen=True, slots=True)
class Form:
    """A family of functions of the stage j, all 1 at j = 0."""

    parameters: tuple[str, ...]
    fit: Callable[[Floats, Floats], Floats]
    function: Callable[[Floats, float], Floats]

    def predict(self, parameters: Floats, stage: float) -> Floats:
        """The functions' values at a stage, (n,), within `LARGEST` on both sides."""
        with np.errstate(over="ignore", invalid="ignore"):
            return np.asarray(np.clip(self.function(parameters, stage), -LARGEST, LARGEST))


def fit_exponential(stages: Floats, ratios: Floats) -> Floats:
    """Equation (9), a0 (a1^j - 1) + 1, by least squares.

    For a given a1 the best a0 is linear algebra, so only ln(a1) is searched: over a grid, then by
    golden section around the best point. This finds the global optimum; it is monotone wherever
    the ratios rise from 1 (then a0 ln(a1) >= 0). Constant ratios of 1 give a0 = 0, a1 = 1.
    """
    growth = ratios - 1
    grid = np.linspace(*LOG_RATE, _GRID)
    errors = np.stack([_projected(stages, growth, np.full(len(growth), t))[1] for t in grid])
    best = errors.argmin(axis=0)
    low = grid[np.maximum(best - 1, 0)]
    high = grid[np.minimum(best + 1, _GRID - 1)]
    for _ in range(_NUM_REFINEMENTS):
        left, right = high - _GOLDEN * (high - low), low + _GOLDEN * (high - low)
        lower = _projected(stages, growth, left)[1] <= _projected(stages, growth, right)[1]
        low, high = np.where(lower, low, left), np.where(lower, right, high)
    rate = (low + high) / 2
    rate = np.where(np.abs(rate) < NEAREST_TO_LINE, NEAREST_TO_LINE, rate)
    slope, _ = _projected(stages, growth, rate)
    constant = ~growth.any(axis=1)
    a0 = np.where(constant, 0.0, slope / rate)
    a1 = np.where(constant, 1.0, np.exp(rate))
    return np.stack([a0, a1], axis=1)


def predict_exponential(parameters: Floats, stage: float) -> Floats:
    a0, a1 = parameters.T
    return np.asarray(a0 * np.expm1(np.log(a1) * stage) + 1)


def fit_linear(stages: Floats, ratios: Floats) -> Floats:
    return _polynomial(stages[:, None], ratios)


def predict_linear(parameters: Floats, stage: float) -> Floats:
    return np.asarray(parameters[:, 0] * stage + 1)


def fit_squared(stages: Floats, ratios: Floats) -> Floats:
    return _polynomial(np.stack([stages**2, stages], axis=1), ratios)


def predict_squared(parameters: Floats, stage: float) -> Floats:
    a, b = parameters.T
    return np.asarray(a * stage**2 + b * stage + 1)


def fit_compound(stages: Floats, ratios: Floats) -> Floats:
    """exp(c j), by least squares in the logarithm: one parameter, so one stage determines it.

    With constant c in every dimension this is compound scaling (EfficientNet, section 3.3): equal
    shares of every doubling go to depth, width and resolution.
    """
    return np.asarray((np.log(ratios) @ stages / (stages @ stages))[:, None])


def predict_compound(parameters: Floats, stage: float) -> Floats:
    return np.asarray(np.exp(parameters[:, 0] * stage))


def _projected(stages: Floats, growth: Floats, rate: Floats) -> tuple[Floats, Floats]:
    """Best slope c and squared error of c (e^{t j} - 1) / t per row; the line c j at t = 0."""
    safe = np.where(np.abs(rate) < 1e-9, 1e-9, rate)[:, None]
    basis = np.expm1(safe * stages) / safe
    slope = (basis * growth).sum(axis=1) / (basis * basis).sum(axis=1)
    error = ((growth - slope[:, None] * basis) ** 2).sum(axis=1)
    return slope, error


def _polynomial(design: Floats, ratios: Floats) -> Floats:
    return np.asarray((ratios - 1) @ np.linalg.pinv(design).T)


# The linear and squared functions are the comparisons of Fig. 7, the compound one is ours
# (docs/explanation/deviations.md).
FORMS = {
    "exponential": Form(("a0", "a1"), fit_exponential, predict_exponential),
    "linear": Form(("a",), fit_linear, predict_linear),
    "squared": Form(("a", "b"), fit_squared, predict_squared),
    "compound": Form(("c",), fit_compound, predict_compound),
}
