"""Latency tables of networks that scaling rules make: of one base, or of a design space."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence

import numpy as np

from escalade.core.latency.latency_table import LatencyTable
from escalade.core.network import cost
from escalade.core.network.architecture import Architecture
from escalade.core.numbers.budget import Ladder
from escalade.core.numbers.seeds import generator
from escalade.core.scaling.rules import Rule, parse
from escalade.core.scaling.scale_by import scaled_by
from escalade.core.space.path import IntArray, Population
from escalade.core.space.space import Space
from escalade.evaluate.timing.part_times import Timer, measure
from escalade.evaluate.timing.space_survey import (
    MACS_POWER,
    NUM_CALIBRATION,
    NUM_CHECKED,
    NUM_LARGE,
    NUM_ROUGH,
    ROUGH_PER_GROUP,
    tabulate,
)

# Scaled networks: drawn, of which so many are measured whole, half of these to check the table.
NUM_SCALED, NUM_WHOLE = 64, 24
# All networks measured whole stay in memory: with so many parameters at most.
MOST_PARAMS = 400_000_000
# Of a design space: genomes drawn, the nearest of them to the first budget, and networks beyond.
NUM_DRAWN, NUM_NEAR, NUM_BEYOND = 4096, 128, 64


def survey_scaled(
    base: Architecture, *, rule: str, low: float, high: float, timer: Timer, settings: str
) -> LatencyTable:
    """Measure a base and what rules make of it between two factors in macs.

    Half of the networks are the rule's own, the others share the factor out at random, so that the
    table also serves other rules.

    Args:
        rule: as `core.scaling.rules.parse` reads it.
        settings: under what, as the table keeps it.

    Raises:
        ValueError: for an unknown rule.
    """
    start, rng, chosen = time.perf_counter(), generator(0, "latency", base.key), parse(rule)
    places = [i / (NUM_SCALED - 1) for i in range(NUM_SCALED)]
    made = [
        network
        for i, place in enumerate(places)
        for network in _scaled(
            base, chosen if i % 2 == 0 else _any_rule(rng), low * (high / low) ** place
        )
    ]
    # Both ends, and what lies evenly between.
    steps = [round(i * (len(made) - 1) / (NUM_WHOLE - 1)) for i in range(NUM_WHOLE)]
    whole = _affordable([base, *(made[i] for i in steps)])
    return tabulate(
        [base, *made],
        calibration=whole[::2],
        checked=whole[1::2],
        rough={},
        timer=timer,
        settings=settings,
        rng=rng,
        start=start,
    )


def survey_alone(
    space: Space, *, ladder: Ladder, num_grown: int, rule: str, timer: Timer, settings: str
) -> LatencyTable:
    """Measure a design space near the first budget, and what rules make of it up to the last.

    Args:
        space: with the data's channels and classes.
        ladder: budgets of kind latency.
        rule: that scales the best network.
        settings: under what, as the table keeps it.
    """
    start, rng, chosen = time.perf_counter(), generator(0, "latency", space.name), parse(rule)
    anywhere = _networks(space, space.sample_genomes(rng, NUM_ROUGH))
    rough, _ = measure(anywhere, num_per_group=ROUGH_PER_GROUP, timer=timer, rng=rng)
    roughly = space.with_latency(LatencyTable(settings=settings, parts=rough))
    near = _near(roughly, ladder.budgets[0].target, rng)
    last = (*ladder.budgets, *ladder.grown(num_grown))[-1]
    reach = (last.target / ladder.budgets[0].target) ** MACS_POWER
    beyond = [
        network
        for i, base in enumerate(near[:NUM_BEYOND])
        for network in _scaled(
            base, chosen if i % 2 == 0 else _any_rule(rng), reach ** rng.random()
        )
    ]
    bases = list({each.key: each for each in near}.values())
    known = {each.key for each in bases}
    scaled = list({each.key: each for each in beyond if each.key not in known}.values())
    half, large = NUM_CHECKED // 2, NUM_LARGE + NUM_CHECKED // 2
    checked = bases[:half] + scaled[:half]
    calibration = bases[half:][: NUM_CALIBRATION // 2] + scaled[half:][:large]
    return tabulate(
        [*near, *beyond],
        calibration=calibration,
        checked=checked,
        rough=rough,
        timer=timer,
        settings=settings,
        rng=rng,
        start=start,
    )


def _near(space: Space, target: float, rng: np.random.Generator) -> list[Architecture]:
    """Networks of the space whose rough latency is nearest to a target, in random order."""
    genomes = space.sample_genomes(rng, NUM_DRAWN)
    gaps = np.abs(np.log(space.costs(Population.unscaled(genomes), "latency") / target))
    nearest = rng.permutation(np.argsort(gaps, kind="stable")[:NUM_NEAR])
    return _networks(space, genomes[nearest])


def _networks(space: Space, genomes: IntArray) -> list[Architecture]:
    return [path.architecture for path in space.paths(Population.unscaled(genomes))]


def _scaled(base: Architecture, rule: Rule, factor: float) -> Iterator[Architecture]:
    """The network, or none where the factor leaves none."""
    try:
        yield scaled_by(base, rule, factor)
    except ValueError:
        return


def _any_rule(rng: np.random.Generator) -> Rule:
    depth, width, resolution = (float(share) for share in rng.dirichlet((1, 1, 1)))
    return Rule("any", depth, width, resolution, group_width=width)


def _affordable(networks: Sequence[Architecture]) -> list[Architecture]:
    """Distinct networks, from the front and the back in turn while memory lasts, in order."""
    distinct = list({network.key: network for network in networks}.values())
    kept: set[str] = set()
    total = 0
    order = sorted(range(len(distinct)), key=lambda i: min(i, len(distinct) - 1 - i))
    for i in order:
        total += cost.of(distinct[i]).params
        if total <= MOST_PARAMS or len(kept) < 4:
            kept.add(distinct[i].key)
    return [network for network in distinct if network.key in kept]
