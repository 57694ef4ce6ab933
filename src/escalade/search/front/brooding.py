"""What becomes of a generation's children, by the way they were made (SCARLET, Algorithm 1)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np

from escalade.artefacts.children import Brood, Way
from escalade.core.space.path import IntArray
from escalade.search.front.breeding import WAYS, Breeder, Child, wheel_shares
from escalade.search.front.candidates import ScoredGenomes
from escalade.search.front.pareto import Floats


class Brooding:
    """Watches one generation; it draws nothing and changes nothing.

    Args:
        breeder: of the generation, before its controller learns from it.
        generation: its number.
    """

    def __init__(self, breeder: Breeder, *, generation: int) -> None:
        self.breeder, self._generation = breeder, generation
        self._way: dict[bytes, str] = {}
        self._accepted: Counter[str] = Counter()
        self._rewards: list[float] = []
        self._edits = _edits(breeder)

    def scored(self, children: Sequence[Child], *, accepted: ScoredGenomes) -> None:
        """Children that have scores, and those of them that keep the limits on these."""
        self._way |= {child.genome.tobytes(): child.way for child in children}
        self._accepted.update(self._way[genome.tobytes()] for genome in accepted.genomes)

    def rewarded(self, rewards: Floats) -> None:
        """What the controller's children brought."""
        self._rewards += rewards.tolist()

    def told(self, survivors: IntArray) -> Brood:
        """The generation, once it is known who survived."""
        breeder, made = self.breeder, Counter(self._way.values())
        lived = Counter(self._way.get(genome.tobytes()) for genome in survivors)
        wheel: tuple[float, ...] = ()
        if breeder.exploration is not None:
            shares = wheel_shares(breeder.genomes, num_choices=breeder.num_choices)
            wheel = _mean_share(shares, breeder.num_choices)
        by_choice, decided = _summed(self._edits)
        return Brood(
            generation=self._generation,
            ways={
                way: Way(
                    proposed=breeder.proposed[way],
                    scored=made[way],
                    accepted=self._accepted[way],
                    survived=lived[way],
                )
                for way in WAYS
                if breeder.proposed[way]
            },
            reward=float(np.mean(self._rewards)) if self._rewards else None,
            controller=by_choice,
            decided=decided,
            wheel=wheel,
        )


def _edits(breeder: Breeder) -> Floats | None:
    """Chance of each edit, mean over all parents: (genes, choices)."""
    if breeder.controller is None:
        return None
    each = [breeder.controller.probabilities(genome) for genome in breeder.genomes]
    mean: Floats = np.mean(each, axis=0)
    return mean


def _summed(edits: Floats | None) -> tuple[tuple[float, ...], float | None]:
    """Chances by choice, and how far all edits are from alike: 1 less their relative entropy."""
    if edits is None:
        return (), None
    flat = edits[edits > 0]
    most = np.log(len(flat))
    decided = 1 + float((flat * np.log(flat)).sum() / most) if most > 0 else 1.0
    return _shares(edits.sum(axis=0)), min(max(decided, 0.0), 1.0)


def _mean_share(shares: Floats, num_choices: IntArray) -> tuple[float, ...]:
    """Each choice's share, mean over the genes that have it."""
    has = np.arange(shares.shape[1]) < num_choices[:, None]
    return _shares((shares * has).sum(axis=0) / has.sum(axis=0))


def _shares(values: Floats) -> tuple[float, ...]:
    """Within 0..1 to the last bit."""
    return tuple(np.clip(values, 0.0, 1.0).tolist())
