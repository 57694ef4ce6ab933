"""Latency budgets: the table that a run measures once, and the space it is for."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np

from escalade.api import sizes
from escalade.api.run_folder import RunFolder
from escalade.config import Config
from escalade.core.latency import latency_table
from escalade.core.latency.latency_table import LatencyTable
from escalade.core.network.architecture import Architecture
from escalade.core.numbers.budget import format_seconds
from escalade.core.numbers.seeds import generator
from escalade.core.space.population import Population
from escalade.core.space.space import Space
from escalade.evaluate import latency_store
from escalade.evaluate.latency_survey import survey
from escalade.evaluate.layer_times import TurnTimer, measure
from escalade.evaluate.ledger import Entry, Ledger
from escalade.evaluate.rule_survey import survey_design
from escalade.evaluate.store import Store
from escalade.spaces import choose, load
from escalade.train.runtime import Runtime

NUM_GENOMES = 512


def timer(config: Config, runtime: Runtime) -> TurnTimer:
    """Measures as the run's settings say."""
    settings = config.latency
    return TurnTimer(runtime=runtime, batch_size=settings.batch_size, threads=settings.threads)


def with_space(config: Config, runtime: Runtime) -> Config:
    """A space for latency budgets that name none: the one whose typical network is nearest."""
    if config.budget_kind != "latency" or config.space is not None:
        return config
    typical = [_typical(load.load(name, factors=(1.0,))) for name in choose.CANDIDATES]
    _, seconds = measure(
        [],
        num_per_group=0,
        networks=typical,
        timer=timer(config, runtime),
        rng=generator(0, "latency"),
    )
    gaps = [abs(math.log(found / config.budgets[0])) for found in seconds]
    return replace(config, space=choose.CANDIDATES[gaps.index(min(gaps))])


def as_begun(config: Config, folder: RunFolder) -> Config:
    """With the space that the run in the folder chose, where none is named."""
    if config.budget_kind != "latency" or config.space is not None:
        return config
    return replace(config, space=folder.load_config().space)


def with_table(config: Config, space: Space, runtime: Runtime) -> Space:
    """The space with a table measured now; as it is where the run needs none.

    Args:
        config: with the ladder, or the constraints on a front.
        space: with the data's channels and classes.
        runtime: where to measure.
    """
    if not config.needs_latency:
        return space
    with runtime.private_randomness():
        table = _measured(config, space, timer(config, runtime))
    return space.with_latency(table)


def _measured(config: Config, space: Space, measuring: TurnTimer) -> LatencyTable:
    if not space.traits.has_supernet:
        return survey_design(
            space,
            ladder=config.ladder,
            num_grown=config.grow.num,
            rule=config.grow.rule,
            timer=measuring,
            settings=measuring.settings,
        )
    if not config.budgets:
        config = sizes.expected(_untimed(config), space)
    return survey(
        space,
        ladder=config.ladder,
        num_grown=config.grow.num,
        timer=measuring,
        settings=measuring.settings,
    )


def _untimed(config: Config) -> Config:
    """The configuration with macs in the place of latencies, which nothing predicts yet."""
    kept = [each.text for each in sizes.constraints_of(config) if each.measure != "latency"]
    return replace(config, budget_kind="macs", search=replace(config.search, constraints=kept))


def keep(folder: RunFolder, table: LatencyTable, runtime: Runtime) -> None:
    """Put a measured table into the run's store, and what it took into the ledger."""
    with Store(folder.store) as store:
        latency_store.save(store, table)
    Ledger(folder.ledger).put(
        Entry(
            stage="latency",
            name="table",
            device_seconds=table.seconds,
            wall_seconds=table.seconds,
            device=runtime.device_name,
        )
    )


def stored(folder: RunFolder) -> LatencyTable | None:
    """The run's table, None where there is none yet."""
    if not folder.store.exists():
        return None
    with Store(folder.store, read_only=True) as store:
        return latency_store.load(store)


def with_stored(folder: RunFolder, config: Config, space: Space) -> Space:
    """The space with the run's table, where it needs one.

    Raises:
        ValueError: if the run has no table.
    """
    if not config.needs_latency:
        return space
    return space.with_latency(table_of(folder))


def table_of(folder: RunFolder) -> LatencyTable:
    """The run's table.

    Raises:
        ValueError: if it has none.
    """
    table = stored(folder)
    if table is None:
        raise ValueError(
            f"{folder.store}: has no latency table; `escalade run` with the run's own options "
            "measures it"
        )
    return table


def planned(space: Space) -> dict[str, Any]:
    """What plan.json holds beyond the space itself, where there is a latency table."""
    return {} if space.latency is None else {"latency": space.latency.to_json()}


def describe(table: LatencyTable) -> list[str]:
    """A table and its check for people, a line each."""
    overhead, factor = table.correction
    return [
        f"on {table.settings}: {len(table.parts)} parts measured in {table.seconds:.0f} s; a "
        f"network takes {format_seconds(overhead)} and {factor:.2f} times the sum of its parts",
        latency_table.describe(table.to_json()["check"]),
    ]


def _typical(space: Space) -> Architecture:
    """The base network of middling macs."""
    genomes = space.sample_genomes(generator(0, "choose"), NUM_GENOMES)
    rows = np.repeat(space.base_triple[None], len(genomes), axis=0)
    population = Population(genomes, rows)
    middle = np.argsort(space.costs(population), kind="stable")[len(genomes) // 2]
    return space.paths(population[middle : middle + 1])[0].architecture
