"""Torchvision's data sets by name."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from escalade.artefacts.owning import marked_folder
from escalade.core.values.invalid import Invalid
from escalade.data.cache.cache import decoded
from escalade.data.cache.cache_room import DOWNLOADS, Say
from escalade.data.decoding.source import Source
from escalade.data.image_data import KnownSet
from escalade.data.named_sets import TORCHVISION, TorchvisionSet
from escalade.data.splits.stratified import TEST, TRAIN


def load_torchvision(
    name: str, *, side: int | None, in_channels: int | None, cache_dir: Path, say: Say
) -> KnownSet:
    """Decode a data set of torchvision's into the cache, downloading it there first.

    Raises:
        ValueError: if the set has no native side and none is given, or cannot be had.
    """
    entry = TORCHVISION[name]
    side = side or entry.side
    if side is None:
        problem = f"'{name}' has images of many sizes"
        raise Invalid(problem, path=("side",), remedy="give the side to decode them to")
    result = decoded(
        f"torchvision-{name}",
        lambda: _open(name, entry, marked_folder(cache_dir / DOWNLOADS)),
        name=name,
        cache_dir=cache_dir,
        side=side,
        in_channels=in_channels or entry.in_channels,
        say=say,
    )
    labels, notes = result.store.labels, result.facts["notes"]
    origin = np.full(len(labels), TRAIN, np.int8)
    origin[notes["num_train"] :] = TEST
    return KnownSet(
        store=result.store,
        origin=origin,
        classes=tuple(notes["classes"] or map(str, range(int(labels.max()) + 1))),
        flip=entry.flip,
        skipped=result.skipped,
    )


def _open(name: str, entry: TorchvisionSet, root: Path) -> Source:
    parts = [
        _make(name, entry, kwargs, root)
        for kwargs in (entry.train, entry.test)
        if kwargs is not None
    ]
    num_train, num = len(parts[0]), sum(map(len, parts))

    def read(row: int) -> tuple[Image.Image, int]:
        image, label = parts[0][row] if row < num_train else parts[1][row - num_train]
        return image, int(label)

    return Source(
        num=num,
        read=read,
        label=lambda row: f"{name}[{row}]",
        look=lambda: {"num_train": num_train, "classes": _classes(parts[0])},
    )


def _make(name: str, entry: TorchvisionSet, kwargs: Mapping[str, Any], root: Path) -> Any:
    from torchvision import datasets  # which takes seconds to load

    try:
        return getattr(datasets, entry.named)(root, **kwargs, download=True)
    except (OSError, RuntimeError) as error:
        raise ValueError(
            f"cannot fetch the data set '{name}' into {root}: {error};\n"
            "check the network, or put its files there as torchvision expects them"
        ) from error


def _classes(dataset: Any) -> list[str]:
    """Class names, the first where a class has several; none where torchvision has none."""
    names = getattr(dataset, "classes", None) or getattr(dataset, "categories", None) or ()
    return [name if isinstance(name, str) else str(name[0]) for name in names]
