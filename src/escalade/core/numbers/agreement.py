"""How well scores tell which networks are better once they are trained."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from escalade.core.numbers.regression import Floats
from escalade.core.numbers.statistics import kendall, spearman

NUM_RESAMPLES = 400
PERCENTILES = (2.5, 97.5)
DIGITS = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """Rank correlations with 95 % intervals over networks, and what a choice by scores loses.

    Attributes:
        spearman, kendall: None where one side is constant.
        spearman_interval, kendall_interval: low and high.
        regret: accuracy that the best by score of so many networks is expected to lack of the
            truly best; what is noise in the trained accuracies is taken out.
        blind: the same of a network chosen at random.
    """

    spearman: float | None
    spearman_interval: tuple[float, float] | None
    kendall: float | None
    kendall_interval: tuple[float, float] | None
    regret: float
    blind: float


def agreement(
    scores: Floats, *, trained: Floats, noise: Floats, rng: np.random.Generator
) -> Agreement:
    """Compare scores with trained accuracies of the same networks, resampled for intervals.

    Args:
        scores: (n,), whatever the higher the better.
        trained: (n,).
        noise: standard errors of the trained accuracies: (n,).
        rng: resamples networks.
    """
    truth = shrunk(trained, noise=noise)
    rows = rng.integers(0, len(scores), size=(NUM_RESAMPLES, len(scores)))
    regrets = [truth[each].max() - truth[each][scores[each].argmax()] for each in rows]
    blind = [truth[each].max() - truth[each].mean() for each in rows]
    correlations = {}
    for name, measure in (("spearman", spearman), ("kendall", kendall)):
        value = measure(scores, trained)
        known = [v for each in rows if not np.isnan(v := measure(scores[each], trained[each]))]
        is_known = not np.isnan(value) and len(known) > 0
        low, high = np.percentile(known, PERCENTILES) if is_known else (np.nan, np.nan)
        interval = (round(float(low), DIGITS), round(float(high), DIGITS))
        correlations[name] = (round(value, DIGITS), interval) if is_known else (None, None)
    return Agreement(
        spearman=correlations["spearman"][0],
        spearman_interval=correlations["spearman"][1],
        kendall=correlations["kendall"][0],
        kendall_interval=correlations["kendall"][1],
        regret=round(float(np.mean(regrets)), DIGITS),
        blind=round(float(np.mean(blind)), DIGITS),
    )


def shrunk(measured: Floats, *, noise: Floats) -> Floats:
    """Measurements drawn to their mean as far as their spread is noise: (n,)."""
    spread = float(measured.var(ddof=1)) if len(measured) > 1 else 0.0
    real = max(0.0, 1 - float((noise**2).mean()) / spread) if spread > 0 else 0.0
    values: Floats = measured.mean() + real * (measured - measured.mean())
    return values


def stratified(scores: Floats, *, num: int, rng: np.random.Generator) -> list[int]:
    """Rows of `num` networks, one at random from each of as many equal parts by score."""
    order = np.argsort(-scores, kind="stable")
    return [int(rng.choice(part)) for part in np.array_split(order, min(num, len(order)))]
