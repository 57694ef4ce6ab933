"""The report stage."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from escalade.api import latency
from escalade.api.run_folder import RunFolder
from escalade.api.session import Session, path_sampler
from escalade.artefacts.files import write_json, write_text
from escalade.config import Config
from escalade.core.numbers.seeds import generator
from escalade.core.space.population import Population
from escalade.core.space.space import Space
from escalade.core.space.space_summary import histogram
from escalade.evaluate.store import Store
from escalade.report import page

NUM_PATHS = 20_000


def report(session: Session) -> None:
    """Write report.html from what the run folder holds; nothing is measured here."""
    folder = session.folder
    histograms = _histograms(session.config, _space(folder, session.config))
    path = page.write(folder.path, evaluations=_evaluations(folder), histograms=histograms)
    session.console.say(f"report: {path}")


def _evaluations(folder: RunFolder) -> list[dict[str, Any]]:
    if not folder.store.exists():
        return []
    with Store(folder.store, read_only=True) as store:
        return [
            {
                "macs": row.macs,
                "params": row.params,
                "activations": row.activations,
                "accuracy": row.num_correct / row.num_images,
            }
            for row in store.rows()
        ]


def _space(folder: RunFolder, config: Config) -> Space:
    space = folder.load_space(config)
    return latency.with_stored(folder, config, space)


def _histograms(config: Config, space: Space) -> dict[str, Any]:
    """Path costs by sampler (Fig. 3), with this run's window; of a design space, as it draws."""
    if not space.traits.has_supernet:
        genomes = space.sample_genomes(generator(config.seed, "report"), NUM_PATHS)
        drawn = Population.unscaled(genomes)
        return {space.traits.noun: histogram(space.costs(drawn, config.budget_kind))}
    made = {}
    for name in ("uniform", "hierarchical") if space.traits.scales else ("uniform",):
        chosen = replace(config, supernet=replace(config.supernet, sampler=name, weights="equal"))
        drawn = path_sampler(chosen, space).draw(generator(config.seed, "report", name), NUM_PATHS)
        made[name] = histogram(space.costs(drawn, config.budget_kind))
    return made


def write_plan(session: Session) -> None:
    """What was planned, for the report: data, splits, space."""
    data, space = session.data, session.space
    write_json(
        session.folder.plan,
        {
            "data": data.name,
            "classes": list(data.classes),
            "split": {"train": len(data.train), "search": len(data.search), "test": len(data.test)},
            "skipped": [list(entry) for entry in data.skipped],
            "space": {
                "name": space.name,
                "size": space.size,
                "distinct": space.distinct,
            },
        }
        | latency.planned(space),
    )


def collect_metrics(folder: RunFolder) -> None:
    """Bring the members' training curves into metrics.jsonl, each as its own stage."""
    known, before = set(), ""
    if folder.metrics.exists():
        before = folder.metrics.read_text(encoding="utf-8")
        known = {json.loads(line)["stage"] for line in before.splitlines()}
    lines = []
    for path in sorted(folder.training.glob("*/metrics.jsonl")):
        stage = f"retrain/{path.parent.name.replace('-', ' ')}"
        if stage not in known:
            for line in path.read_text(encoding="utf-8").splitlines():
                lines.append(json.dumps(json.loads(line) | {"stage": stage}) + "\n")
    if lines:
        write_text(folder.metrics, before + "".join(lines))
