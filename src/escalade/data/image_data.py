"""A data set, divided: what every later stage reads."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from escalade.artefacts.image_list import Digests, Entry
from escalade.core.numbers.class_counts import Balance, ClassCounts
from escalade.core.numbers.score_words import LabelTask
from escalade.core.values.invalid import Invalid
from escalade.data.batching.batches import evaluation_batches
from escalade.data.decoding.decoding import FULL_LEVELS, Levels
from escalade.data.decoding.levels import Depth
from escalade.data.listing.label_sets import LabelSets, images_per_class
from escalade.data.listing.listed_images import ListedImages
from escalade.data.splits.duplicates import Duplicates
from escalade.data.splits.split import ImageRows, Split, split_digest
from escalade.data.splits.stratified import Parts, Rows

STATISTICS_BYTES = 256 << 20  # mean and deviation come from about this much of the training images
_CHUNK_BYTES = 4 << 20  # of them at a time: int32 and its squares take eight times as much


@dataclass(frozen=True, kw_only=True)
class Store:
    """All decoded images of a data set, before they are divided.

    Attributes:
        images: uint8 (N, C, S, S), possibly memory-mapped, or in files.
        labels: int64 (N,).
        digests: uint8 (N, 16), content digest of each image.
    """

    images: Tensor | ImageRows
    labels: Rows
    digests: NDArray[np.uint8]


@dataclass(frozen=True, kw_only=True)
class ImageData:
    """Train, search and test images of one data set.

    Each split is in random order, so any leading run of it is a fair sample.

    Attributes:
        mean: per channel, of the training images, in 0..1 units.
        std: per channel, of the training images, in 0..1 units.
        label_sets: what labels stand for, where an image has several classes; None where its
            label is its class.
        flip: whether a mirrored image keeps its class (not so for digits and letters).
        balance: how training makes up for classes of unequal size.
        skipped: (path, reason) of every image that could not be used.
        levels: which values of images of more than eight bits are 0 and 255 here.
        duplicates: images that stand in two splits.
        remarks: what a user should know of the images and of what lies beside them, a line each.
        train_digest: SHA-256 over the digests of its images and its labels; likewise search and
            test.
        listed: every image by name; workers, which only train, have none.
    """

    name: str
    classes: tuple[str, ...]
    in_channels: int
    side: int
    train: Split
    search: Split
    test: Split
    mean: tuple[float, ...]
    std: tuple[float, ...]
    flip: bool
    balance: Balance = "none"
    skipped: tuple[tuple[str, str], ...] = ()
    levels: Levels = field(default_factory=lambda: FULL_LEVELS)
    duplicates: Duplicates = field(default_factory=Duplicates)
    remarks: tuple[str, ...] = ()
    train_digest: str
    search_digest: str
    test_digest: str
    label_sets: LabelSets | None = None
    listed: ListedImages = field(default_factory=ListedImages)

    def __post_init__(self) -> None:
        if self.balance != "none" and self.label_sets is not None:
            problem = f"{self.balance} is for images of one class each, and these may have several"
            raise Invalid(problem, path=("balance",), remedy="use none")

    @property
    def num_classes(self) -> int:
        return len(self.classes)

    @property
    def task(self) -> LabelTask:
        """Whether every image has one class, or may have several."""
        return "classification" if self.label_sets is None else "multilabel"

    def counts(self, split: Split) -> ClassCounts:
        """How many images of each class a split has."""
        images = images_per_class(split.labels, num_classes=self.num_classes, sets=self.label_sets)
        return ClassCounts(
            classes=self.classes,
            images=tuple(images.tolist()),
            of_several=None if self.label_sets is None else len(split),
        )

    def batches(
        self, split: Split, *, resolution: int, batch_size: int, device: torch.device
    ) -> Iterator[tuple[Tensor, Tensor]]:
        """A split's images, normalised by the training images, and labels: in order."""
        return evaluation_batches(
            split,
            resolution=resolution,
            mean=self.mean,
            std=self.std,
            batch_size=batch_size,
            device=device,
        )

    @property
    def digests(self) -> Digests:
        """Of the three splits."""
        return Digests(train=self.train_digest, search=self.search_digest, test=self.test_digest)

    def entries(self) -> Iterator[Entry]:
        """Every image, split by split in the order that they have there."""
        return self.listed.entries(self.classes)


def assemble(
    store: Store,
    parts: Parts,
    *,
    name: str,
    classes: tuple[str, ...],
    label_sets: LabelSets | None = None,
    flip: bool,
    skipped: tuple[tuple[str, str], ...] = (),
    depth: Depth | None = None,
    duplicates: Duplicates | None = None,
    remarks: tuple[str, ...] = (),
    listed: ListedImages,
) -> ImageData:
    """The data set whose splits are these rows of the store."""
    depth = depth or Depth()
    whole = Split(store.images, torch.from_numpy(store.labels))
    train, search, test = (
        whole.subset(torch.from_numpy(rows)) for rows in (parts.train, parts.search, parts.test)
    )
    mean, std = channel_statistics(train)
    told = store.labels if label_sets is None else label_sets.ids(classes)[store.labels]
    return ImageData(
        name=name,
        classes=classes,
        label_sets=label_sets,
        in_channels=store.images.shape[1],
        side=store.images.shape[-1],
        mean=mean,
        std=std,
        flip=flip,
        skipped=skipped,
        levels=depth.levels,
        duplicates=duplicates or Duplicates(),
        remarks=(*remarks, *depth.remarks),
        train=train,
        search=search,
        test=test,
        train_digest=split_digest(store.digests[parts.train], told[parts.train]),
        search_digest=split_digest(store.digests[parts.search], told[parts.search]),
        test_digest=split_digest(store.digests[parts.test], told[parts.test]),
        listed=listed,
    )


def channel_statistics(split: Split) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Mean and standard deviation of each channel in 0..1 units; exact integer sums."""
    per_image = split.num_bytes // len(split)
    num = min(len(split), max(1, STATISTICS_BYTES // per_image))
    total = square = torch.zeros((), dtype=torch.int64)
    pixels = 0
    for rows in torch.split(torch.arange(num), max(1, _CHUNK_BYTES // per_image)):
        values = split.take(rows)[0].transpose(0, 1).flatten(1).to(torch.int32)
        total = total + values.sum(1)
        square = square + (values * values).sum(1)
        pixels += values.shape[1]
    mean = total.double() / pixels
    deviation = (square.double() / pixels - mean**2).clamp(min=0).sqrt()
    scaled = [tuple((value / 255).tolist()) for value in (mean, deviation.clamp(min=1.0))]
    return scaled[0], scaled[1]


@dataclass(frozen=True, kw_only=True)
class KnownSet:
    """All images of a named set, those for training first.

    Attributes:
        origin: TRAIN or TEST of each row.
        skipped: the reason, by row.
    """

    store: Store
    origin: NDArray[np.int8]
    classes: tuple[str, ...]
    flip: bool
    skipped: Mapping[int, str] = field(default_factory=dict)
