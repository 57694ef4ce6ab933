"""A member on another data set: from scratch, or fine-tuned from its weights (section 4.2)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch

from escalade.api.beginning.begin import make_runtime
from escalade.api.beginning.claim import begun_config
from escalade.api.beginning.same_images import check_same_images, keep_images
from escalade.api.export import NUM_IMAGES, export_files, wanted_files
from escalade.artefacts import digests, image_list
from escalade.artefacts.files import read_json, write_json
from escalade.artefacts.owning import contents, mark, owned
from escalade.artefacts.run_folder import RunFolder
from escalade.config import Config, Recipe
from escalade.config.ways_to_weights import trained_alone
from escalade.core.network import cost
from escalade.core.values.codec import encode
from escalade.core.values.invalid import Invalid
from escalade.data import ImageData, load
from escalade.data.cache.cache_room import default_cache
from escalade.data.seen_before import without_seen
from escalade.evaluate.path_meter import EvaluationSettings
from escalade.family.family import Family, FamilyMember, Origin
from escalade.family.packaging import card, card_exports, package
from escalade.family.packaging.finished import (
    FILES,
    accuracy_of,
    recipe_facts,
    score_on_test,
    write_member,
)
from escalade.family.trainings.alone import RetrainJob
from escalade.family.trainings.jobs import CHECKPOINT
from escalade.family.trainings.making import Workplace
from escalade.planning.learned_images import learned_by_member
from escalade.train.console import Console
from escalade.train.interrupt import Stop

RESULT, TRAINING = "result.json", "training"

# How an architecture came into its own family.
_ORIGINS: dict[Origin, str] = {
    "searched": "was found by a search",
    "grown": "was grown by a rule",
    "rival": "stands for what one has without a search",
}


def retrain_on(
    path: Path,
    *,
    member: str,
    data: str,
    from_weights: bool,
    epochs: float | None,
    out: Path | None,
    should_stop: Stop,
) -> Path:
    """Train a member on another data set, from scratch or from its weights (fine-tuning).

    Returns:
        The folder of the new network, packaged, tested once and with a card.

    Raises:
        ValueError: if there is no such member, the data cannot be used, or the folder holds
            anything but this very training.
    """
    RunFolder(path).check_links()
    config, family = begun_config(RunFolder(path)), Family.load(path)
    if member not in family.names:
        problem = f"{member!r} is not in {path}"
        remedy = f"it has {', '.join(family.names)}"
        raise Invalid(problem, path=("member",), remedy=remedy)
    side = package.read(family[member].path).preprocessing.side
    images = load(
        data,
        cache_dir=default_cache(),
        side=side,
        in_channels=config.dataset.in_channels,
        seed=config.seed,
        max_skipped=config.dataset.max_skipped,
        duplicates=config.dataset.duplicates,
        say=Console().say,
    )
    learned = learned_by_member(family[member].path)
    images = without_seen(images, learned, policy=config.dataset.duplicates)
    if images.label_sets is None:
        images = replace(images, balance=config.dataset.balance)
    transfer = _Transfer(
        config=config,
        source=family[member],
        learned=family.data,
        images=images,
        from_weights=from_weights,
        recipe=_recipe(config, len(images.train), epochs=epochs, from_weights=from_weights),
        target=out or path / "finetuned" / f"{member}-{images.name}",
        console=Console(),
    )
    if transfer.is_done:
        return transfer.target
    transfer.target.mkdir(parents=True, exist_ok=True)
    with owned(transfer.target, say=transfer.console.say):
        return transfer.run(should_stop)


def _recipe(config: Config, num_train: int, *, epochs: float | None, from_weights: bool) -> Recipe:
    settings = config.retrain
    recipe = settings.recipe.for_images(num_train)
    if from_weights:
        recipe = settings.recipe_from_weights(num_train)
    return recipe if epochs is None else replace(recipe, epochs=epochs, steps=None)


@dataclass(frozen=True, kw_only=True)
class _Transfer:
    """One training of a member on other images."""

    config: Config
    source: FamilyMember
    learned: str
    images: ImageData
    from_weights: bool
    recipe: Recipe
    target: Path
    console: Console

    @property
    def asked(self) -> dict[str, Any]:
        """What tells this training from others."""
        return {
            "member": self.source.name,
            "data": self.images.name,
            "from_weights": self.from_weights,
            "seed": self.config.seed,
            "digests": encode(self.images.digests),
            "recipe": recipe_facts(self.recipe, balance=self.images.balance),
        }

    @property
    def is_done(self) -> bool:
        """Whether there is nothing left to do, which is told.

        Raises:
            Invalid: if the folder holds something else.
        """
        target, name = self.target, f"{self.source.name} on {self.images.name}"
        if not _is_begun(target, self.asked):
            return False
        for file in digests.changed(target, FILES):
            self.console.say(f"{name}: {target / file} is not what was written; made again")
        if not digests.is_whole(target, *FILES):
            return False
        self.console.say(f"{name}: done before; {target}")
        return True

    def run(self, should_stop: Stop) -> Path:
        name, images, target = self.source.name, self.images, self.target
        self._keep_images()
        runtime = make_runtime(self.config)
        before = package.read(self.source.path)
        job = RetrainJob(
            name=f"{name}-on-{images.name}",
            architecture=replace(
                before.architecture, in_channels=images.in_channels, num_classes=images.num_classes
            ),
            recipe=self.recipe,
            seed=self.config.seed,
            folder=target / TRAINING,
            start=self.source.path if self.from_weights else None,
        )
        place = Workplace(
            data=images,
            runtime=runtime,
            settings=EvaluationSettings.of(self.config.evaluation, num_train=len(images.train)),
            progress=lambda _, value: self.console.training(name, value),
            should_stop=should_stop,
        )
        made = job.make(place)
        licence = before.licence if self.from_weights else None
        packed = write_member(target, made, images, licence=licence)
        test = score_on_test(target, images, runtime)
        counts = cost.of(made.architecture)
        member = replace(
            self.source,
            weights=trained_alone(from_weights=self.from_weights),
            macs=counts.macs,
            params=counts.params,
            activations=counts.activations,
            memory=counts.memory,
            accuracy=accuracy_of(made.search, test),
        )
        facts = card.Facts(
            data=images.name,
            num_train=len(images.train),
            digests=images.digests,
            budget_kind=self.config.budget_kind,
            tolerance=None,
            search=made.search,
            test=test,
            chosen=False,
            duplicates=images.duplicates,
            seen=images.seen,
            recipe=recipe_facts(self.recipe, balance=self.images.balance),
            found=self._found(),
        )
        card.write(target, member=member, package=packed, facts=facts)
        self._export()
        tested = {"accuracy": encode(member.accuracy), "tested": encode(test.counts)}
        result = self.asked | tested
        write_json(target / RESULT, result)
        (target / TRAINING / CHECKPOINT).unlink(missing_ok=True)
        self.console.say(f"{name} on {images.name}: test {test.total.in_words()}; {target}")
        return target

    def _found(self) -> str:
        """Where the architecture comes from: these images did not choose it."""
        source = self.source
        how = _ORIGINS[source.origin]
        start = "began with that member's weights" if self.from_weights else "began from scratch"
        return (
            f"The architecture is {card.escape(source.name)} of a family for "
            f"{card.escape(self.learned)}, where it {how}; nothing of it was chosen on "
            f"{card.escape(self.images.name)}. Input channels and classes are these images'. "
            f"Training {start}."
        )

    def _keep_images(self) -> None:
        """The training and its images are one, also when it goes on after a kill."""
        training = self.target / TRAINING
        listed = training / image_list.FILE
        is_begun = (training / CHECKPOINT).exists()
        check_same_images(
            self.images, began=None, listed=listed, where=self.target, is_trained=is_begun
        )
        training.mkdir(parents=True, exist_ok=True)
        mark(self.target)
        keep_images(self.images, listed)

    def _export(self) -> None:
        images, settings = self.images, self.config.export
        pixels, _ = images.search.take(torch.arange(min(NUM_IMAGES, len(images.search))))
        names = wanted_files(settings)
        done = export_files(self.target, names, pixels=pixels, settings=settings)
        card_exports.add_exports(self.target, done.written)
        for file, reason in done.skipped:
            self.console.say(f"export: {file} left out: {reason}")


def _is_begun(target: Path, asked: Mapping[str, object]) -> bool:
    """Whether the folder holds what is asked for; other people's files are left alone."""
    RunFolder(target).check_links()
    path = target / RESULT
    if path.exists():
        found = read_json(path, what="result", remedy="use another --out")
        for key, value in asked.items():
            if found.get(key) != value:
                problem = f"holds another training ({key})"
                raise Invalid(problem, path=(str(target),), remedy="use another --out")
        return True
    if target.exists() and not target.is_dir():
        raise Invalid("is a file", path=(str(target),), remedy="name a folder with --out")
    # A run folder has a `training` too.
    is_begun = (target / TRAINING).is_dir() and not RunFolder(target).config.exists()
    if target.is_dir() and contents(target) and not is_begun:
        problem = "is neither empty nor a training of this kind"
        raise Invalid(problem, path=(str(target),), remedy="use another --out")
    return False
