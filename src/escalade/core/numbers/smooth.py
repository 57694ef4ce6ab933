"""What a regression leaves over, as far as neighbours share it: a Gaussian process.

Residuals are r = g(x) + d + e: g is smooth, with a squared exponential covariance over features,
d is each item's own, e is noise of known variance. How much is smooth, and how far it reaches, has
the greatest leave-one-out density; nothing is smooth where that is best.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt
from scipy.linalg import cho_factor, cho_solve, solve_triangular

Floats = npt.NDArray[np.float64]

SHARES = (0.5, 0.9)  # of the deviation's variance that is smooth
CHUNK = 4096  # items predicted at once
REACHES = (0.35, 0.7, 1.4)  # relative to the median distance of two items


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Smooth:
    """A fitted process; `variance` is that of its smooth part, 0 where there is none."""

    items: Floats
    variance: float
    reach: float
    factor: Floats
    weights: Floats

    @classmethod
    def fit(cls, items: Floats, residuals: Floats, *, noise: Floats, deviation: float) -> Self:
        """Fit to residuals (n,) of items (n, p) with the noise's standard deviations (n,)."""
        squares = _squares(items, items)
        median = float(np.sqrt(np.median(squares[np.triu_indices(len(items), 1)])))
        best = cls(items=items[:0], variance=0.0, reach=1.0, factor=np.eye(0), weights=np.empty(0))
        most = _density(np.diag(noise**2 + deviation**2), residuals)[0]
        if deviation == 0 or median == 0:
            return best
        for reach in REACHES:
            near = np.exp(-squares / (2 * (reach * median) ** 2))
            for share in SHARES:
                variance = share * deviation**2
                own = np.diag(noise**2 + deviation**2 - variance)
                density, factor, weights = _density(variance * near + own, residuals)
                if density > most + 1.0:  # one more parameter has to earn its place
                    most = density
                    best = cls(
                        items=items,
                        variance=variance,
                        reach=reach * median,
                        factor=factor,
                        weights=weights,
                    )
        return best

    def predict(self, items: Floats) -> tuple[Floats, Floats]:
        """Means and variances of the smooth part: (m,) each."""
        if not self.variance or not len(items):
            return np.zeros(len(items)), np.zeros(len(items))
        parts = [self._part(items[at : at + CHUNK]) for at in range(0, len(items), CHUNK)]
        means, variances = zip(*parts, strict=True)
        return np.concatenate(means), np.concatenate(variances)

    def _part(self, items: Floats) -> tuple[Floats, Floats]:
        near = self.variance * np.exp(-_squares(items, self.items) / (2 * self.reach**2))
        solved = solve_triangular(self.factor, near.T, lower=True)
        return near @ self.weights, np.maximum(self.variance - (solved**2).sum(axis=0), 0.0)


def _squares(first: Floats, second: Floats) -> Floats:
    """Squared distances, every item to every other: (n, m)."""
    lengths = (first**2).sum(axis=1)[:, None] + (second**2).sum(axis=1)
    apart: Floats = np.maximum(lengths - 2 * first @ second.T, 0.0)
    return apart


def _density(covariance: Floats, residuals: Floats) -> tuple[float, Floats, Floats]:
    """The leave-one-out log density, the covariance's lower factor, and its inverse times r."""
    factor, _ = cho_factor(covariance, lower=True)
    factor = np.tril(factor)
    inverse = np.diag(cho_solve((factor, True), np.eye(len(residuals))))
    weights: Floats = cho_solve((factor, True), residuals)
    density = 0.5 * (np.log(inverse) - weights**2 / inverse).sum()
    return float(density.round(6)), factor, weights
