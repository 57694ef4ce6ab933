"""What `escalade space` and the report say about a space: size, stages, histogram of macs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from escalade.core.numbers.seeds import generator
from escalade.core.sampling.samplers import Hierarchical, Uniform
from escalade.core.space.path import Population
from escalade.core.space.space import Space

Costs = npt.NDArray[Any]

NUM_BINS = 64
PATHS_PER_STAGE = 4000


def summarise(space: Space, *, sampler: str, num_paths: int, seed: int) -> dict[str, Any]:
    """Size, costs per scaling stage, and the histogram of sampled paths' macs (Fig. 3).

    A space without scaling has one stage, so both samplers draw every choice as the space does;
    where networks are trained alone, those drawn also tell the stage's costs.
    """
    alone = not space.traits.has_supernet
    uniform = alone or sampler == "uniform"
    chosen = Uniform(space) if uniform else Hierarchical(space)
    macs = chosen.costs(generator(seed, "space"), num_paths)
    rng = generator(seed, "space", "stages")
    return {
        "space": space.name,
        "size": space.size,
        "distinct": space.distinct,
        "stages": [
            {
                "stage": stage,
                "strategies": space.strategy_counts[stage],
                "distinct": len(space.strategies(stage)),
                "macs": _statistics(
                    macs if alone else stage_costs(space, rng, stage, num=PATHS_PER_STAGE)
                ),
            }
            for stage in range(space.num_stages)
        ],
        "histogram": histogram(macs),
        "macs": _statistics(macs),
    }


def stage_costs(
    space: Space, rng: np.random.Generator, stage: int, *, num: int, kind: str = "macs"
) -> Costs:
    """Costs of uniformly drawn paths of one scaling stage: (num,)."""
    return space.costs(_uniform(space, rng, stage, num=num), kind)


def candidate_paths(space: Space, rng: np.random.Generator, stage: int, *, num: int) -> Population:
    """Paths that the budget of a stage may be met by.

    Uniformly drawn ones of that scaling stage; in a space without such stages, paths spread over
    its whole range of costs, since a sum over so many independent choices hardly varies.
    """
    if not space.traits.scales:
        return Population.unscaled(space.layout.sample_spread(rng, num))
    return _uniform(space, rng, stage, num=num)


def _uniform(space: Space, rng: np.random.Generator, stage: int, *, num: int) -> Population:
    rows = space.strategies(stage)
    genomes = space.sample_genomes(rng, num)
    return Population(genomes, rows[rng.integers(0, len(rows), num)])


def histogram(values: Costs) -> dict[str, list[float] | list[int]]:
    """Counts over 64 log-spaced bins."""
    low, high = float(values.min()), float(values.max())
    edges = np.geomspace(low, max(high, low * (1 + 1e-9)), NUM_BINS + 1)
    edges[0], edges[-1] = low, max(high, low * (1 + 1e-9))
    counts, _ = np.histogram(values, bins=edges)
    return {"edges": edges.tolist(), "counts": counts.tolist()}


def bars(counts: Sequence[int]) -> str:
    """A histogram in one line."""
    marks, top = " ▁▂▃▄▅▆▇█", max(counts)
    return "".join(marks[round(8 * count / top)] for count in counts)


def _statistics(values: Costs) -> dict[str, float]:
    return {
        "min": int(values.min()),
        "max": int(values.max()),
        "mean": float(values.mean()),
        "std": float(values.std()),
    }
