"""Part (c): the searched families and their grown members (Table 3, Fig. 7d)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from common import lab
from common.bench import Bench
from common.files import once, read
from common.lab import Architecture
from common.supernets import SUPERNETS, SampledJob
from sampling_study.setting import SAMPLERS, Setting

# Families are compared up to s3, searched or grown.
TOP = 3
SEARCHED = "searched"


@dataclass(frozen=True, kw_only=True)
class Row:
    """A row of Table 3: how the supernet was sampled, M and T."""

    sampler: str
    num_scaled: int
    iterations: int


@dataclass(frozen=True, kw_only=True)
class Member:
    """A network of a family: searched, or grown by one of the three functions."""

    stage: int
    form: str
    architecture: Architecture


def rows(setting: Setting, *, table3: bool) -> list[Row]:
    """Every sampler; with `table3` also the other M and T of Table 3, hierarchical."""
    own = (setting.num_scaled, setting.iterations)
    found = [Row(sampler=s, num_scaled=own[0], iterations=own[1]) for s in SAMPLERS]
    if table3:
        others = [(m, own[1]) for m in (1, 2, 3)] + [(own[0], t) for t in (1, 2, 4, 6, 8)]
        made = [Row(sampler="hierarchical", num_scaled=m, iterations=t) for m, t in others]
        found += [row for row in dict.fromkeys(made) if row not in found]
    return found


def supernet_folder(folder: Path, sampler: str, num_scaled: int, seed: int) -> Path:
    return folder / SUPERNETS / f"{sampler}-m{num_scaled}-seed{seed}"


def search_family(
    bench: Bench, setting: Setting, row: Row, job: SampledJob, *, seed: int
) -> list[Member]:
    """Search on a trained supernet and grow; from the result file where there is one."""
    return members(
        once(result_path(job.folder, row), lambda: _search(bench, setting, row, job, seed))
    )


def found(folder: Path, row: Row, seed: int) -> dict[str, Any] | None:
    """The result file of a row's search, None while there is none."""
    return read(result_path(supernet_folder(folder, row.sampler, row.num_scaled, seed), row))


def result_path(folder: Path, row: Row) -> Path:
    return folder / f"family-t{row.iterations}.json"


def members(found: dict[str, Any]) -> list[Member]:
    """The members that a result file names."""
    return [
        Member(
            stage=each["stage"],
            form=each.get("form", SEARCHED),
            architecture=Architecture.from_json(each["architecture"]),
        )
        for each in (*found["stages"], *found["grown"])
    ]


def _search(bench: Bench, setting: Setting, row: Row, job: SampledJob, seed: int) -> dict[str, Any]:
    searcher = lab.search.MCEA(
        job.space,
        budgets=setting.budgets(row.num_scaled),
        seed=seed,
        num_images=len(bench.data.search),
        num_bases=setting.bases,
        iterations=row.iterations,
        evolution=lab.Evolution(population=setting.population, generations=setting.generations),
        strategies_per_stage=setting.strategies,
    )
    found = bench.search(searcher, job, store=job.folder / "evaluations.sqlite")
    del found["cost"]  # the store is shared with part (a)
    family = [Architecture.from_json(stage["architecture"]) for stage in found["stages"]]
    compare = (row.num_scaled, row.iterations) == (setting.num_scaled, setting.iterations)
    grown, missing = _grown(setting, family, lab.divisors(job.space), compare=compare)
    return found | {"grown": grown, "not_grown": missing}


def _grown(
    setting: Setting, family: Sequence[Architecture], divisors: dict[str, int], *, compare: bool
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Members up to s3 by equation (9), by the linear function where M is 1.

    With `compare` by every function that the searched stages determine (Fig. 7d).

    Returns:
        The members, and for each function that reaches no network its stage and the reason.
    """
    growth = lab.fit_growth(family, [b.target for b in setting.budgets(len(family) - 1)])
    forms = list(growth.functions) if compare else [growth.form]
    made: list[dict[str, Any]] = []
    missing: list[dict[str, Any]] = []
    for stage in range(len(family), TOP + 1):
        budget = setting.budget(stage)
        for form in forms:
            at = {"stage": stage, "form": form}
            try:
                member = lab.solve(
                    family[0],
                    growth=growth,
                    budget=budget,
                    stage=math.log2(budget.target / setting.base),
                    name=f"s{stage}",
                    form=form,
                    **divisors,
                )
            except ValueError as error:
                missing.append(at | {"reason": str(error)})
            else:
                made.append(at | {"architecture": member.architecture.to_json()})
    return made, missing
