"""A law of error fitted to what a search has seen, and what it says of a member."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache

import numpy as np

from escalade.artefacts.grown import LawFacts, PredictedAccuracy
from escalade.core.network.architecture import Architecture
from escalade.core.numbers.regression import Floats, Regression
from escalade.core.numbers.seeds import generator
from escalade.core.numbers.statistics import binomial_standard_error
from escalade.core.scaling import law
from escalade.core.scaling.law import Law
from escalade.core.scaling.ratios import DIMENSIONS
from escalade.search.growing.observed import Observed

# A law of eleven parameters or so takes more networks than that.
LEAST_NETWORKS = 24
NORMAL_95 = 1.96


@lru_cache(maxsize=4)
def law_of(seen: Observed, seed: int) -> Law | str:
    """The law, or why there is none."""
    measured = seen.measured()
    num, least = len(measured), LEAST_NETWORKS
    if num < least:
        return f"{num} scores are too few for a law of growth (it takes {least})"
    if np.ptp(measured.errors) == 0:
        return f"all {num} scores are the same, so there is no law of growth"
    fitted = law.fit(measured, rng=generator(seed, "growth", "law"))
    if fitted.error >= fitted.constant:
        return (
            f"the law misses scores that it has not seen by {100 * fitted.error:.2f} points, their "
            f"mean alone by {100 * fitted.constant:.2f}"
        )
    return fitted


def predicted(seen: Observed, fitted: Law, network: Architecture) -> PredictedAccuracy:
    """What a member is to reach on the search images after its training, with a 95 % interval.

    The interval has what fits to other networks would say, what networks have of their own, what
    is not known of training longer, and the images' noise.
    """
    asked = seen.asked([network])
    gain, unsure = seen.level()
    mean = min(max(1 - float(fitted.predict(*asked)[0]) + gain, 0.0), 1.0)
    own = math.hypot(float(fitted.spread(*asked)[0]), fitted.deviation, unsure)
    noise = binomial_standard_error(mean, num_images=seen.num_images)
    width = NORMAL_95 * math.hypot(own, noise)
    return PredictedAccuracy(
        mean=round(mean, 6),
        sd=round(own, 6),
        low=round(max(mean - width, 0.0), 6),
        high=round(min(mean + width, 1.0), 6),
    )


def facts_of(seen: Observed, fitted: Law) -> LawFacts:
    """The law as growth.json has it."""
    names = DIMENSIONS
    return LawFacts(
        form=fitted.form,
        floor=fitted.floor,
        amounts=dict(zip(names, fitted.amounts.tolist(), strict=True)),
        exponents=dict(zip(names, fitted.exponents.tolist(), strict=True)),
        centre=dict(zip(names, fitted.centre.round(law.DIGITS).tolist(), strict=True)),
        num_scores=int((seen.shares == 0).sum()),
        num_confirmed=int((seen.shares > 0).sum()),
        error=fitted.error,
        constant=fitted.constant,
    )


def notes_on(seen: Observed, fitted: Law) -> tuple[str, ...]:
    """What a reader should know about the law."""
    notes = []
    if not seen.rounds:
        notes.append(
            "no finalist was trained (search.finalists), so accuracies are predicted on the level "
            "of the scores"
        )
    if fitted.form == law.LOGARITHM:
        notes.append("logarithms fit the scores better than powers")
    flat = [
        name for name, amount in zip(DIMENSIONS, fitted.amounts, strict=True) if abs(amount) < 1e-6
    ]
    notes += [f"the scores show no gain of {name}" for name in flat]
    return tuple(notes)


class StageJudge:
    """Error by logarithms of every stage's depth and width, and of the resolution."""

    def __init__(self, seen: Observed, *, num_stages: int) -> None:
        alike = [i for i, each in enumerate(seen.networks) if len(each.stages) == num_stages]
        rows = np.array([i for i in alike if seen.shares[i] == 0], dtype=np.int64)
        measured = seen.measured()[rows]
        self._fit = Regression.fit(
            self._features([seen.networks[i] for i in rows]), measured.errors, noise=measured.noise
        )

    def __call__(self, networks: Sequence[Architecture]) -> Floats:
        apart = self._features(networks) - self._fit.centre
        return self._fit.level + apart @ self._fit.coefficients

    def _features(self, networks: Sequence[Architecture]) -> Floats:
        rows = [
            [*np.log(each.depths), *np.log(each.widths), math.log(each.resolution)]
            for each in networks
        ]
        return np.array(rows, dtype=np.float64)
