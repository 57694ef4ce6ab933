"""Images that a network had learned from before it met these: found, and taken out as duplicates
are."""

from __future__ import annotations

from collections.abc import Sequence, Set
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from escalade.artefacts.image_list import DUPLICATE, Entry
from escalade.core.values.invalid import Invalid
from escalade.data.image_data import ImageData
from escalade.data.splits.duplicates import DuplicatesPolicy, SeenBefore
from escalade.data.splits.split import Split, split_digest
from escalade.data.splits.stratified import Rows

Mask = NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True)
class Learned:
    """What is known of the images that a network learned from, or was chosen on.

    Attributes:
        by: what to call the network.
        side, in_channels: how those images were decoded.
        train, search: digests of their pixels, 32 hexadecimal digits each.
        unknown: why not all of them are known; empty where they are.
    """

    by: str
    side: int = 0
    in_channels: int = 0
    train: Set[str] = frozenset()
    search: Set[str] = frozenset()
    unknown: str = ""

    @classmethod
    def of(
        cls, entries: Sequence[Entry], *, by: str, side: int, in_channels: int, unknown: str = ""
    ) -> Learned:
        """From the list of images of the network's run."""
        train, search = (
            {each.digest for each in entries if each.split == split}
            for split in ("train", "search")
        )
        return cls(
            by=by,
            side=side,
            in_channels=in_channels,
            train=train,
            search=search,
            unknown=unknown,
        )


def without_seen(data: ImageData, learned: Learned, *, policy: DuplicatesPolicy) -> ImageData:
    """Images without those of the test and search splits that a network learned from before.

    Its own search images chose it, so that they are none to test on; to search on they are.

    Args:
        policy: take them out, keep them, or refuse the data.

    Raises:
        Invalid: if the policy refuses what is there, or nothing of a class is left.
    """
    if not learned.train:
        return replace(data, seen=SeenBefore(by=learned.by, unknown=learned.unknown))
    if (learned.side, learned.in_channels) != (data.side, data.in_channels):
        told = (
            f"they were decoded at {learned.side} pixels and {learned.in_channels} channels, "
            f"these at {data.side} and {data.in_channels}"
        )
        return replace(data, seen=SeenBefore(by=learned.by, unknown=told))
    is_new = {
        "search": _is_new(data, "search", learned.train),
        "test": _is_new(data, "test", learned.train | learned.search),
    }
    num = {name: int((~new).sum()) for name, new in is_new.items()}
    seen = SeenBefore(by=learned.by, unknown=learned.unknown, kept=policy == "keep", **num)
    if policy == "refuse" and any(num.values()):
        raise Invalid(
            seen.describe().rpartition(":")[0],
            path=("duplicates",),
            remedy="\nremove them from those splits, or set it to drop",
        )
    if policy == "drop":
        for name, new in is_new.items():
            data = _without(data, name, new, by=learned.by)
    return replace(data, seen=seen)


def _is_new(data: ImageData, split: str, known: Set[str]) -> Mask:
    rows = data.listed.splits[split]
    digests = data.listed.digests
    return np.array([digests[row].tobytes().hex() not in known for row in rows.tolist()], bool)


def _without(data: ImageData, name: str, kept: Mask, *, by: str) -> ImageData:
    """Data with the images of a split that are kept."""
    if kept.all():
        return data
    rows: Rows = data.listed.splits[name]
    split: Split = getattr(data, name).subset(torch.from_numpy(np.flatnonzero(kept)))
    for label, num in zip(data.classes, data.counts(split).images, strict=True):
        if not num:
            raise Invalid(
                f"the class '{label}' has no {name} image that {by} had not learned from",
                remedy="\nadd some, or set dataset.duplicates to keep, which the card says then",
            )
    splits = dict(data.listed.splits)
    splits[DUPLICATE] = np.union1d(splits.get(DUPLICATE, rows[:0]), rows[~kept])
    splits[name] = rows[kept]
    labels = split.labels.numpy()
    told = labels if data.label_sets is None else data.label_sets.ids(data.classes)[labels]
    digest = split_digest(data.listed.digests[rows[kept]], told)
    listed = replace(data.listed, splits=splits)
    made: dict[str, Any] = {name: split, f"{name}_digest": digest, "listed": listed}
    return replace(data, **made)
