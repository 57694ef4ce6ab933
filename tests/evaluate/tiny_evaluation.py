"""A supernet, a space and images so small that a path is scored in milliseconds."""

from __future__ import annotations

from pathlib import Path

import torch

from escalade.core.numbers.seeds import generator
from escalade.core.sampling.samplers import Hierarchical
from escalade.core.space.layouts import parse
from escalade.core.space.path import Path as SpacePath
from escalade.core.space.space import Space
from escalade.data.image_data import ImageData
from escalade.data.splits.split import Split
from escalade.evaluate.evaluator import Evaluator
from escalade.evaluate.path_meter import EvaluationSettings
from escalade.evaluate.store import EvaluationStore
from escalade.supernet.supernet import Supernet
from escalade.train.runtime import Runtime
from made_data import TINY_SPACE as SPACE
from made_data import grey_data, noise_split


def split(num: int, *, seed: int) -> Split:
    return noise_split(num, side=10, seed=seed)


def image_data(*, search: Split | None = None) -> ImageData:
    splits = split(80, seed=1), search or split(50, seed=2), split(10, seed=3)
    return grey_data(*splits, std=0.3, flip=True)


def supernet(*, coupled: bool = False, seed: int = 0) -> Supernet:
    torch.manual_seed(seed)
    return Supernet(Space(parse(SPACE)).shape, coupled=coupled)


def some_paths(num: int = 8) -> list[SpacePath]:
    space = Space(parse(SPACE))
    paths = space.paths(Hierarchical(space).draw(generator(0, "test"), 10 * num))
    distinct = {path.key: path for path in paths}
    return list(distinct.values())[:num]


def evaluator(
    file: Path,
    *,
    network: Supernet | None = None,
    data: ImageData | None = None,
    num_workers: int = 1,
) -> Evaluator:
    return Evaluator(
        network or supernet(),
        data=data or image_data(),
        store=EvaluationStore(file),
        runtime=Runtime(device="cpu"),
        settings=EvaluationSettings(num_recalibration=64, recalibration_batch=16),
        num_workers=num_workers,
    )
