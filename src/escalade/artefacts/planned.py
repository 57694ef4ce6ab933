"""plan.json: the data, its splits and the space that a run began with."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from escalade.artefacts.image_list import Digests
from escalade.core.latency.latency_table import TableFacts
from escalade.core.numbers.score_words import LabelTask
from escalade.core.values.codec import ABSENT
from escalade.core.values.ranges import Count, CountFrom0


@dataclass(frozen=True, slots=True, kw_only=True)
class Splits:
    """Numbers of images."""

    train: CountFrom0
    search: Count
    test: CountFrom0


@dataclass(frozen=True, slots=True, kw_only=True)
class ImagesByClass:
    """Numbers of images of each class."""

    train: tuple[int, ...]
    search: tuple[int, ...]
    test: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SpaceFacts:
    """A space's size, in paths; `distinct` of them are different, None where nobody counts."""

    name: str
    size: int
    distinct: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """What a run was begun with.

    Attributes:
        images: of these each class's.
        digests: of the splits; other images are refused.
        side: pixels that images are kept at.
        skipped: unusable images, each with the reason.
        task: whether every image has one class, or may have several.
        remarks: what else a user should know of the images, a line each.
        latency: the latency table, where the run needs one.
    """

    FILE: ClassVar[str] = "plan.json"
    STAGE: ClassVar[str] = "run"

    data: str
    classes: tuple[str, ...]
    split: Splits
    images: ImagesByClass
    digests: Digests
    side: Count
    skipped: tuple[tuple[str, str], ...]
    remarks: tuple[str, ...]
    space: SpaceFacts
    task: LabelTask = field(default="classification", metadata=ABSENT)
    latency: TableFacts | None = field(default=None, metadata=ABSENT)
