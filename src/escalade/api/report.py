"""The report stage: the page of what the run folder holds."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import Any

from escalade.artefacts.searched import Searched
from escalade.core.network.architecture import Architecture
from escalade.core.numbers.seeds import generator
from escalade.core.space.path import Population
from escalade.core.space.space_summary import histogram
from escalade.core.values.codec import encode
from escalade.evaluate.store import EvaluationStore
from escalade.planning.resolved_run import Run
from escalade.report import page
from escalade.report.figures.paths import TRAINED
from escalade.train.steps import path_sampler

NUM_PATHS = 20_000


def report(run: Run) -> None:
    """Write report.html; nothing is measured here, and no image is read."""
    path = page.write(
        run.folder.path,
        evaluations=_evaluations(run),
        histograms=_histograms(run),
        running=_running(run),
        settings=encode(run.config),
        traits=run.base_space.traits,
    )
    run.console.say(f"report: {path}")


def _evaluations(run: Run) -> list[dict[str, Any]]:
    if not run.folder.store.exists():
        return []
    with EvaluationStore(run.folder.store, read_only=True) as store:
        return [
            {
                "macs": row.macs,
                "params": row.params,
                "activations": row.activations,
                "accuracy": row.value,
            }
            for row in store.rows()
            if row.count is not None
        ]


def _running(run: Run) -> list[Architecture]:
    searched = run.folder.find(Searched)
    if searched is None or searched.front is None:
        return []
    return [run.base_space.path(network.genome).running for network in searched.front.networks]


def _histograms(run: Run) -> dict[str, Any]:
    """Path costs by sampler (Fig. 3), with this run's window; of a space as it draws.

    The run's own is as it trained, with its weights of stages; the other is what it would have
    drawn. A sandwich's largest and smallest path come to these.
    """
    space, config, kind = run.base_space, run.config, run.config.budget_kind
    if run.table is not None:
        space = space.with_latency(run.table)
    if not space.traits.has_supernet:
        genomes = space.sample_genomes(generator(config.seed, "report"), NUM_PATHS)
        return {space.traits.noun: histogram(space.costs(Population.unscaled(genomes), kind))}
    made = {}
    own = config.supernet
    for name in ("uniform", "hierarchical") if space.traits.scales else (own.sampler,):
        settings = own if name == own.sampler else replace(own, sampler=name, weights="equal")
        sampler = path_sampler(settings, space, run.budgets)
        shown = name if space.traits.scales else "uniform"
        with suppress(ValueError):  # where hardly any path has a budget's cost
            drawn = sampler.draw(generator(config.seed, "report", name), NUM_PATHS)
            made[shown + TRAINED * (name == own.sampler)] = histogram(space.costs(drawn, kind))
    return made
