"""A data set's images by name: what tells people which of them are others than before."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from escalade.artefacts.image_list import SPLITS, Entry
from escalade.data.listing.label_sets import LabelSets
from escalade.data.splits.stratified import Rows


@dataclass(frozen=True, kw_only=True)
class ListedImages:
    """Names, labels and digests of rows, and the rows of each split in its order.

    Attributes:
        names: of every row.
        labels: class of every row, or the set of its classes.
        digests: uint8 (N, 16), of every row's pixels.
        splits: rows by what became of them: train, search, test, unreadable, duplicate or unused.
        label_sets: what labels stand for, where rows have several classes.
    """

    names: Sequence[str] = ()
    labels: Rows = field(default_factory=lambda: np.zeros(0, np.int64))
    digests: NDArray[np.uint8] = field(default_factory=lambda: np.zeros((0, 16), np.uint8))
    splits: dict[str, Rows] = field(default_factory=dict)
    label_sets: LabelSets | None = None

    def entries(self, classes: Sequence[str]) -> Iterator[Entry]:
        """Every row; only those of the three splits have a digest."""
        sets = self.label_sets
        names = classes if sets is None else sets.names(classes)
        ids = range(len(names)) if sets is None else sets.ids(classes).tolist()
        for split, rows in self.splits.items():
            for row in rows.tolist():
                label = int(self.labels[row])
                digest = self.digests[row].tobytes().hex() if split in SPLITS else ""
                yield Entry(split, ids[label], names[label], self.names[row], digest)
