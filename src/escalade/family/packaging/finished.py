"""A member is finished: packaged, and tested once."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

from escalade.config import Recipe
from escalade.core.numbers.class_counts import Balance
from escalade.data import ImageData
from escalade.evaluate.score import ClassScore, Score, score_by_class
from escalade.family.family import Accuracy
from escalade.family.packaging import card, package, standalone
from escalade.family.packaging.package import Package
from escalade.family.trainings.kept import pack
from escalade.family.trainings.making import Made
from escalade.train.allocator import give_back
from escalade.train.runtime import Runtime

# Of every finished member; exports are made later.
FILES = (package.WEIGHTS, package.CONFIG, standalone.SCRIPT, card.FILE)


def write_member(folder: Path, made: Made, data: ImageData, *, licence: str | None) -> Package:
    """Write weights, configuration and the network's own script.

    Args:
        licence: of pretrained weights that these began as.
    """
    packed = pack(made.architecture, data, licence=licence)
    package.write(folder, package=packed, state=made.state)
    standalone.write(folder, package=packed)
    return packed


def score_on_test(folder: Path, data: ImageData, runtime: Runtime) -> ClassScore:
    """The accuracy on the test images: the one time that they are looked at."""
    network = package.load_network(folder).to(runtime.device)
    resolution = package.read(folder).architecture.resolution
    score = score_by_class(network, data, resolution=resolution, runtime=runtime)
    give_back()
    return score


def accuracy_of(search: Score, test: ClassScore) -> Accuracy:
    """What the family keeps of a member's scores."""
    return Accuracy(
        search=search.accuracy,
        test=test.total.accuracy,
        balanced=test.balanced,
        correct=test.correct,
    )


def recipe_facts(recipe: Recipe, *, balance: Balance) -> dict[str, Any]:
    """A recipe for a card, with how it made up for classes of unequal size."""
    stated = {key: value for key, value in asdict(recipe).items() if value is not None}
    return stated if balance == "none" else stated | {"balance": balance}
