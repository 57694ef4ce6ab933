"""Makes a space's latency table: which parts and networks are measured."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from escalade.core.latency.latency_table import LatencyTable
from escalade.core.latency.work import Work
from escalade.core.network.architecture import Architecture
from escalade.core.numbers.budget import Ladder
from escalade.core.numbers.seeds import generator
from escalade.core.scaling.ratios import Scaling, apply
from escalade.core.space.path import IntArray, Population
from escalade.core.space.space import Space
from escalade.core.space.space_summary import candidate_paths
from escalade.evaluate.timing.part_times import Timer, measure

# Networks drawn, and parts of each group measured, for a rough table and near the budgets.
NUM_ROUGH, ROUGH_PER_GROUP = 48, 8
NUM_NEAR, NEAR_PER_GROUP = 192, 24
NUM_BEYOND = 48
# Networks measured whole: to fit overhead and factor, among them some as large as grown members,
# and to check the table.
NUM_CALIBRATION, NUM_LARGE, NUM_CHECKED = 20, 6, 20
# A budget's neighbours: the nearest of so many drawn paths.
NUM_DRAWN, NEAREST_SHARE = 1024, 0.25
# Overhead does not grow, so macs grow faster than latency; grown networks are drawn up to here.
MACS_POWER = 1.5


@dataclass(frozen=True, slots=True, kw_only=True)
class ToMeasure:
    """Networks whose parts are measured, and those that are measured whole.

    Attributes:
        architectures: whose parts are.
        calibration: whole, for overhead and factor.
        checked: whole, to check the table.
    """

    architectures: Sequence[Architecture]
    calibration: Sequence[Architecture]
    checked: Sequence[Architecture]


def survey(
    space: Space, *, ladder: Ladder, num_grown: int, timer: Timer, settings: str
) -> LatencyTable:
    """Measure a space on this device, in about a minute at most for small images.

    A rough table over the whole space tells which networks are near the budgets; then parts of
    those are measured, and of networks scaled beyond the last budget where members will be grown.

    Args:
        space: with the data's channels and classes.
        ladder: budgets, of kind latency or of another that says which networks matter.
        settings: under what, as the table keeps it.

    Raises:
        ValueError: if no strategy of the space comes near a budget's factor.
    """
    start = time.perf_counter()
    rng = generator(0, "latency", space.name)
    anywhere = networks_anywhere(space, rng)
    rough, _ = measure(anywhere, num_per_group=ROUGH_PER_GROUP, timer=timer, rng=rng)
    roughly = space.with_latency(LatencyTable(settings=settings, parts=rough))
    chosen = choose(roughly, ladder=ladder, num_grown=num_grown, rng=rng)
    return tabulate(
        chosen.architectures,
        calibration=chosen.calibration,
        checked=chosen.checked,
        rough=rough,
        timer=timer,
        settings=settings,
        rng=rng,
        start=start,
    )


def choose(space: Space, *, ladder: Ladder, num_grown: int, rng: np.random.Generator) -> ToMeasure:
    """Networks near budgets and beyond them; the arguments are those of `survey`."""
    near = _near(space, ladder, rng, NUM_NEAR)
    beyond = _beyond(near, ladder, num_grown, rng)
    drawn = _distinct(_near(space, ladder, rng, 2 * (NUM_CALIBRATION + NUM_CHECKED)))
    return ToMeasure(
        architectures=[*near, *beyond],
        calibration=drawn[NUM_CHECKED:][:NUM_CALIBRATION] + beyond[:NUM_LARGE],
        checked=drawn[:NUM_CHECKED],
    )


def tabulate(
    architectures: Sequence[Architecture],
    *,
    calibration: Sequence[Architecture],
    checked: Sequence[Architecture],
    rough: Mapping[Work, float],
    timer: Timer,
    settings: str,
    rng: np.random.Generator,
    start: float,
) -> LatencyTable:
    """Measure parts of networks, and some networks whole, and make a table of them.

    Args:
        architectures: whose parts are measured.
        calibration: measured whole, for overhead and factor.
        checked: measured whole, to check the table.
        rough: parts measured before.
        start: when measuring began, by `time.perf_counter`.
    """
    parts, times = measure(
        architectures,
        num_per_group=NEAR_PER_GROUP,
        networks=[*checked, *calibration],
        timer=timer,
        rng=rng,
    )
    return LatencyTable(
        settings=settings,
        parts={**rough, **parts},
        checked=tuple(zip(checked, times, strict=False)),
        calibration=tuple(zip(calibration, times[len(checked) :], strict=True)),
        seconds=time.perf_counter() - start,
    )


def networks_anywhere(space: Space, rng: np.random.Generator) -> list[Architecture]:
    """Networks of any genome under any combination of ratios."""
    if not space.traits.scales:
        drawn = candidate_paths(space, rng, 0, num=NUM_ROUGH)
        # With what slices have and stand-alone networks have not.
        both = ((path.architecture, path.running) for path in space.paths(drawn))
        return [network for pair in both for network in dict.fromkeys(pair)]
    return _networks(space, space.ratios.product(), NUM_ROUGH, rng)


def _near(space: Space, ladder: Ladder, rng: np.random.Generator, num: int) -> list[Architecture]:
    """Networks of every stage in turn, among those nearest to its budget."""
    stages = []
    for stage, budget in enumerate(ladder.budgets):
        drawn = candidate_paths(space, rng, stage, num=NUM_DRAWN)
        gaps = np.abs(np.log(space.costs(drawn, ladder.kind) / budget.target))
        nearest = np.argsort(gaps, kind="stable")[: int(NUM_DRAWN * NEAREST_SHARE)]
        picks = rng.permutation(nearest)[: -(-num // len(ladder.budgets))]
        stages.append([path.architecture for path in space.paths(drawn[picks])])
    return [each for turn in zip(*stages, strict=True) for each in turn][:num]


def _beyond(
    near: Sequence[Architecture], ladder: Ladder, num_grown: int, rng: np.random.Generator
) -> list[Architecture]:
    """Networks of the last stage made wider and finer, as far as grown members may be."""
    if num_grown == 0:
        return []
    reach = ladder.grown(num_grown)[-1].target / ladder.budgets[-1].target
    last = near[len(ladder.budgets) - 1 :: len(ladder.budgets)]
    scaled = []
    for i in range(NUM_BEYOND):
        factor, share = reach ** (MACS_POWER * rng.random()), rng.random()
        scaling = Scaling(1.0, factor ** (share / 2), factor ** ((1 - share) / 2))
        base = last[i % len(last)]
        scaled.append(
            apply(
                base,
                scaling,
                width_divisor=base.rounding.width,
                resolution_divisor=base.rounding.resolution,
            )
        )
    return scaled


def _networks(
    space: Space, rows: IntArray, num: int, rng: np.random.Generator
) -> list[Architecture]:
    return [path.architecture for path in space.paths(_population(space, rows, num, rng))]


def _population(space: Space, rows: IntArray, num: int, rng: np.random.Generator) -> Population:
    return Population(space.sample_genomes(rng, num), rows[rng.integers(0, len(rows), num)])


def _distinct(networks: Sequence[Architecture]) -> list[Architecture]:
    return list({network.key: network for network in networks}.values())
