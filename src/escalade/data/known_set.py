"""What a data set known by name gives before it is divided."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from escalade.data.image_data import Store


@dataclass(frozen=True, kw_only=True)
class KnownSet:
    """All images of a named set, those for training first.

    Attributes:
        origin: TRAIN or TEST of each row.
        flip: whether a mirrored image keeps its class.
        skipped: the reason, by row.
    """

    store: Store
    origin: NDArray[np.int8]
    classes: tuple[str, ...]
    flip: bool
    skipped: Mapping[int, str] = field(default_factory=dict)
