"""Torchvision's data sets by name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torchvision.datasets as tv
from PIL import Image

from escalade.artefacts.owning import marked_folder
from escalade.core.values.invalid import Invalid
from escalade.data.cache.cache import decoded
from escalade.data.cache.cache_room import DOWNLOADS, Say
from escalade.data.decoding.source import Source
from escalade.data.image_data import KnownSet
from escalade.data.splits.stratified import TEST, TRAIN


@dataclass(frozen=True, kw_only=True)
class TorchvisionSet:
    """How to make one of torchvision's data sets.

    Attributes:
        train, test: arguments for the two parts; without `test` the set is divided.
        side: of the images, None where they differ.
        flip: whether a mirrored image keeps its class.
    """

    make: Any
    train: Mapping[str, Any]
    test: Mapping[str, Any] | None = None
    side: int | None = None
    in_channels: int = 3
    flip: bool = True


_BY_FLAG: Any = {"train": {"train": True}, "test": {"train": False}}
_BY_SPLIT: Any = {"train": {"split": "train"}, "test": {"split": "test"}}
_BY_TRAINVAL: Any = {"train": {"split": "trainval"}, "test": {"split": "test"}}
_DIGITS: Any = {"side": 28, "in_channels": 1, "flip": False}

TORCHVISION: dict[str, TorchvisionSet] = {
    "caltech101": TorchvisionSet(make=tv.Caltech101, train={}),
    "cifar10": TorchvisionSet(make=tv.CIFAR10, **_BY_FLAG, side=32),
    "cifar100": TorchvisionSet(make=tv.CIFAR100, **_BY_FLAG, side=32),
    "country211": TorchvisionSet(
        make=tv.Country211, train={"split": "train"}, test={"split": "test"}
    ),
    "dtd": TorchvisionSet(make=tv.DTD, **_BY_SPLIT),
    "emnist": TorchvisionSet(
        make=tv.EMNIST,
        train={"split": "balanced", "train": True},
        test={"split": "balanced", "train": False},
        **_DIGITS,
    ),
    "eurosat": TorchvisionSet(make=tv.EuroSAT, train={}, side=64),
    "fgvc_aircraft": TorchvisionSet(make=tv.FGVCAircraft, **_BY_TRAINVAL),
    "flowers102": TorchvisionSet(make=tv.Flowers102, **_BY_SPLIT),
    "food101": TorchvisionSet(make=tv.Food101, **_BY_SPLIT),
    "gtsrb": TorchvisionSet(make=tv.GTSRB, **_BY_SPLIT, flip=False),
    "imagenette": TorchvisionSet(
        make=tv.Imagenette,
        train={"split": "train", "size": "320px"},
        test={"split": "val", "size": "320px"},
    ),
    "kmnist": TorchvisionSet(make=tv.KMNIST, **_BY_FLAG, **_DIGITS),
    "mnist": TorchvisionSet(make=tv.MNIST, **_BY_FLAG, **_DIGITS),
    "oxford_iiit_pet": TorchvisionSet(make=tv.OxfordIIITPet, **_BY_TRAINVAL),
    "stl10": TorchvisionSet(make=tv.STL10, **_BY_SPLIT, side=96),
    "svhn": TorchvisionSet(make=tv.SVHN, **_BY_SPLIT, side=32, flip=False),
    "usps": TorchvisionSet(make=tv.USPS, **_BY_FLAG, side=16, in_channels=1, flip=False),
}


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
    try:
        return entry.make(root, **kwargs, download=True)
    except (OSError, RuntimeError) as error:
        raise ValueError(
            f"cannot fetch the data set '{name}' into {root}: {error};\n"
            "check the network, or put its files there as torchvision expects them"
        ) from error


def _classes(dataset: Any) -> list[str]:
    """Class names, the first where a class has several; none where torchvision has none."""
    names = getattr(dataset, "classes", None) or getattr(dataset, "categories", None) or ()
    return [name if isinstance(name, str) else str(name[0]) for name in names]
