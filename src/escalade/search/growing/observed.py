"""Every score and every confirmation of a search, as a law of growth is fitted to them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from escalade.artefacts.scored import Scored
from escalade.artefacts.searched import Searched
from escalade.core.network.architecture import Architecture
from escalade.core.scaling.law import Floats, SizedErrors, extras_of, sizes_of
from escalade.core.space.space import Space
from escalade.search.surrogate.model import noise_of

# Of more scores an even choice: nothing is gained by more, and fits take their time.
MOST_SCORES = 1200
# What a level is unsure of: where nothing was trained, at least, and of what training on gains.
UNTRAINED, LEAST_LEVEL, GAIN_SHARE = 0.04, 0.005, 0.5


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Observed:
    """Networks that were scored, and those among them that were trained for a while.

    Attributes:
        networks: all of them, trained ones once a round.
        accuracies: of each.
        shares: of a member's training that each had; 0 for scores.
        num_images: that accuracies were measured on.
        most_side: pixels a side that the images have.
    """

    networks: tuple[Architecture, ...]
    accuracies: Floats
    shares: Floats
    num_images: int
    most_side: int | None

    @property
    def rounds(self) -> list[float]:
        """Shares of the confirmations, rising."""
        return sorted(set(self.shares[self.shares > 0].tolist()))

    def measured(self) -> SizedErrors:
        """Sizes and errors; a round of confirmations has an effect of its own."""
        marks = [(self.shares == share).astype(np.float64) for share in self.rounds]
        extras = np.stack([extras_of(network) for network in self.networks])
        return SizedErrors(
            sizes=np.stack([sizes_of(network) for network in self.networks]),
            extras=np.concatenate([extras, *(mark[:, None] for mark in marks)], axis=1),
            errors=1 - self.accuracies,
            noise=noise_of(self.accuracies, num_images=self.num_images),
        )

    def asked(self, networks: Sequence[Architecture]) -> tuple[Floats, Floats]:
        """Sizes and extras of networks that are trained as long as the longest confirmation."""
        extras = np.stack([extras_of(network) for network in networks])
        marks = np.zeros((len(networks), len(self.rounds)))
        marks[:, -1:] = 1.0
        sizes = np.stack([sizes_of(network) for network in networks])
        return sizes, np.concatenate([extras, marks], axis=1)

    def level(self) -> tuple[float, float]:
        """How much a member's whole training adds to that accuracy, and how unsure that is.

        Accuracy goes on with the logarithm of the steps as it did from round to round; with one
        round, or none, nothing is known of that.
        """
        rounds = self.rounds
        if not rounds:
            return 0.0, UNTRAINED
        ahead = max(0.0, -math.log(rounds[-1]))
        gain = 0.0
        if len(rounds) > 1:
            gained = self._gained(rounds[-2], rounds[-1])
            gain = max(0.0, gained / math.log(rounds[-1] / rounds[-2])) * ahead
        unsure = GAIN_SHARE * gain if len(rounds) > 1 else UNTRAINED / 2 * min(1.0, ahead)
        return gain, math.hypot(unsure, LEAST_LEVEL)

    def _gained(self, before: float, after: float) -> float:
        """The mean gain of networks that had both shares of training."""
        first, last = (
            {
                self.networks[i].key: float(self.accuracies[i])
                for i in np.flatnonzero(self.shares == share)
            }
            for share in (before, after)
        )
        gains = [last[key] - first[key] for key in last if key in first]
        return float(np.mean(gains)) if gains else 0.0


def observed(
    space: Space,
    *,
    scored: Scored,
    searched: Searched,
    share: float,
    most_side: int | None = None,
) -> Observed:
    """What a search has seen.

    Args:
        searched: its result, with finalists if there were any.
        share: of a member's training that finalists had in a round.
        most_side: pixels a side that the images have.
    """
    population, accuracies = scored.population, np.array(scored.accuracies)
    num = min(len(scored), MOST_SCORES)
    rows = np.linspace(0, len(scored) - 1, num).round().astype(np.int64)
    networks = [path.architecture for path in space.paths(population[rows])]
    values, shares = accuracies[rows].tolist(), [0.0] * num
    for finalist in searched.finalists or ():
        network = space.path(finalist.genome, finalist.strategy).architecture
        for number, reached in enumerate(finalist.confirmed, start=1):
            networks.append(network)
            values.append(reached.accuracy)
            shares.append(number * share)
    return Observed(
        networks=tuple(networks),
        accuracies=np.array(values),
        shares=np.array(shares),
        num_images=scored.num_images,
        most_side=most_side,
    )
