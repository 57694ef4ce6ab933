"""A run and its images are one: what it began with is written down, and others are refused."""

from __future__ import annotations

import shlex
from pathlib import Path

from escalade.api.beginning.claim import begun_config, with_place
from escalade.artefacts import image_list
from escalade.artefacts.files import write_text
from escalade.artefacts.image_list import Digests, Entry, changes
from escalade.core.values.invalid import Invalid, shown
from escalade.data import ImageData
from escalade.data.listing.label_table import is_table
from escalade.data.loading import is_folder, located
from escalade.planning.resolved_run import Run

ANOTHER = "\nput them back as they were, or start another run with --out"


def check_same_classes(before: tuple[str, ...], data: ImageData, *, where: Path) -> None:
    """Whether the classes are those that training began with.

    Raises:
        Invalid: naming those that are not.
    """
    if before == data.classes:
        return
    gone = [f"{shown(name)} is gone" for name in before if name not in data.classes]
    new = [f"{shown(name)} is new" for name in data.classes if name not in before]
    told = ", ".join([*gone[:3], *new[:3]]) or "in another order"
    raise Invalid(
        f"it began with {len(before)} classes, now there are {data.num_classes}: {told}",
        path=(str(where),),
        remedy=ANOTHER,
    )


def check_same_images(
    data: ImageData, *, began: Digests | None, listed: Path, where: Path, is_trained: bool
) -> None:
    """Whether the images, and their division, are those that training began with.

    Args:
        began: digests of what there was; None where they are not known.
        listed: images.csv of what there was, which also knows, and can name what changed.
        is_trained: whether there is anything that came of images.

    Raises:
        Invalid: naming what changed; or if nobody knows any more what there was.
    """
    if began == data.digests:
        return
    known = _known(listed)
    began = began or _digests(known)
    if began is None and is_trained:
        raise Invalid(
            f"plan.json and {listed.name} are lost or damaged, and without them other images would "
            "go unnoticed",
            path=(str(where),),
            remedy="\nput them back, or start another run with --out",
        )
    if began is None or began == data.digests:
        return
    told = "nobody knows any more what was in them"
    if _digests(known) == began:
        told = changes(known, data.entries())
    splits = [name for name in image_list.SPLITS if _differ(began, data.digests, name)]
    raise Invalid(
        f"its images are not those that it began with ({', '.join(splits)}): {told}",
        path=(str(where),),
        remedy=ANOTHER,
    )


def keep_images(data: ImageData, listed: Path, *, anew: bool = False) -> None:
    """Write down which images there are, unless that is done and need not be done anew."""
    if anew or not listed.exists():
        image_list.write(listed, data.entries())


def check_place(run: Run) -> None:
    """Whether a run's images are where they were, or where they are said to be now.

    Raises:
        Invalid: saying how to go on if they moved.
    """
    data = run.config.data
    if is_folder(data) and not Path(located(data)).exists():
        folder, config = (shlex.quote(str(path)) for path in (run.folder.path, run.folder.config))
        raise Invalid(
            f"there is no {'table' if is_table(Path(data)) else 'folder'} {data}, where its images "
            "were",
            path=(str(run.folder.path),),
            remedy=f"\nif they moved: escalade run --config {config} --data FOLDER --out {folder}",
        )


def keep_place(run: Run) -> None:
    """Write down where the images are, if they have moved; no other setting changes."""
    before = begun_config(run.folder)
    if (moved := with_place(before, run.config)) != before:
        write_text(run.folder.config, moved.to_yaml())
        run.console.say(f"run: its images are in {run.config.data} now")


def _known(listed: Path) -> list[Entry]:
    """What a list tells; nothing where it is missing or damaged."""
    try:
        return image_list.read(listed)
    except (FileNotFoundError, Invalid):
        return []


def _digests(entries: list[Entry]) -> Digests | None:
    return image_list.split_digests(entries) if entries else None


def _differ(before: Digests, now: Digests, split: str) -> bool:
    return bool(getattr(before, split) != getattr(now, split))
