"""Fashion-MNIST: the embedded subset for the demo, and the whole."""

from __future__ import annotations

import gzip
import lzma
import math
import zlib
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from escalade.artefacts.owning import marked_folder
from escalade.data.cache.cache_room import DOWNLOADS
from escalade.data.image_data import KnownSet, Store
from escalade.data.splits.split import row_digests
from escalade.data.splits.stratified import TEST, TRAIN

EMBEDDED = Path(__file__).parent / "embedded"
DEBIAN = Path("/usr/share/datasets/fashion-mnist")  # package dataset-fashion-mnist
CLASSES = (
    "T-shirt/top",
    "Trouser",
    "Pullover",
    "Dress",
    "Coat",
    "Sandal",
    "Shirt",
    "Sneaker",
    "Bag",
    "Ankle boot",
)
_CHUNK = 4096


def load_demo(*, side: int | None, in_channels: int | None) -> KnownSet:
    """The embedded set: 10,000 training and 2,000 test images, equally many of each class."""
    return _load(EMBEDDED, "xz", side=side, in_channels=in_channels)


def load_fashion_mnist(*, side: int | None, in_channels: int | None, cache_dir: Path) -> KnownSet:
    """All 70,000 images: from Debian's package where installed, else downloaded.

    Raises:
        ValueError: if the files are damaged or cannot be had.
    """
    folder = DEBIAN if DEBIAN.is_dir() else _download(marked_folder(cache_dir / DOWNLOADS))
    return _load(folder, "gz", side=side, in_channels=in_channels)


def _download(root: Path) -> Path:
    from torchvision.datasets import FashionMNIST  # which takes seconds to load

    try:
        FashionMNIST(root, download=True)
    except (OSError, RuntimeError) as error:
        raise ValueError(
            f"cannot fetch Fashion-MNIST into {root}: {error};\n"
            "check the network, or install Debian's package dataset-fashion-mnist"
        ) from error
    return root / "FashionMNIST" / "raw"


def _load(folder: Path, suffix: str, *, side: int | None, in_channels: int | None) -> KnownSet:
    images, labels = (
        np.concatenate([read_idx(folder / f"{part}-{kind}.{suffix}") for part in ("train", "t10k")])
        for kind in ("images-idx3-ubyte", "labels-idx1-ubyte")
    )
    num_train = len(read_idx(folder / f"train-labels-idx1-ubyte.{suffix}"))
    if len(images) != len(labels):
        raise ValueError(f"the files in {folder} do not belong together; fetch them again")
    decoded = _fitted(torch.from_numpy(images)[:, None], side or images.shape[-1], in_channels or 1)
    origin = np.full(len(labels), TRAIN, np.int8)
    origin[num_train:] = TEST
    store = Store(images=decoded, labels=labels.astype(np.int64), digests=row_digests(decoded))
    return KnownSet(store=store, origin=origin, classes=CLASSES, flip=True)


def _fitted(images: Tensor, side: int, in_channels: int) -> Tensor:
    """Resized to the side (bilinear with antialias) and the grey repeated over the channels."""
    if images.shape[-1] != side:
        resized = [
            F.interpolate(chunk.float(), size=(side, side), mode="bilinear", antialias=True)
            for chunk in torch.split(images, _CHUNK)
        ]
        images = torch.cat([chunk.round().to(torch.uint8) for chunk in resized])
    return images.repeat(1, in_channels, 1, 1) if in_channels > 1 else images


def read_idx(path: Path) -> NDArray[np.uint8]:
    """Read an IDX file of unsigned bytes; `.gz` and `.xz` are unpacked on the way.

    Raises:
        ValueError: if the file is not IDX, or is damaged.
    """
    try:
        data = path.read_bytes()
        if path.suffix == ".gz":
            data = gzip.decompress(data)
        elif path.suffix == ".xz":
            data = lzma.decompress(data)
    except (OSError, EOFError, lzma.LZMAError, zlib.error) as error:
        raise ValueError(f"cannot read {path}: {error}") from error
    if data[:3] != b"\0\0\x08":
        raise ValueError(f"{path} is not an IDX file of unsigned bytes")
    num_dimensions = data[3]
    offset = 4 + 4 * num_dimensions
    shape = [int.from_bytes(data[i : i + 4], "big") for i in range(4, offset, 4)]
    if len(data) != offset + math.prod(shape):
        raise ValueError(f"{path} is damaged: its length does not fit its header; fetch it again")
    return np.frombuffer(data, np.uint8, offset=offset).reshape(shape)


def idx_bytes(array: NDArray[np.uint8]) -> bytes:
    sizes = b"".join(size.to_bytes(4, "big") for size in array.shape)
    return bytes([0, 0, 8, array.ndim]) + sizes + array.tobytes()
