"""Searches of the reference supernet: constraint on the accuracy, controller, weights (Fig. 6)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from common import lab
from common.bench import Bench
from common.files import SEEDS, read, slug
from scarlet_study.networks import spread
from scarlet_study.setting import Setting
from scarlet_study.supernets import Job, Work

SEARCHES, SEARCHED = "searches", "searched"
# The paper's 500 M of the 557 M that the largest network of its space has.
MACS_SHARE = 500 / 557
EQUAL_WEIGHTS = (1 / 3, 1 / 3, 1 / 3)
KEPT = ("generation", "hypervolume", "identity_ratio", "evaluated", "rejected")


@dataclass(frozen=True, kw_only=True)
class Kind:
    """One kind of search; the first of a study is the paper's.

    Attributes:
        name: in tables and files.
        accurate: with the constraint on the accuracy.
        controller: mutation by the PPO controller, beside the roulette wheel.
        weighted: the paper's weights of the crowding distance, not equal ones.
    """

    name: str
    accurate: bool = True
    controller: bool = True
    weighted: bool = True


PAPERS = Kind(name="the paper's")
KINDS: dict[str, tuple[Kind, ...]] = {
    "constraint": (PAPERS, Kind(name="no accuracy constraint", accurate=False)),
    "controller": (
        PAPERS,
        Kind(name="no controller", controller=False),
        Kind(name="equal weights", weighted=False),
        Kind(name="neither", controller=False, weighted=False),
    ),
}


@dataclass(frozen=True, kw_only=True)
class Asked:
    """A search to run on a supernet; `least` is the accuracy of its constraint."""

    job: Job
    kind: Kind
    seed: int
    least: float = 0.0

    @property
    def path(self) -> Path:
        """The result file, beside the store of scores."""
        return self.job.folder / SEARCHES / f"{slug(self.kind.name)}-{self.seed}.json"


def run(work: Work, study: str, seed: int) -> None:
    """Search the reference supernet of a seed in every way.

    What the accuracy must exceed is the median of the random networks' in the supernet: the paper's
    0.4 lies in the middle of what its search finds without it (0.25 to 0.57).
    """
    training = work.reference(seed)
    (job,) = work.train([training])
    work.score(work.searching, {training: spread(work.setting, training)}, SEARCHED)
    scores = work.scores(training, SEARCHED)
    assert scores is not None
    least = round(float(np.median(scores["accuracies"])), 4)
    waiting = [each for each in _asked(work, study, job, least) if read(each.path) is None]
    for each, found in work.searching.side_by_side(_search, waiting):
        lab.write_json(each.path, found)


def found(work: Work, study: str) -> list[dict[str, Any]]:
    """The finished searches."""
    return [
        {"name": each.kind.name, "seed": seed, "search_seed": each.seed} | done
        for seed in SEEDS
        for each in _asked(work, study, work.job(work.reference(seed)))
        if (done := read(each.path))
    ]


def searcher(asked: Asked, setting: Setting, *, num_images: int) -> lab.search.NSGA2:
    """The search as the paper has it, but for what its kind leaves out."""
    space, kind = asked.job.space, asked.kind
    largest = lab.Population(space.largest[None], space.base_triple[None])
    constraints = [lab.search.Constraint("macs", "<", MACS_SHARE * float(space.costs(largest)[0]))]
    if kind.accurate:
        constraints.append(lab.search.Constraint("accuracy", ">", asked.least))
    return lab.search.NSGA2(
        space,
        seed=asked.seed,
        num_images=num_images,
        objectives=lab.objectives.DEFAULT,
        weights=lab.objectives.DEFAULT_WEIGHTS if kind.weighted else EQUAL_WEIGHTS,
        constraints=constraints,
        population=setting.population,
        generations=setting.generations,
        exploitation=lab.search.PPO() if kind.controller else None,
        num_members=min(3, setting.population),
        identity_choices=space.layout.identity_choices,
    )


def _asked(work: Work, study: str, job: Job, least: float = 0.0) -> Iterator[Asked]:
    for kind in KINDS[study]:
        for search_seed in range(work.setting.searches):
            yield Asked(job=job, kind=kind, seed=search_seed, least=least)


def _search(bench: Bench, asked: Asked, link: Any) -> dict[str, Any]:
    """The front and the generations of a search; its scores are in a store of its own."""
    method = searcher(asked, asked.job.setting, num_images=len(bench.data.search))
    whole = bench.search(method, asked.job, store=asked.path.with_suffix(".sqlite"))
    front = whole["front"]
    return {
        "constraints": front["constraints"],
        "front": [
            {name: each[name] for name in ("genome", "values")} for each in front["networks"]
        ],
        "generations": [{name: each[name] for name in KEPT} for each in front["generations"]],
        "cost": whole["cost"],
    }
