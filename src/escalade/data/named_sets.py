"""What may be named as data: sets by name, folders, tables. Nothing here needs torch."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from escalade.core.values.invalid import closest
from escalade.data.listing.label_table import is_table


@dataclass(frozen=True, kw_only=True)
class TorchvisionSet:
    """How to make one of torchvision's data sets.

    Attributes:
        named: its class in `torchvision.datasets`.
        train, test: arguments for the two parts; without `test` the set is divided.
        side: of the images, None where they differ.
        flip: whether a mirrored image keeps its class.
    """

    named: str
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
    "caltech101": TorchvisionSet(named="Caltech101", train={}),
    "cifar10": TorchvisionSet(named="CIFAR10", **_BY_FLAG, side=32),
    "cifar100": TorchvisionSet(named="CIFAR100", **_BY_FLAG, side=32),
    "country211": TorchvisionSet(
        named="Country211", train={"split": "train"}, test={"split": "test"}
    ),
    "dtd": TorchvisionSet(named="DTD", **_BY_SPLIT),
    "emnist": TorchvisionSet(
        named="EMNIST",
        train={"split": "balanced", "train": True},
        test={"split": "balanced", "train": False},
        **_DIGITS,
    ),
    "eurosat": TorchvisionSet(named="EuroSAT", train={}, side=64),
    "fgvc_aircraft": TorchvisionSet(named="FGVCAircraft", **_BY_TRAINVAL),
    "flowers102": TorchvisionSet(named="Flowers102", **_BY_SPLIT),
    "food101": TorchvisionSet(named="Food101", **_BY_SPLIT),
    "gtsrb": TorchvisionSet(named="GTSRB", **_BY_SPLIT, flip=False),
    "imagenette": TorchvisionSet(
        named="Imagenette",
        train={"split": "train", "size": "320px"},
        test={"split": "val", "size": "320px"},
    ),
    "kmnist": TorchvisionSet(named="KMNIST", **_BY_FLAG, **_DIGITS),
    "mnist": TorchvisionSet(named="MNIST", **_BY_FLAG, **_DIGITS),
    "oxford_iiit_pet": TorchvisionSet(named="OxfordIIITPet", **_BY_TRAINVAL),
    "stl10": TorchvisionSet(named="STL10", **_BY_SPLIT, side=96),
    "svhn": TorchvisionSet(named="SVHN", **_BY_SPLIT, side=32, flip=False),
    "usps": TorchvisionSet(named="USPS", **_BY_FLAG, side=16, in_channels=1, flip=False),
}
NAMES = ("demo", "fashion_mnist", *TORCHVISION)


def known(name_or_folder: str | Path) -> str | None:
    """The data set's name; None where a folder or a table is meant."""
    if isinstance(name_or_folder, Path):
        return None
    name = name_or_folder.lower().replace("-", "_")
    return name if name in NAMES else None


def is_folder(name_or_folder: str) -> bool:
    """Whether a folder or a table is meant, no data set's name."""
    return known(name_or_folder) is None


def located(name_or_folder: str) -> str:
    """A folder or table by where it is, wherever it is read from; anything else as it is."""
    if is_folder(name_or_folder):
        with suppress(OSError, RuntimeError):  # loading it will say what is wrong
            root = Path(name_or_folder).expanduser()
            return str(root.absolute()) if root.exists() else name_or_folder
    return name_or_folder


def found(name_or_folder: str | Path) -> Path:
    """A folder or table that is there.

    Raises:
        ValueError: if it is not, with what may have been meant.
    """
    root = _expanded(name_or_folder)
    if root.is_dir() or (root.exists() and is_table(root)):
        return root
    if root.exists():
        raise ValueError(
            f"{root} is a file; give a folder of class folders (unpack an archive), "
            "or a table of files and labels (.csv, .jsonl)"
        )
    where = "" if root.is_absolute() else f" in {Path.cwd()}"
    raise ValueError(
        f"there is no {kind_of(root)} {root}{where} and no data set of that name"
        f"{_suggestion(root)};\ngive a folder of class folders or one of {', '.join(NAMES)}"
    )


def kind_of(path: Path) -> str:
    """What a path is called in a message."""
    return "table" if is_table(path) else "folder"


def _expanded(folder: str | Path) -> Path:
    try:
        return Path(folder).expanduser()
    except RuntimeError as error:  # of a user who is not there
        raise ValueError(f"there is no folder {folder}: {error}") from error


def _suggestion(root: Path) -> str:
    beside = [path.name for path in root.parent.iterdir()] if root.parent.is_dir() else []
    folders = {name: str(root.parent / name) for name in beside}
    choices = folders | ({name: name for name in NAMES} if len(root.parts) == 1 else {})
    close = closest(root.name, choices)
    return f" (did you mean {choices[close]}?)" if close else ""
