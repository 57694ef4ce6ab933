"""Searches of the reference supernet: constraint on the accuracy, controller, weights (Fig. 6)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from common.bench import Bench
from common.files import read
from common.side_by_side import side_by_side
from escalade.artefacts.files import write_json
from escalade.core.space.population import Population
from escalade.search import NSGA2, PPO, Constraint
from escalade.search.front.objectives import DEFAULT, DEFAULT_WEIGHTS
from scarlet_study.networks import spread
from scarlet_study.plan import Plan, Work
from scarlet_study.setting import Setting
from scarlet_study.supernets import Job

SEARCHES, SEARCHED = "searches", "searched"
# The paper's 500 M of the 557 M that the largest network of its space has.
MACS_SHARE = 500 / 557
EQUAL_WEIGHTS = (1 / 3, 1 / 3, 1 / 3)


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
    least: float

    @property
    def path(self) -> Path:
        """The result file, beside the store of scores."""
        return _path(self.job, self.kind, self.seed)


def run(work: Work, name: str, seed: int) -> None:
    """Search the reference supernet of a seed in every way."""
    training = work.plan.reference(seed)
    (job,) = work.train([training])
    work.score(work.searching, [(training, spread(work.setting, training))], SEARCHED)
    limit = least(work.plan, seed)
    assert limit is not None
    asked = [
        Asked(job=job, kind=kind, seed=search_seed, least=limit)
        for search_seed in range(work.setting.searches)
        for kind in KINDS[name]
    ]
    waiting = [each for each in asked if read(each.path) is None]
    for each, found in side_by_side(work.searching, _search, waiting):
        write_json(each.path, found)


def least(plan: Plan, seed: int) -> float | None:
    """What the accuracy must exceed: the median of the random networks' in the supernet.

    The paper's 0.4 lies in the middle of what its search finds without it (0.25 to 0.57). None
    while they are not scored.
    """
    scores = plan.scores(plan.reference(seed), SEARCHED)
    return None if scores is None else round(float(np.median(scores["accuracies"])), 4)


def found(plan: Plan, name: str, seed: int) -> list[dict[str, Any]]:
    """The finished searches on a seed's supernet."""
    job = plan.job(plan.reference(seed))
    rows = []
    for kind in KINDS[name]:
        for search_seed in range(plan.setting.searches):
            done = read(_path(job, kind, search_seed))
            if done is not None:
                rows.append({"name": kind.name, "seed": seed, "search_seed": search_seed} | done)
    return rows


def searcher(asked: Asked, setting: Setting, *, num_images: int) -> NSGA2:
    """The search as the paper has it, but for what its kind leaves out."""
    space, kind = asked.job.space, asked.kind
    costs = space.costs(Population(space.largest[None], space.base_triple[None]))
    constraints = [Constraint("macs", "<", MACS_SHARE * float(costs[0]))]
    if kind.accurate:
        constraints.append(Constraint("accuracy", ">", asked.least))
    return NSGA2(
        space,
        seed=asked.seed,
        num_images=num_images,
        objectives=DEFAULT,
        weights=DEFAULT_WEIGHTS if kind.weighted else EQUAL_WEIGHTS,
        constraints=constraints,
        population=setting.population,
        generations=setting.generations,
        exploitation=PPO() if kind.controller else None,
        num_members=min(3, setting.population),
        identity_choices=space.identity_choices,
    )


def _path(job: Job, kind: Kind, seed: int) -> Path:
    words = kind.name.replace("'", "").replace(" ", "-")
    return job.folder / SEARCHES / f"{words}-{seed}.json"


def _search(bench: Bench, asked: Asked) -> dict[str, Any]:
    """The front and the generations of a search; its scores are in a store of its own."""
    method = searcher(asked, asked.job.setting, num_images=len(bench.data.search))
    store = asked.path.with_suffix(".sqlite")
    whole = bench.search(method, asked.job, store=store)
    front = whole["front"]
    return {
        "constraints": front["constraints"],
        "front": [
            {"genome": network["genome"], "values": network["values"]}
            for network in front["networks"]
        ],
        "generations": [
            {
                name: generation[name]
                for name in ("generation", "hypervolume", "identity_ratio", "evaluated", "rejected")
            }
            for generation in front["generations"]
        ],
        "cost": whole["cost"],
    }
