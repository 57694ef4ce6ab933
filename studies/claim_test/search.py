"""The searched arms: one supernet, and a search with free and one with fixed base resolution."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import load_file, save

from claim_test.networks import searched_budgets
from claim_test.setting import FACTORS, Setting
from common.images import leading
from common.progress import Say, describe
from escalade.artefacts.files import write_bytes, write_json
from escalade.core.numbers.seeds import torch_seed
from escalade.core.sampling.samplers import Hierarchical, Window
from escalade.core.space.space import Space
from escalade.data import ImageData, TrainBatches
from escalade.data.batches import Augmentation
from escalade.evaluate.evaluator import Evaluator
from escalade.evaluate.path_meter import EvaluationSettings
from escalade.evaluate.store import EvaluationStore
from escalade.search import MCEA, Evolution
from escalade.spaces.load import load
from escalade.supernet.supernet import Supernet
from escalade.train.loop import train
from escalade.train.runtime import Runtime
from escalade.train.steps import SinglePathStep, TrainingObjective

# A finer grid than the space comes with: with budgets 0.7 % wide, a base has one or two of that
# grid's strategies to choose from, and eleven and more of this one's.
DEPTHS = (1.0, 1.25, 1.5, 2.0, 2.25, 2.5)
WIDTHS = tuple(round(1 + 0.025 * i, 3) for i in range(53))
RESOLUTIONS = tuple(round(1 + 0.025 * i, 3) for i in range(41))
WINDOW = 1.5
NUM_BASES, NUM_STRATEGIES = 16, 24
# The base counts too: the family is judged at every budget.
PI = (1.0, 1.0, 1.0)


def space(*, base_resolution: int | None = None) -> Space:
    """Space `small` for the ladder f_0, 2 f_0, 4 f_0, optionally with one base resolution."""
    data = load("small", factors=FACTORS, in_channels=1, num_classes=10).layout
    assert data.grid is not None
    grid = replace(data.grid, depth=DEPTHS, width=WIDTHS, resolution=RESOLUTIONS)
    data = replace(data, grid=grid)
    if base_resolution is not None:
        data = replace(data, resolutions=(base_resolution,))
    return Space(data, factors=FACTORS)


def train_supernet(
    setting: Setting, folder: Path, *, data: ImageData, seed: int, threads: int, say: Say
) -> Supernet:
    """The supernet of a search seed, trained if it is not yet."""
    runtime = Runtime(device="cpu", threads=threads)
    whole = space()
    torch.manual_seed(torch_seed(seed, "supernet"))
    supernet = Supernet(whole.shape)
    weights, cost_file = folder / "supernet.safetensors", folder / "supernet.json"
    if cost_file.exists():
        supernet.load_state_dict(load_file(weights))
        return supernet
    recipe = setting.supernet
    batches = TrainBatches(
        data.train,
        batch_size=recipe.batch_size,
        seed=seed,
        augmentation=Augmentation(padding=recipe.padding, flip=True),
    )
    targets = tuple(budget.target for budget in searched_budgets(setting.resolution))
    step = SinglePathStep(
        supernet,
        space=whole,
        sampler=Hierarchical(
            whole, window=Window(targets=targets, factor=WINDOW, balance=setting.balance)
        ),
        seed=seed,
        objective=TrainingObjective(
            mean=data.mean,
            std=data.std,
            label_smoothing=recipe.label_smoothing,
            autocast=runtime.autocast,
        ),
    )
    result = train(
        step,
        network=supernet,
        batches=batches,
        recipe=recipe,
        num_steps=recipe.num_steps(batches.num_per_epoch),
        runtime=runtime,
        seed=seed,
        name="supernet",
        checkpoint=folder / "checkpoint.pt",
        identity={"train_digest": data.train_digest, "resolution": setting.resolution},
        metrics=folder / "metrics.jsonl",
        progress=lambda progress: say(describe("supernet", progress)),
    )
    named = {name: p.detach().contiguous() for name, p in supernet.named_parameters()}
    write_bytes(weights, save(named))
    seconds = result.seconds * runtime.num_devices
    write_json(cost_file, {"device_seconds": seconds, "images": result.num_images})
    return supernet


def search(
    setting: Setting,
    folder: Path,
    *,
    data: ImageData,
    supernet: Supernet,
    seed: int,
    fixed: bool,
    num_workers: int,
    say: Say,
) -> dict[str, Any]:
    """The searched family: search.json with what it cost; scores are kept in the store."""
    path = result_path(folder, fixed=fixed)
    if path.exists():
        return read(path)
    images = leading(data.search, setting.search_images)
    num = min(1024, len(data.train))
    searched = space(base_resolution=setting.resolution if fixed else None)
    mcea = MCEA(
        searched,
        budgets=searched_budgets(setting.resolution),
        seed=seed,
        num_images=len(images),
        num_bases=NUM_BASES,
        iterations=setting.iterations,
        evolution=Evolution(population=setting.population, generations=setting.generations),
        strategies_per_stage=NUM_STRATEGIES,
        pi=PI,
    )
    before = _spent(folder, fixed)
    with (
        EvaluationStore(folder / "evaluations.sqlite") as store,
        Evaluator(
            supernet,
            data=replace(data, search=images, search_digest=f"{data.search_digest} {len(images)}"),
            store=store,
            runtime=Runtime(device="cpu"),
            settings=EvaluationSettings(num_recalibration=num, recalibration_batch=min(128, num)),
            num_workers=num_workers,
        ) as evaluator,
    ):
        while len(population := mcea.ask()):
            scores = evaluator.score(searched.paths(population))
            mcea.tell(np.array([score.accuracy for score in scores]))
            count = evaluator.count
            say(f"{path.stem}: {count.num_measured} paths, {count.seconds:.0f} core-seconds")
            _spent(folder, fixed, put=before + count.seconds)
    found = mcea.result().to_json() | {"device_seconds": _spent(folder, fixed)}
    write_json(path, found)
    return found


def result_path(folder: Path, *, fixed: bool) -> Path:
    return folder / f"search-{'fixed' if fixed else 'free'}.json"


def read(path: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return content


def _spent(folder: Path, fixed: bool, *, put: float | None = None) -> float:
    """Device-seconds of a search so far, over all its resumes."""
    path = folder / f"spent-{'fixed' if fixed else 'free'}.json"
    if put is not None:
        write_json(path, {"device_seconds": put})
        return put
    if not path.exists():
        return 0.0
    return float(read(path)["device_seconds"])
