"""Error as a law of depth, width and resolution: E + sum of a_i x_i^-alpha_i, and its simpler kin.

What else of a network matters (kernels, expansions, squeeze-excitation, how long it was trained)
adds to the error linearly.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from scipy.optimize import least_squares, lsq_linear

from escalade.core.network.architecture import Architecture

Floats = npt.NDArray[np.float64]
# What networks' errors are held to be, to compare networks of one cost.
Judge = Callable[[Sequence[Architecture]], Floats]

POWER, LOGARITHM = "power", "logarithm"
# Exponents beyond these are not told from a constant, or from a step.
EXPONENTS = (0.1, 2.5)
NUM_FOLDS = 5
NUM_RESAMPLES = 60
DIGITS = 9


def sizes_of(architecture: Architecture) -> Floats:
    """Blocks, the geometric mean of the stages' widths, and pixels a side: (3,)."""
    width = float(np.exp(np.log(architecture.widths).mean()))
    return np.array([sum(architecture.depths), width, architecture.resolution], dtype=np.float64)


def extras_of(architecture: Architecture) -> Floats:
    """Mean logarithms of expansions and kernels, and the share of blocks with SE: (3,)."""
    blocks = [block for stage in architecture.stages for block in stage.blocks]
    expansions = np.log([max(block.expansion, 0.25) for block in blocks]).mean()
    kernels = np.log([max(block.kernel, 1) for block in blocks]).mean()
    return np.array([expansions, kernels, np.mean([block.se is not None for block in blocks])])


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class SizedErrors:
    """Networks and their errors.

    Attributes:
        sizes: (n, 3), as `sizes_of` gives them.
        extras: (n, k): whatever else may add to the error.
        errors: 1 - accuracy: (n,).
        noise: standard errors of them: (n,).
    """

    sizes: Floats
    extras: Floats
    errors: Floats
    noise: Floats

    def __len__(self) -> int:
        return len(self.errors)

    def __getitem__(self, rows: npt.NDArray[np.int64]) -> SizedErrors:
        return SizedErrors(
            sizes=self.sizes[rows],
            extras=self.extras[rows],
            errors=self.errors[rows],
            noise=self.noise[rows],
        )


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Law:
    """A fitted law; sizes are relative to `centre`, extras to `middle`.

    Attributes:
        form: power, or logarithm: base + sum of a_i log x_i.
        floor: E, or the base of the logarithms.
        amounts: a_i at the centre: (3,).
        exponents: alpha_i; zero for logarithms: (3,).
        effects: of the extras: (k,).
        deviation: standard deviation of what networks have beyond law and noise.
        error: of networks left out, root mean square.
        constant: the same of their mean alone.
        resampled: parameters of fits to resampled networks: (resamples, parameters).
    """

    form: str
    centre: Floats
    middle: Floats
    floor: float
    amounts: Floats
    exponents: Floats
    effects: Floats
    deviation: float
    error: float
    constant: float
    resampled: Floats

    def predict(self, sizes: Floats, extras: Floats) -> Floats:
        """Errors of networks: (n, 3) and (n, k) to (n,)."""
        return _value(self._parameters, self._relative(sizes), extras - self.middle, self.form)

    def spread(self, sizes: Floats, extras: Floats) -> Floats:
        """Standard deviations of these errors by the fits to resampled networks: (n,)."""
        relative, apart = self._relative(sizes), extras - self.middle
        values = [_value(row, relative, apart, self.form) for row in self.resampled]
        return np.asarray(np.std(values, axis=0))

    @property
    def _parameters(self) -> Floats:
        return np.concatenate([[self.floor], self.amounts, self.exponents, self.effects])

    def _relative(self, sizes: Floats) -> Floats:
        return np.log(sizes / self.centre)


def fit(measured: SizedErrors, *, rng: np.random.Generator) -> Law:
    """The better of both forms, by networks that were left out.

    Args:
        measured: more networks than parameters.
        rng: divides them into folds and resamples them.
    """
    folds = rng.permutation(len(measured)) % NUM_FOLDS
    laws = [_fitted(measured, form, folds) for form in (POWER, LOGARITHM)]
    best = min(laws, key=lambda law: law.error)
    num = len(measured)
    rows = rng.integers(0, num, size=(NUM_RESAMPLES, num))
    resampled = np.stack([_solve(measured[each], best, start=best) for each in rows])
    return replace(best, resampled=resampled)


def _fitted(measured: SizedErrors, form: str, folds: npt.NDArray[np.int64]) -> Law:
    empty = Law(
        form=form,
        centre=np.exp(np.log(measured.sizes).mean(axis=0)),
        middle=measured.extras.mean(axis=0),
        floor=0.0,
        amounts=np.zeros(3),
        exponents=np.zeros(3),
        effects=np.zeros(measured.extras.shape[1]),
        deviation=0.0,
        error=0.0,
        constant=0.0,
        resampled=np.empty((0, 0)),
    )
    left_out, mean = np.zeros(len(measured)), np.zeros(len(measured))
    for fold in range(NUM_FOLDS):
        inside, outside = np.flatnonzero(folds != fold), np.flatnonzero(folds == fold)
        law = _with(empty, _solve(measured[inside], empty))
        left_out[outside] = law.predict(measured.sizes[outside], measured.extras[outside])
        mean[outside] = measured.errors[inside].mean()
    law = _with(empty, _solve(measured, empty))
    residuals = measured.errors - law.predict(measured.sizes, measured.extras)
    beyond = float((residuals**2).mean() - (measured.noise**2).mean())
    return replace(
        law,
        deviation=max(0.0, beyond) ** 0.5,
        error=_root_mean_square(left_out - measured.errors),
        constant=_root_mean_square(mean - measured.errors),
    )


def _with(law: Law, parameters: Floats) -> Law:
    return replace(
        law,
        floor=float(parameters[0]),
        amounts=parameters[1:4],
        exponents=parameters[4:7],
        effects=parameters[7:],
    )


def _value(parameters: Floats, relative: Floats, apart: Floats, form: str) -> Floats:
    floor, amounts, exponents, effects = np.split(parameters, [1, 4, 7])
    shrunk = np.exp(-exponents * relative) if form == POWER else relative
    values: Floats = floor + shrunk @ amounts + apart @ effects
    return values


def _solve(measured: SizedErrors, law: Law, *, start: Law | None = None) -> Floats:
    """Parameters by weighted least squares, none of which lets an error rise with a size."""
    relative = np.log(measured.sizes / law.centre)
    apart = measured.extras - law.middle
    scale = 1 / np.maximum(measured.noise, 1e-4)
    num = apart.shape[1]
    if law.form == LOGARITHM:
        design = np.concatenate([np.ones((len(measured), 1)), relative, apart], axis=1)
        low = np.concatenate([[-np.inf], np.full(3, -np.inf), np.full(num, -np.inf)])
        high = np.concatenate([[np.inf], np.zeros(3) + 1e-12, np.full(num, np.inf)])
        solved = lsq_linear(design * scale[:, None], measured.errors * scale, bounds=(low, high)).x
        return np.concatenate([solved[:4], np.zeros(3), solved[4:]]).round(DIGITS)
    least, mean = float(measured.errors.min()), float(measured.errors.mean())
    first = np.concatenate([[least / 2], np.full(3, (mean - least / 2) / 3), np.full(3, 0.5)])
    first = np.concatenate([first, np.zeros(num)]) if start is None else start._parameters
    low = np.concatenate([np.zeros(4), np.full(3, EXPONENTS[0]), np.full(num, -1.0)])
    high = np.concatenate([[least + 1e-6], np.ones(3), np.full(3, EXPONENTS[1]), np.ones(num)])

    def residuals(parameters: Floats) -> Floats:
        return (_value(parameters, relative, apart, POWER) - measured.errors) * scale

    inside = np.clip(first, low + 1e-9, high - 1e-9)
    found = least_squares(residuals, inside, bounds=(low, high), max_nfev=60)
    solution: Floats = found.x.round(DIGITS)
    return solution


def _root_mean_square(values: Floats) -> float:
    return float(np.sqrt((values**2).mean()).round(DIGITS))
