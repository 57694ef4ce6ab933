"""A member on another data set: from scratch, or fine-tuned from its weights (section 4.2)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import torch

from escalade.api.console import Console
from escalade.api.members import pack, recipe_facts
from escalade.api.run_folder import RunFolder
from escalade.api.search import evaluation_settings
from escalade.api.session import cache_dir, make_runtime, member_recipe
from escalade.api.stop import Stop
from escalade.artefacts.files import read_json, write_json
from escalade.config import Config
from escalade.core.network import cost
from escalade.data import ImageData, load, prepare
from escalade.evaluate.score import accuracy
from escalade.family import card, card_exports, package, standalone
from escalade.family.export import export_member
from escalade.family.family import Accuracy, Family, FamilyMember
from escalade.family.making import Made
from escalade.family.retrain import CHECKPOINT, RetrainJob, retrain_member
from escalade.train.recipe import Recipe

RESULT, TRAINING = "result.json", "training"
NUM_IMAGES = 16


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
    folder = RunFolder(path)
    config, console = folder.load_config(), Console()
    family = Family.load(path)
    if member not in family.names:
        raise ValueError(f"member: {member!r} is not in {path}; it has {', '.join(family.names)}")
    source = family[member].path
    packed = package.read(source)
    images = load(
        data,
        cache_dir=cache_dir(),
        side=packed.preprocessing.side,
        in_channels=config.dataset.in_channels,
        seed=config.seed,
        max_skipped=config.dataset.max_skipped,
    )
    architecture = replace(
        packed.architecture, in_channels=images.in_channels, num_classes=images.num_classes
    )
    recipe = _recipe(config, images, epochs=epochs, from_weights=from_weights)
    target = out or path / "finetuned" / f"{member}-{Path(data).resolve().name}"
    asked = {
        "member": member,
        "data": images.name,
        "from_weights": from_weights,
        "seed": config.seed,
        "train_digest": images.train_digest,
        "recipe": recipe_facts(recipe),
    }
    if _is_done(target, asked):
        console.say(f"{member} on {images.name}: done before; {target}")
        return target
    runtime = make_runtime(config)
    settings = evaluation_settings(config, num_train=len(images.train))
    made = retrain_member(
        RetrainJob(
            name=f"{member}-on-{images.name}",
            architecture=architecture,
            recipe=recipe,
            seed=config.seed,
            folder=target / TRAINING,
            start=source if from_weights else None,
        ),
        data=images,
        runtime=runtime,
        settings=settings,
        progress=lambda progress: console.training(member, progress),
        should_stop=should_stop,
    )
    made_member = _write(target, made, images, of=family[member], tuned=from_weights)
    test = accuracy(
        package.load_network(target).to(runtime.device),
        images.test,
        resolution=architecture.resolution,
        mean=images.mean,
        std=images.std,
        runtime=runtime,
    )
    facts = card.Facts(
        data=images.name,
        num_train=len(images.train),
        budget_kind=config.budget_kind,
        tolerance=config.tolerance,
        search=made.search,
        test=test,
        recipe=recipe_facts(recipe),
        notes=(f"{member} of a family for {family.data}, trained on {images.name}.",),
    )
    made_member = made_member.with_accuracy(test=test.accuracy)
    card.write(target, member=made_member, package=package.read(target), facts=facts)
    _export(target, images, config, console)
    result = asked | {
        "accuracy": {"search": made.search.accuracy, "test": test.accuracy},
        "test_images": test.num_images,
    }
    write_json(target / RESULT, result)
    (target / TRAINING / CHECKPOINT).unlink(missing_ok=True)
    console.say(
        f"{member} on {images.name}: {test.accuracy:.2%} ± {test.standard_error:.2%} on "
        f"{test.num_images:,} test images; {target}"
    )
    return target


def _is_done(target: Path, asked: Mapping[str, object]) -> bool:
    """Whether the folder holds what is asked for; other people's files are left alone."""
    path = target / RESULT
    if path.exists():
        found = read_json(path, what="result", remedy="use another --out")
        for key, value in asked.items():
            if found.get(key) != value:
                raise ValueError(f"{target}: holds another training ({key}); use another --out")
        return True
    if target.exists() and not target.is_dir():
        raise ValueError(f"{target}: is a file; name a folder with --out")
    # A run folder has a `training` too.
    is_begun = (target / TRAINING).is_dir() and not RunFolder(target).config.exists()
    if target.is_dir() and any(target.iterdir()) and not is_begun:
        raise ValueError(
            f"{target}: is neither empty nor a training of this kind; use another --out"
        )
    return False


def _recipe(
    config: Config, images: ImageData, *, epochs: float | None, from_weights: bool
) -> Recipe:
    recipe = member_recipe(config, images, from_weights=from_weights)
    return recipe if epochs is None else replace(recipe, epochs=epochs, steps=None)


def _write(
    target: Path, made: Made, images: ImageData, *, of: FamilyMember, tuned: bool
) -> FamilyMember:
    """Package the new network; the member it makes, for its card."""
    packed = pack(made.architecture, images)
    package.write(target, package=packed, state=made.state)
    standalone.write(target, package=packed)
    counts = cost.of(made.architecture)
    return replace(
        of,
        weights="finetuned" if tuned else "retrained",
        macs=counts.macs,
        params=counts.params,
        activations=counts.activations,
        accuracy=Accuracy(search=made.search.accuracy),
    )


def _export(target: Path, images: ImageData, config: Config, console: Console) -> None:
    batch, _ = images.search.take(torch.arange(min(NUM_IMAGES, len(images.search))))
    resolution = package.read(target).architecture.resolution
    done = export_member(
        target,
        images=prepare(batch, resolution=resolution, mean=images.mean, std=images.std),
        onnx=config.export.onnx,
        program=config.export.torch_export,
    )
    card_exports.add_exports(target, done.written)
    for name, reason in done.skipped:
        console.say(f"export: {name} left out: {reason}")
