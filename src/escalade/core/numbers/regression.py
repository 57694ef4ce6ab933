"""Ridge regression of measurements whose noise is known.

A measurement is y = m + x b + g(x) + d + e: linear in features x, with coefficients
b ~ N(0, 1 / penalty), a smooth rest g (`core.numbers.smooth`), a deviation d ~ N(0, deviation^2)
that each item has of its own, and noise e of known variance. The penalty has the least
leave-one-out error, deviations are what the noise does not explain.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt
from scipy.linalg import solve_triangular

from escalade.core.numbers.smooth import Smooth

Floats = npt.NDArray[np.float64]

PENALTIES = np.logspace(0, 7, 22)
NUM_ROUNDS = 3  # in which penalty and deviation settle
# A smooth rest is looked for in no more measurements: it takes the cube of their number.
MOST_SMOOTH = 800
DIGITS = 9  # so that the order of sums, which threads change, decides nothing


@dataclass(frozen=True, slots=True, eq=False)
class Normal:
    """Means and standard deviations, one an item."""

    mean: Floats
    sd: Floats


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Regression:
    """A fitted model.

    Attributes:
        centre, level: weighted means of features (p,) and of measurements.
        coefficients: (p,).
        factor: lower triangle L of their precision L L^T: (p, p). Unlike eigenvectors it is unique.
        deviation: standard deviation of what items have of their own.
        error: root mean square of leave-one-out errors, of the linear part.
        smooth: the rest that neighbours share, None where there were too many measurements.
    """

    centre: Floats
    level: float
    coefficients: Floats
    factor: Floats
    level_sd: float
    deviation: float
    penalty: float
    error: float
    smooth: Smooth | None

    @classmethod
    def fit(cls, features: Floats, measured: Floats, *, noise: Floats) -> Self:
        """Fit to n measurements with the standard deviations of their noise: (n, p), (n,), (n,)."""
        deviation = 0.0
        for _ in range(NUM_ROUNDS):
            fitted = _fitted(features, measured, noise**2 + deviation**2)
            deviation = max(0.0, fitted.residual_variance - float((noise**2).mean())) ** 0.5
        precision = fitted.gram + fitted.penalty * np.eye(len(fitted.coefficients))
        factor = np.asarray(np.linalg.cholesky(precision), dtype=np.float64)
        smooth = None
        if len(measured) <= MOST_SMOOTH:
            told = fitted.level + (features - fitted.centre) @ fitted.coefficients
            smooth = Smooth.fit(features, measured - told, noise=noise, deviation=deviation)
            deviation = max(0.0, deviation**2 - smooth.variance) ** 0.5
        return cls(
            smooth=smooth,
            centre=fitted.centre,
            level=fitted.level,
            coefficients=fitted.coefficients,
            factor=factor,
            level_sd=fitted.total**-0.5,
            deviation=deviation,
            penalty=fitted.penalty,
            error=fitted.error,
        )

    def predict(self, features: Floats) -> Normal:
        """What features alone tell: (n, p)."""
        apart = features - self.centre
        solved = solve_triangular(self.factor, apart.T, lower=True)
        variance = self.level_sd**2 + (solved**2).sum(axis=0)
        mean = self.level + apart @ self.coefficients
        if self.smooth is not None:
            rest, unsure = self.smooth.predict(features)
            mean, variance = mean + rest, variance + unsure
        return Normal(mean.round(DIGITS), np.sqrt(variance).round(DIGITS))

    def posterior(self, features: Floats, measured: Floats, *, noise: Floats) -> Normal:
        """The true values of items that the model was fitted to, their own deviations included."""
        told, own = self.predict(features), self.deviation**2
        variance = noise**2
        share = own / np.maximum(own + variance, np.finfo(float).tiny)
        mean = told.mean + share * (measured - told.mean)
        spread = share * variance + (1 - share) ** 2 * told.sd**2
        return Normal(mean.round(DIGITS), np.sqrt(spread).round(DIGITS))

    def draws(self, features: Floats, *, num: int, rng: np.random.Generator) -> Floats:
        """What features tell under coefficients drawn from their posterior: (num, n).

        The smooth rest is drawn for each item alone.
        """
        drawn = rng.normal(size=(num, len(self.coefficients)))
        apart = solve_triangular(self.factor, drawn.T, lower=True, trans="T").T
        coefficients = self.coefficients + apart
        values: Floats = self.level + coefficients @ (features - self.centre).T
        if self.smooth is not None:
            rest, unsure = self.smooth.predict(features)
            values = values + rest + rng.normal(size=values.shape) * np.sqrt(unsure)
        return values.round(DIGITS)


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class _Fit:
    centre: Floats
    level: float
    total: float
    coefficients: Floats
    gram: Floats
    penalty: float
    error: float
    residual_variance: float


def _fitted(features: Floats, measured: Floats, variance: Floats) -> _Fit:
    """By the penalty of the least leave-one-out error; items count by the inverse variance."""
    weights = 1 / np.maximum(variance, 1e-12)
    total = float(weights.sum())
    centre, level = weights @ features / total, float(weights @ measured / total)
    scale = np.sqrt(weights)
    design, response = scale[:, None] * (features - centre), scale * (measured - level)
    gram = design.T @ design
    spectrum, axes = np.linalg.eigh(gram)
    spectrum = np.maximum(spectrum, 0.0)
    turned = design @ axes  # orthogonal columns of squared lengths `spectrum`
    told = turned.T @ response
    best: _Fit | None = None
    for penalty in PENALTIES.tolist():
        inverse = 1 / (spectrum + penalty)
        leverage = weights / total + turned**2 @ inverse
        residuals = response - turned @ (inverse * told)
        left_out = residuals / np.maximum(1 - leverage, 1e-6) / scale
        error = float(np.sqrt((left_out**2).mean()).round(DIGITS))
        if best is None or error < best.error:
            degrees = max(1.0, len(measured) - float(leverage.sum()))
            best = _Fit(
                centre=centre,
                level=level,
                total=total,
                coefficients=axes @ (inverse * told),
                gram=gram,
                penalty=penalty,
                error=error,
                residual_variance=float(((residuals / scale) ** 2).sum()) / degrees,
            )
    assert best is not None
    return best
