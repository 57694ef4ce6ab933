"""The searched arms: one supernet, and a search with free and one with fixed base resolution."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from claim_study.networks import FACTORS, searched_budgets
from claim_study.setting import Setting
from common import lab
from common.files import once, read
from common.study import Work
from common.supernets import SampledJob

# A finer grid than the space comes with: with budgets 0.7 % wide, a base has one or two of that
# grid's strategies to choose from, and eleven and more of this one's.
DEPTHS = (1.0, 1.25, 1.5, 2.0, 2.25, 2.5)
WIDTHS = tuple(round(1 + 0.025 * i, 3) for i in range(53))
RESOLUTIONS = tuple(round(1 + 0.025 * i, 3) for i in range(41))
WINDOW = 1.5
NUM_BASES, NUM_STRATEGIES = 16, 24
# The base counts too: the family is judged at every budget.
PI = (1.0, 1.0, 1.0)


def space(*, base_resolution: int | None = None) -> lab.Space:
    """Space `small` for the ladder f_0, 2 f_0, 4 f_0, optionally with one base resolution."""
    data = lab.load_space("small", factors=FACTORS).layout
    grid = replace(data.grid, depth=DEPTHS, width=WIDTHS, resolution=RESOLUTIONS)
    data = replace(data, grid=grid)
    if base_resolution is not None:
        data = replace(data, resolutions=(base_resolution,))
    return lab.Space(data, factors=FACTORS)


def supernet(setting: Setting, folder: Path, seed: int) -> SampledJob:
    """The supernet of a search seed."""
    targets = tuple(budget.target for budget in searched_budgets(setting.resolution))
    window = lab.Window(targets=targets, factor=WINDOW, balance=setting.balance)
    return SampledJob(
        folder=_folder(folder, seed),
        seed=seed,
        recipe=setting.supernet,
        sampling=lab.Hierarchical(space(), window=window),
    )


def search(work: Work, seed: int, *, fixed: bool) -> None:
    """A searched family, the scores of its search in a store of its own."""
    path = result_path(work.folder, seed, fixed=fixed)
    once(path, lambda: _search(work, seed, fixed=fixed, store=path.with_suffix(".sqlite")))


def result_path(folder: Path, seed: int, *, fixed: bool) -> Path:
    return _folder(folder, seed) / f"search-{'fixed' if fixed else 'free'}.json"


def search_costs(folder: Path, seed: int, *, fixed: bool) -> tuple[float, float]:
    """Device-seconds of a supernet and of a search on it; 0 for what is not done."""
    trained = read(_folder(folder, seed) / "supernet.json") or {}
    searched = read(result_path(folder, seed, fixed=fixed)) or {"cost": {}}
    return trained.get("device_seconds", 0.0), searched["cost"].get("device_seconds", 0.0)


def _search(work: Work, seed: int, *, fixed: bool, store: Path) -> dict[str, Any]:
    setting, bench = work.setting, work.searching
    job = supernet(setting, work.folder, seed)
    bench.train([job])
    searched = space(base_resolution=setting.resolution if fixed else None)
    mcea = lab.search.MCEA(
        searched,
        budgets=searched_budgets(setting.resolution),
        seed=seed,
        num_images=len(bench.data.search),
        num_bases=NUM_BASES,
        iterations=setting.iterations,
        evolution=lab.Evolution(population=setting.population, generations=setting.generations),
        strategies_per_stage=NUM_STRATEGIES,
        pi=PI,
    )
    return bench.search(mcea, job, store=store, space=searched)


def _folder(folder: Path, seed: int) -> Path:
    return folder / f"search{seed}"
