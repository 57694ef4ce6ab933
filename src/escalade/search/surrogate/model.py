"""A model of every score of a search, and what it holds each path to be worth."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np

from escalade.artefacts.searched import SurrogateFacts
from escalade.core.numbers.regression import Floats, Normal, Regression
from escalade.core.space.path import Population
from escalade.core.space.space import Space
from escalade.search.notebook import Notebook
from escalade.search.operators.gene_operators import Scores

# A fit to fewer scores would say nothing.
LEAST_SCORES = 12
# A gene of more choices is a number, whose choices rise.
MOST_CHOICES = 16
COSTS = ("macs", "params", "activations")


def why_none(scores: Scores) -> str:
    """Why there is no model of some scores; empty where there can be one."""
    if len(scores) < LEAST_SCORES:
        return f"{len(scores)} scores are too few for a model of them (it takes {LEAST_SCORES})"
    if np.ptp(scores) == 0:
        return f"all {len(scores)} scores are the same, so there is nothing to model"
    return ""


def noise_of(scores: Scores, *, num_images: int) -> Floats:
    """Binomial standard errors, not 0 where all images are right or wrong: (n,)."""
    shares = (scores * num_images + 1) / (num_images + 2)
    noise: Floats = np.sqrt(shares * (1 - shares) / num_images)
    return noise


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Surrogate:
    """Regression on choices, sizes and products of sizes; the noise is that of so many images.

    `centre` and `spread` are of the sizes that it was fitted to.
    """

    space: Space
    notes: Notebook
    num_images: int
    centre: Floats
    spread: Floats
    regression: Regression

    @classmethod
    def fit(cls, space: Space, *, notes: Notebook, num_images: int) -> Self:
        """Fit to all scores in a notebook; `why_none` says whether that can be."""
        population, scores = notes.scored
        sized = sizes(space, population)
        centre, spread = sized.mean(axis=0), sized.std(axis=0)
        spread = np.where(spread > 1e-9, spread, 1.0)
        regression = Regression.fit(
            _features(space, population, centre, spread),
            scores,
            noise=noise_of(scores, num_images=num_images),
        )
        return cls(
            space=space,
            notes=notes,
            num_images=num_images,
            centre=centre,
            spread=spread,
            regression=regression,
        )

    def expected(self, population: Population, *, exact: bool = True) -> Normal:
        """What each path is worth: its own score counts as far as it is no noise.

        Args:
            exact: know a path by the network that it makes; else, faster, by genome and strategy.
        """
        features = self._features(population)
        told = self.regression.predict(features)
        known = self.notes.known_scores(population, exact=exact)
        rows = np.flatnonzero(~np.isnan(known))
        noise = noise_of(known[rows], num_images=self.num_images)
        own = self.regression.posterior(features[rows], known[rows], noise=noise)
        mean, sd = told.mean.copy(), np.hypot(told.sd, self.regression.deviation)
        mean[rows], sd[rows] = own.mean, own.sd
        return Normal(mean, sd)

    def draws(self, population: Population, *, num: int, rng: np.random.Generator) -> Floats:
        """What paths may be worth, as often as asked for: (num, n)."""
        common = self.regression.draws(self._features(population), num=num, rng=rng)
        own = rng.normal(size=common.shape) * self.regression.deviation
        values: Floats = common + own
        return values

    @property
    def facts(self) -> SurrogateFacts:
        """How good the model is, for search.json."""
        _, scores = self.notes.scored
        noise = noise_of(scores, num_images=self.num_images)
        return SurrogateFacts(
            num_scores=len(scores),
            error=self.regression.error,
            spread=float(scores.std()),
            noise=float(np.sqrt((noise**2).mean())),
            deviation=self.regression.deviation,
            penalty=self.regression.penalty,
        )

    def _features(self, population: Population) -> Floats:
        return _features(self.space, population, self.centre, self.spread)


def _features(space: Space, population: Population, centre: Floats, spread: Floats) -> Floats:
    sized = (sizes(space, population) - centre) / spread
    first, second = np.triu_indices(sized.shape[1])
    products = sized[:, first] * sized[:, second] / 2
    return np.concatenate([choices(space, population), sized, products], axis=1)


def choices(space: Space, population: Population) -> Floats:
    """A column of 0 and 1 for every choice of every gene that has a few: (n, columns)."""
    columns = [
        population.genomes[:, i, None] == np.arange(gene.num_choices)
        for i, gene in enumerate(space.genes)
        if 1 < gene.num_choices <= MOST_CHOICES
    ]
    none = np.empty((len(population), 0))
    return np.concatenate([none, *columns], axis=1).astype(np.float64)


def sizes(space: Space, population: Population) -> Floats:
    """Logarithms of costs, of side, depth and ratios; genes of many choices: (n, columns)."""
    kinds = COSTS if space.latency is None else (*COSTS, "latency")
    costs = np.log(np.stack([space.costs(population, kind) for kind in kinds], axis=1))
    shape = np.log(np.stack([space.sides(population), space.depths(population)], axis=1))
    ratios = [
        np.log(np.array(axis, dtype=np.float64))[population.strategies[:, i]]
        for i, axis in enumerate(space.ratios.axes)
    ]
    many = [i for i, gene in enumerate(space.genes) if gene.num_choices > MOST_CHOICES]
    genes = population.genomes[:, many].astype(np.float64)
    return np.concatenate([costs, shape, np.stack(ratios, axis=1), genes], axis=1)
