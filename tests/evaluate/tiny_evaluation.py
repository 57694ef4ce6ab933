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

SPACE = {
    "format": 1,
    "name": "tiny",
    "in_channels": 1,
    "num_classes": 3,
    "resolutions": [8, 10],
    "stem": {"widths": [8]},
    "stages": [
        {"depth": [1, 2], "widths": [8], "expansions": [2], "kernels": [3, 5]},
        {"depth": [1, 2], "widths": [8, 16], "expansions": [2], "kernels": [3], "stride": 2},
    ],
    "head": {"width": 16},
    "scaling": [
        {"depth": [1], "width": [1], "resolution": [1]},
        {"depth": [1.5], "width": [1, 2], "resolution": [1.2]},
    ],
}


def split(num: int, *, seed: int) -> Split:
    rng = torch.Generator().manual_seed(seed)
    images = torch.randint(0, 256, (num, 1, 10, 10), generator=rng, dtype=torch.uint8)
    return Split(images, torch.randint(0, 3, (num,), generator=rng))


def image_data(*, search: Split | None = None) -> ImageData:
    return ImageData(
        name="noise",
        classes=("a", "b", "c"),
        in_channels=1,
        side=10,
        train=split(80, seed=1),
        search=search or split(50, seed=2),
        test=split(10, seed=3),
        mean=(0.5,),
        std=(0.3,),
        flip=True,
        train_digest="train",
        search_digest="search",
        test_digest="test",
    )


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
