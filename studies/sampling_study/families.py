"""Part (c): the searched families and their grown members (Table 3, Fig. 7d)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from common.bench import Bench
from common.files import read
from common.supernets import SampledJob
from escalade.artefacts.files import write_json
from escalade.core.network.architecture import Architecture
from escalade.core.numbers.budget import Ladder
from escalade.core.scaling.extrapolation import fit
from escalade.core.scaling.grown_members import solve
from escalade.core.scaling.ratios import realised
from escalade.search import MCEA
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

    @property
    def supernet(self) -> str:
        return f"{self.sampler}-m{self.num_scaled}"


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


def search_family(
    bench: Bench, setting: Setting, row: Row, job: SampledJob, *, seed: int
) -> list[Member]:
    """Search on a trained supernet and grow; from the result file where there is one."""
    path = result_path(job.folder, row)
    if not path.exists():
        searcher = MCEA(
            job.space,
            budgets=setting.budgets(row.num_scaled),
            seed=seed,
            num_images=len(bench.data.search),
            num_bases=setting.bases,
            iterations=row.iterations,
            evolution=setting.evolution,
            strategies_per_stage=setting.strategies,
        )
        found = bench.search(searcher, job, store=job.folder / "evaluations.sqlite")
        del found["cost"]  # the store is shared with part (a)
        data = job.space.layout
        divisors = (data.width_divisor, data.resolution_divisor)
        family = [Architecture.from_json(stage["architecture"]) for stage in found["stages"]]
        compare = (row.num_scaled, row.iterations) == (setting.num_scaled, setting.iterations)
        found["grown"], found["not_grown"] = grown(
            setting, family, divisors=divisors, compare=compare
        )
        write_json(path, found)
    members = family_members(path)
    assert members is not None
    return members


def result_path(folder: Path, row: Row) -> Path:
    return folder / f"family-t{row.iterations}.json"


def family_members(path: Path) -> list[Member] | None:
    """The members that a result file names, None while there is none."""
    found = read(path)
    if found is None:
        return None
    listed = [(s["stage"], SEARCHED, s["architecture"]) for s in found["stages"]]
    listed += [(m["stage"], m["form"], m["architecture"]) for m in found["grown"]]
    return [
        Member(stage=stage, form=form, architecture=Architecture.from_json(architecture))
        for stage, form, architecture in listed
    ]


def grown(
    setting: Setting,
    family: Sequence[Architecture],
    *,
    divisors: tuple[int, int],
    compare: bool,
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Members up to s3 by equation (9), by the linear function where M is 1.

    With `compare` by every function that the searched stages determine (Fig. 7d).

    Returns:
        The members, and for each function that reaches no network its stage and the reason.
    """
    ladder = Ladder(setting.budgets(len(family) - 1))
    growth = fit(
        [ladder.stage(budget.target) for budget in ladder.budgets],
        scalings=[realised(family[0], member) for member in family],
    )
    forms = list(growth.functions) if compare else [growth.form]
    made, missing = [], []
    for stage in range(len(family), TOP + 1):
        budget = setting.budget(stage)
        for form in forms:
            try:
                member = solve(
                    family[0],
                    growth=growth,
                    budget=budget,
                    stage=math.log2(budget.target / setting.base),
                    name=f"s{stage}",
                    form=form,
                    width_divisor=divisors[0],
                    resolution_divisor=divisors[1],
                )
            except ValueError as error:
                missing.append({"stage": stage, "form": form, "reason": str(error)})
                continue
            made.append(member.to_json() | {"stage": stage, "form": form})
    return made, missing
