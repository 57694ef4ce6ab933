"""Weights in a folder of their own, kept where they were made.

A folder has a checkpoint while its training runs, then the packaged weights and, written last,
`result.json`, which says that it is whole.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from escalade.artefacts import digests
from escalade.artefacts.files import read_value, write_json
from escalade.core.network.architecture import Architecture
from escalade.core.values.codec import ABSENT
from escalade.core.values.ranges import Count, CountFrom0, NotNegative
from escalade.data import ImageData
from escalade.evaluate.score import Score
from escalade.family.identities import Folding
from escalade.family.packaging import package
from escalade.family.packaging.package import Package
from escalade.family.packaging.preprocessing import Preprocessing
from escalade.family.trainings.making import Made

FILE = "result.json"
FILES = (package.WEIGHTS, package.CONFIG)


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingResult:
    """What came of a training, or of a slice: its score on the search split, and its length.

    The score has an error of its own only where images have several labels.
    """

    num_correct: NotNegative
    num_images: Count
    num_steps: CountFrom0
    num_training_images: CountFrom0
    identities: Folding | None = field(default=None, metadata=ABSENT)
    error: NotNegative | None = field(default=None, metadata=ABSENT)


def is_done(folder: Path) -> bool:
    """Whether the weights are whole, and are what was written."""
    return (folder / FILE).exists() and digests.is_whole(folder, *FILES)


def damage(folder: Path) -> str:
    """What is wrong with weights that were whole, empty where nothing is."""
    if not (folder / FILE).exists():
        return ""
    names = ", ".join(digests.changed(folder, FILES))
    return f"{names} not what was written" if names else ""


def keep(folder: Path, made: Made, data: ImageData) -> None:
    """Package weights where they were made."""
    package.write(folder, package=pack(made.architecture, data), state=made.state)
    result = TrainingResult(
        num_correct=made.search.num_correct,
        num_images=made.search.num_images,
        num_steps=made.num_steps,
        num_training_images=made.num_images,
        identities=made.folding,
        error=made.search.error,
    )
    write_json(folder / FILE, result)


def read_made(folder: Path) -> Made:
    """What `keep` wrote.

    Raises:
        Invalid: if a file is missing or damaged.
    """
    remedy = "give the same command again"
    digests.check_whole(folder, *FILES, remedy=remedy)
    result = read_value(TrainingResult, folder / FILE, what="result", remedy=remedy)
    return Made(
        architecture=kept_network(folder),
        weights=(folder / package.WEIGHTS).read_bytes(),
        search=Score(
            num_correct=result.num_correct, num_images=result.num_images, error=result.error
        ),
        num_steps=result.num_steps,
        num_images=result.num_training_images,
        folding=result.identities,
    )


def kept_network(folder: Path) -> Architecture:
    """What the weights are of: a slice may be of another network than was searched."""
    return package.read(folder).architecture


def pack(architecture: Architecture, data: ImageData, *, licence: str | None = None) -> Package:
    """A network's package: architecture, class names, preprocessing, licence of its start."""
    return Package(
        architecture=architecture,
        classes=data.classes,
        task=data.task,
        licence=licence,
        preprocessing=Preprocessing(
            in_channels=data.in_channels,
            side=data.side,
            resolution=architecture.resolution,
            mean=data.mean,
            std=data.std,
            levels=data.levels,
        ),
    )
