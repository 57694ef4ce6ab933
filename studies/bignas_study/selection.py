"""Coarse-to-fine selection against evolution and random search, at equal evaluations (Fig. 8)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from bignas_study.plan import Plan, Work
from bignas_study.setting import SELECTED, Setting
from bignas_study.supernets import Job
from common.files import read
from escalade.artefacts.files import write_json
from escalade.core.space.path import Path as NetworkPath
from escalade.search import Evolution, IndependentSearch, RandomSearch, Searcher
from escalade.search.coarse.grid_search import CoarseToFine

SEARCHERS = ("coarse to fine", "evolution", "random")
NUM_SEARCHES = 3  # of each searcher on a supernet


def run(work: Work, seed: int) -> None:
    """Search the best recipe's supernet of a seed; score what was found on all judge images."""
    (job,) = work.train([work.plan.steady(seed)])
    for search_seed in range(NUM_SEARCHES):
        for name in SEARCHERS:
            path = _path(job, name, search_seed)
            if read(path) is not None:
                continue
            searcher = _searcher(name, job, work.setting, search_seed, work)
            stored = job.folder / "evaluations.sqlite"
            found = work.searching.search(searcher, job, store=stored)
            del found["cost"]  # the store is shared
            genomes = [stage["genome"] for stage in found["stages"]]
            space = job.space
            chosen: list[NetworkPath] = [space.path(genome) for genome in genomes]
            found["judged"] = work.judging().score(job, chosen)
            write_json(path, found)


def found(plan: Plan, seed: int) -> list[dict[str, Any]]:
    """What every finished search chose: its score, and the judge images' accuracy."""
    job = plan.job(plan.steady(seed))
    rows = []
    for name in SEARCHERS:
        for search_seed in range(NUM_SEARCHES):
            done = read(_path(job, name, search_seed))
            if done is not None:
                rows.append(
                    {
                        "searcher": name,
                        "seed": seed,
                        "search_seed": search_seed,
                        "budgets": [stage["budget"] for stage in done["stages"]],
                        "scores": [stage["score"] for stage in done["stages"]],
                        "macs": [stage["macs"] for stage in done["stages"]],
                        "judged": done["judged"],
                        "evaluations": done["evaluations"]["distinct"],
                    }
                )
    return rows


def _path(job: Job, name: str, search_seed: int) -> Path:
    return job.folder / "selection" / f"{name.replace(' ', '-')}-{search_seed}.json"


def _searcher(name: str, job: Job, setting: Setting, seed: int, work: Work) -> Searcher:
    """All may score (skeletons + variations) networks for each budget."""
    each = setting.skeletons + setting.variations
    space = job.space
    num_images = len(work.searching.data.search)
    if name == "coarse to fine":
        return CoarseToFine(
            space,
            budgets=SELECTED,
            seed=seed,
            num_images=num_images,
            num_skeletons=setting.skeletons,
            num_variations=setting.variations,
        )
    if name == "evolution":
        evolution = Evolution(population=setting.population, generations=each // setting.population)
        return IndependentSearch(
            space, budgets=SELECTED, seed=seed, num_images=num_images, evolution=evolution
        )
    return RandomSearch(
        space,
        budgets=SELECTED,
        seed=seed,
        num_images=num_images,
        num_evaluations=each * len(SELECTED),
    )
