"""Small statistics: rank coefficients, standard errors, paired tests."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

CONFIDENT = 1.959963984540054  # standard deviations on both sides that hold 95 %
Values = Sequence[float] | npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """Mean of a sample with its standard error (nan for one value) and size."""

    mean: float
    standard_error: float
    num: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PairedTest:
    """Mean difference, its standard error, and the two-sided p-value of the paired t-test."""

    difference: float
    standard_error: float
    p_value: float
    num: int


def pearson(first: Values, second: Values) -> float:
    """Linear correlation; nan where one side is constant."""
    return _coefficient("pearson", first, second)


def spearman(first: Values, second: Values) -> float:
    """Rank correlation; nan where one side is constant."""
    return _coefficient("spearman", first, second)


def kendall(first: Values, second: Values) -> float:
    """Kendall's tau-b; nan where one side is constant."""
    return _coefficient("kendall", first, second)


def summarize(values: Values) -> Summary:
    """Mean and standard error of the mean.

    Raises:
        ValueError: for an empty sample.
    """
    sample = np.asarray(values, dtype=np.float64)
    if not len(sample):
        raise ValueError("summary: no values")
    return Summary(mean=float(sample.mean()), standard_error=_error(sample), num=len(sample))


def wilson_interval(accuracy: float, *, num_images: int) -> tuple[float, float]:
    """Where an accuracy lies with 95 % confidence, as shares in [0, 1] (Wilson's score interval).

    It holds for few images and for 0 and 100 %, where a standard error is 0.

    Args:
        accuracy: share of the images that were classified rightly.
    """
    squared = CONFIDENT**2 / num_images
    centre = (accuracy + squared / 2) / (1 + squared)
    spread = accuracy * (1 - accuracy) / num_images + squared / (4 * num_images)
    half = CONFIDENT * math.sqrt(spread) / (1 + squared)
    return max(0.0, centre - half), min(1.0, centre + half)


def binomial_standard_error(accuracy: float, *, num_images: int) -> float:
    """Standard error of an accuracy (0..1) measured on `num_images` images.

    At 0 and 1, where it would be 0 on three images as on a million, it is that of the share that
    has two more of each (Agresti and Coull, 1998).
    """
    if accuracy in (0.0, 1.0):
        accuracy, num_images = (accuracy * num_images + 2) / (num_images + 4), num_images + 4
    return math.sqrt(accuracy * (1 - accuracy) / num_images)


def difference_standard_error(accuracy: float, *, num_images: int) -> float:
    """Standard error of the difference of two independent accuracies near `accuracy`."""
    return math.sqrt(2.0) * binomial_standard_error(accuracy, num_images=num_images)


def paired_test(first: Values, second: Values) -> PairedTest:
    """Paired t-test of `first` minus `second`; equal differences give p = 1 (all 0) or p = 0.

    Raises:
        ValueError: for unequal lengths or fewer than two pairs.
    """
    a, b = np.asarray(first, dtype=np.float64), np.asarray(second, dtype=np.float64)
    if a.shape != b.shape or len(a) < 2:
        raise ValueError(f"paired test: {len(a)} and {len(b)} values; give two or more pairs")
    difference = a - b
    mean, error = float(difference.mean()), _error(difference)
    if np.ptp(difference) == 0:
        return PairedTest(difference=mean, standard_error=0.0, p_value=float(mean == 0), num=len(a))
    from scipy import stats  # which takes most of a second to load

    p_value = float(2 * stats.t.sf(abs(mean) / error, len(a) - 1))
    return PairedTest(difference=mean, standard_error=error, p_value=p_value, num=len(a))


def within_standard_errors(
    value: float, reference: float, *, standard_error: float, num_standard_errors: float = 2.0
) -> bool:
    """Whether `value` is below `reference` by at most that many standard errors, or above it."""
    return value >= reference - num_standard_errors * standard_error


def empirical_distribution(values: Values) -> tuple[list[float], list[float]]:
    """The distinct values rising, and the share of the sample at or below each of them.

    Over the errors of sampled networks it tells design spaces apart (Designing Network Design
    Spaces, section 3.1).

    Raises:
        ValueError: for an empty sample.
    """
    if not len(values):
        raise ValueError("distribution: no values")
    distinct, counts = np.unique(np.asarray(values, dtype=np.float64), return_counts=True)
    return distinct.tolist(), (np.cumsum(counts) / len(values)).tolist()


def _error(sample: npt.NDArray[np.float64]) -> float:
    if len(sample) < 2:
        return math.nan
    return float(sample.std(ddof=1) / math.sqrt(len(sample)))


def _coefficient(name: str, first: Values, second: Values) -> float:
    a, b = np.asarray(first, dtype=np.float64), np.asarray(second, dtype=np.float64)
    if a.shape != b.shape or len(a) < 2:
        raise ValueError(f"{name}: {len(a)} and {len(b)} values; give two or more pairs")
    if np.ptp(a) == 0 or np.ptp(b) == 0:
        return math.nan
    from scipy import stats  # which takes most of a second to load

    if name == "pearson":
        return float(stats.pearsonr(a, b)[0])
    if name == "spearman":
        return float(stats.spearmanr(a, b)[0])
    return float(stats.kendalltau(a, b)[0])
