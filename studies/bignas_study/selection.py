"""Coarse-to-fine selection against evolution and random search, at equal evaluations (Fig. 8)."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

from bignas_study.setting import Setting
from bignas_study.space import SELECTED
from bignas_study.supernets import Job, Work
from common import lab
from common.files import SEEDS, once, read, slug

SEARCHERS = ("coarse to fine", "evolution", "random")
NUM_SEARCHES = 3  # of each searcher on a supernet


def run(work: Work, seed: int) -> None:
    """Search the best recipe's supernet of a seed; score what was found on all judge images."""
    (job,) = work.train([work.steady(seed)])
    for name, search_seed, path in _searches(job):
        once(path, partial(_search, work, job, name, search_seed))


def found(work: Work) -> list[dict[str, Any]]:
    """What every finished search chose: its score, and the judge images' accuracy."""
    return [
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
        for seed in SEEDS
        for name, search_seed, path in _searches(work.job(work.steady(seed)))
        if (done := read(path))
    ]


def _searches(job: Job) -> Iterator[tuple[str, int, Path]]:
    """Searcher, seed and result file."""
    for name in SEARCHERS:
        for seed in range(NUM_SEARCHES):
            yield name, seed, job.folder / "selection" / f"{slug(name)}-{seed}.json"


def _search(work: Work, job: Job, name: str, seed: int) -> dict[str, Any]:
    searcher = _searcher(name, job, work.setting, seed, len(work.searching.data.search))
    found = work.searching.search(searcher, job, store=job.folder / "evaluations.sqlite")
    del found["cost"]  # the store is shared
    chosen = [job.space.path(stage["genome"]) for stage in found["stages"]]
    return found | {"judged": work.judging().score(job, chosen)}


def _searcher(name: str, job: Job, setting: Setting, seed: int, num_images: int) -> lab.Searcher:
    """All may score (skeletons + variations) networks for each budget."""
    each = setting.skeletons + setting.variations
    common: dict[str, Any] = {"budgets": SELECTED, "seed": seed, "num_images": num_images}
    if name == "coarse to fine":
        sizes = {"num_skeletons": setting.skeletons, "num_variations": setting.variations}
        return lab.search.CoarseToFine(job.space, **common, **sizes)
    if name == "evolution":
        num = setting.population
        evolution = lab.Evolution(population=num, generations=each // num)
        return lab.search.IndependentSearch(job.space, **common, evolution=evolution)
    return lab.search.RandomSearch(job.space, **common, num_evaluations=each * len(SELECTED))
