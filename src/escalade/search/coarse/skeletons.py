"""The coarse grid: networks of one depth multiplier, one width multiplier, kernels by the stage.

BigNAS, section 4.4: five input resolutions, four global depth multipliers, two global width
multipliers (here four; docs/explanation/deviations.md) and four configurations of kernel sizes.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from escalade.core.numbers.budget import Budget
from escalade.core.space.path import IntArray
from escalade.core.space.space import Space
from escalade.search.coarse.gene_roles import GeneRoles
from escalade.search.operators.gene_operators import spread

Floats = npt.NDArray[np.float64]
# Which half of the stages with a choice has the largest kernel (the others have the smallest):
# none, the first, the last, both.
KERNELS = ((0.0, 0.0), (1.0, 0.0), (0.0, 1.0), (1.0, 1.0))


@dataclass(frozen=True, slots=True, kw_only=True)
class CoarseGrid:
    """How fine the coarse grid is (section 4.4).

    Args:
        resolutions: evenly among the space's, the least and the most included.
        depths: depth multipliers; each puts all stages equally far between least and most layers.
        widths: width multipliers, likewise of stem, layers and head.
    """

    resolutions: int = 5
    depths: int = 4
    widths: int = 4

    def __post_init__(self) -> None:
        if min(self.resolutions, self.depths, self.widths) < 1:
            raise ValueError(
                f"grid: {self.resolutions} resolutions, {self.depths} depths and {self.widths} "
                "widths; give at least one of each"
            )


@dataclass(frozen=True, slots=True, eq=False)
class Skeletons:
    """The networks of a grid.

    `rows` (n, genes) have the genes of every layer, also of those that do not run, so that a
    variation with more layers knows what they are; `genomes` are their legal form. `points` (n, 5)
    are where they stand between least (0) and most (1): resolution, depth, width, and the kernels
    of the first and of the last stages.
    """

    rows: IntArray
    genomes: IntArray
    points: Floats

    def __len__(self) -> int:
        return len(self.rows)

    def near(self, costs: Floats, *, budget: Budget, most: int) -> IntArray:
        """Which skeletons a budget compares: those inside it, `most` at most, spread evenly.

        Where none is inside it is the one nearest in cost (by ratio), below or above: the
        variations walk from there into the budget.
        """
        inside = np.flatnonzero((costs >= budget.low) & (costs <= budget.high))
        if not len(inside):
            return np.array([np.abs(np.log(costs / budget.target)).argmin()])
        if len(inside) <= most:
            return inside
        return np.sort(inside[spread(self.points[inside], num=most)])


def skeletons(space: Space, *, grid: CoarseGrid) -> Skeletons:
    """Every different network of a grid, in order of the grid."""
    roles = GeneRoles.of(space.genes)
    (resolution,) = [column for column, role in enumerate(roles.roles) if role == "resolution"]
    shares = (
        _choices(int(roles.num_choices[resolution]), grid.resolutions),
        _shares(grid.depths),
        _shares(grid.widths),
        KERNELS,
    )
    points = np.array([(r, d, w, *k) for r, d, w, k in itertools.product(*shares)])
    rows = np.floor(_levels(roles, points) * (roles.num_choices - 1) + 0.5).astype(np.int64)
    genomes = space.repair(rows)
    _, first = np.unique(genomes, axis=0, return_index=True)
    kept = np.sort(first)
    return Skeletons(rows[kept], genomes[kept], points[kept])


def _levels(roles: GeneRoles, points: Floats) -> Floats:
    """Where every gene stands between its least (0) and its most (1): (n, genes)."""
    levels = np.zeros((len(points), len(roles.roles)))
    for axis, role in enumerate(("resolution", "depth", "width")):
        levels[:, roles.columns(role)] = points[:, axis, None]
    places = roles.places_of("kernel")
    for i, place in enumerate(places):
        half = 3 + (2 * i >= len(places))
        levels[:, roles.columns("kernel", place)] = points[:, half, None]
    return levels


def _shares(num: int) -> Floats:
    """Evenly from 0 to 1; one alone is the middle."""
    return np.linspace(0, 1, num) if num > 1 else np.array([0.5])


def _choices(num_choices: int, num: int) -> Floats:
    """Evenly spread choices as shares, each choice once."""
    last = max(1, num_choices - 1)
    picked: Floats = np.unique(np.floor(_shares(num) * (num_choices - 1) + 0.5)) / last
    return picked
