"""A run whose search was multi-objective: NSGA-II with an accuracy by formula."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import fixture
import numpy as np

from escalade.artefacts.children import Children
from escalade.artefacts.searched import Searched
from escalade.core.space.layouts import to_json
from escalade.core.values.codec import encode
from escalade.report.contents import read as read_run
from escalade.report.page import write
from escalade.search import NSGA2, Constraint, drive
from escalade.spaces.load import load, read

CONSTRAINTS = {
    "bignas_small": ("macs < 3M", "params < 150k", "accuracy > 0.72"),
    "scarlet_small": ("macs < 3M", "accuracy > 0.4"),
}
KINDS = ("macs", "params", "activations")


@cache
def _searched(name: str) -> tuple[Searched, list[dict[str, Any]], Children]:
    space = load(name, in_channels=1, num_classes=10)
    rows: list[dict[str, Any]] = []

    def score(population):
        costs = {kind: space.costs(population, kind) for kind in KINDS}
        taste = np.sin(population.genomes * np.arange(1, space.num_genes + 1)).sum(axis=1)
        size = np.log2(costs["macs"] / 2e5) + 0.2 * np.log2(costs["params"] / 2e4)
        accuracy = 0.66 + 0.05 * size + 0.006 * taste
        for i, share in enumerate(accuracy):
            rows.append({k: int(v[i]) for k, v in costs.items()} | {"accuracy": float(share)})
        return accuracy

    search = NSGA2(
        space,
        seed=0,
        num_images=2000,
        constraints=[Constraint.parse(text) for text in CONSTRAINTS[name]],
        population=24,
        generations=20,
        identity_choices=space.layout.identity_choices,
    )
    found = drive(search, score=score)
    assert search.children is not None
    return found, rows, search.children


def searched(name: str = "bignas_small") -> tuple[Searched, list[dict[str, Any]]]:
    """The result, and a row for every network that was scored."""
    return _searched(name)[:2]


def found(name: str = "bignas_small") -> dict[str, Any]:
    """search.json."""
    return encode(searched(name)[0]) | {"searcher": "nsga2", "divisors": [4, 1]}


def page(folder: Path, name: str = "bignas_small") -> Path:
    """The run's report, as the report stage has it written."""
    rows = searched(name)[1]
    space = load(name, in_channels=1, num_classes=10)
    front = read_run(build(folder, name)).search.front
    running = [space.path(n.genome).running for n in front.networks]
    return write(folder, evaluations=rows, running=running)


def build(folder: Path, name: str = "bignas_small") -> Path:
    """A run folder right after the search."""
    fixture.build(folder)
    for file in ("growth.json", "family/family.json", "latency.json"):
        (folder / file).unlink()
    (folder / "search.json").write_text(json.dumps(found(name)))
    (folder / Children.FILE).write_text(json.dumps(encode(_searched(name)[2])))
    (folder / "space.json").write_text(json.dumps(to_json(read(name))))
    return folder
