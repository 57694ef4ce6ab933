"""A run's latency table: measured once, where a budget, an objective or a limit is a latency."""

from __future__ import annotations

import math

import numpy as np

from escalade.artefacts.run_folder import RunFolder
from escalade.config.settings import LatencyConfig
from escalade.core.latency.latency_table import LatencyTable
from escalade.core.network.architecture import Architecture
from escalade.core.numbers.budget import Ladder
from escalade.core.numbers.seeds import generator
from escalade.core.numbers.shown import amount, duration
from escalade.core.space.path import Population
from escalade.core.space.space import Space
from escalade.core.values.invalid import Invalid
from escalade.evaluate.store import EvaluationStore
from escalade.evaluate.timing import table_store
from escalade.evaluate.timing.part_times import TurnTimer, measure
from escalade.evaluate.timing.rule_survey import survey_alone
from escalade.evaluate.timing.space_survey import survey
from escalade.spaces import choose, load
from escalade.train.bookkeeping import Bookkeeper
from escalade.train.runtime import Runtime

NUM_GENOMES = 512


def timer(settings: LatencyConfig, runtime: Runtime) -> TurnTimer:
    """Measures as settings say."""
    return TurnTimer(runtime=runtime, batch_size=settings.batch_size, threads=settings.threads)


def nearest_space(seconds: float, measuring: TurnTimer) -> str:
    """The named space whose typical network's latency is nearest."""
    typical = [_typical(load.load(name, factors=(1.0,))) for name in choose.CANDIDATES]
    _, found = measure(
        [], num_per_group=0, networks=typical, timer=measuring, rng=generator(0, "latency")
    )
    gaps = [abs(math.log(each / seconds)) for each in found]
    return choose.CANDIDATES[gaps.index(min(gaps))]


def measured(
    space: Space, ladder: Ladder, *, num_grown: int, rule: str, measuring: TurnTimer
) -> LatencyTable:
    """A table of this device, measured now.

    Args:
        space: with the data's channels and classes.
        ladder: sizes that members may have.
        rule: that scales what is trained alone.
    """
    with measuring.runtime.private_randomness():
        if space.traits.has_supernet:
            return survey(
                space,
                ladder=ladder,
                num_grown=num_grown,
                timer=measuring,
                settings=measuring.settings,
            )
        return survey_alone(
            space,
            ladder=ladder,
            num_grown=num_grown,
            rule=rule,
            timer=measuring,
            settings=measuring.settings,
        )


def keep(folder: RunFolder, table: LatencyTable, books: Bookkeeper) -> None:
    """Put a measured table into a run's store, and what it took into the ledger."""
    with EvaluationStore(folder.store) as store:
        table_store.save(store, table)
    books.put("latency", "table", seconds=table.seconds)


def find(folder: RunFolder) -> LatencyTable | None:
    """A run's table, None where there is none yet."""
    if not folder.store.exists():
        return None
    with EvaluationStore(folder.store, read_only=True) as store:
        return table_store.load(store)


def read(folder: RunFolder) -> LatencyTable:
    """A run's table.

    Raises:
        Invalid: if it has none.
    """
    table = find(folder)
    if table is None:
        raise Invalid(
            "has no latency table",
            path=(str(folder.store),),
            remedy="`escalade run` with the run's own options measures it",
        )
    return table


def describe(table: LatencyTable) -> list[str]:
    """A table and its check for people, a line each."""
    overhead, factor = table.correction
    took = f" in {duration(table.seconds)}" if table.seconds else ""
    return [
        f"on {table.settings}: {len(table.parts)} parts measured{took}; a "
        f"network takes {amount(overhead, 'latency')} and {factor:.2f} times the sum of its parts",
        str(table.check),
    ]


def _typical(space: Space) -> Architecture:
    """The base network of middling macs."""
    genomes = space.sample_genomes(generator(0, "choose"), NUM_GENOMES)
    rows = np.repeat(space.base_triple[None], len(genomes), axis=0)
    population = Population(genomes, rows)
    middle = np.argsort(space.costs(population), kind="stable")[len(genomes) // 2]
    return space.paths(population[middle : middle + 1])[0].architecture
