"""Which folder a run works in: a new one, or the one that holds this very run."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from escalade.artefacts.files import write_json, write_text
from escalade.artefacts.owning import contents, mark
from escalade.artefacts.run_folder import RunFolder
from escalade.config import Config, read_file, resolve
from escalade.core.space import layouts
from escalade.core.space.space import Space
from escalade.core.values.codec import encode
from escalade.core.values.invalid import Invalid
from escalade.data.loading import is_folder, located
from escalade.planning.begun_space import begun_space, named_space
from escalade.planning.completing import complete
from escalade.planning.hours import FITTED


def begun_config(folder: RunFolder) -> Config:
    """The settings that the run in a folder was made with.

    Raises:
        Invalid: if it is no run, or they are damaged.
    """
    if not folder.config.is_file():
        problem = "not a run folder (no config.yaml)"
        remedy = "`escalade run --out` makes one"
        raise Invalid(problem, path=(str(folder.path),), remedy=remedy)
    return resolve(read_file(folder.config))


def asked_config(folder: RunFolder, given: Config) -> Config:
    """The settings that the run in a folder began with, as they are to be held against others.

    A run that was to start from a network and went on from scratch answers to both.

    Raises:
        Invalid: if it is no run, or they are damaged.
    """
    if given.seed_network is not None and folder.from_network.is_file():
        return resolve(read_file(folder.from_network))
    return begun_config(folder)


def free_folder(given: Config, path: Path) -> Path:
    """`path`, or the first of path-2, path-3, ... that is free or holds the run of settings.

    Args:
        given: resolved, and not yet fitted to a number of hours.
        path: the folder where nothing else is in the way.
    """
    names = (f"{path.name}-{i}" if i > 1 else path.name for i in itertools.count(1))
    return next(each for name in names if _suits(each := path.with_name(name), given))


def placed(config: Config) -> Config:
    """With the folder of images by where it is, so that stages find it from anywhere."""
    root = config.dataset.root
    dataset = config.dataset if root is None else replace(config.dataset, root=located(root))
    return replace(config, data=located(config.data), dataset=dataset)


def with_place(config: Config, other: Config) -> Config:
    """Settings with the images where others have them."""
    dataset = replace(config.dataset, root=other.dataset.root)
    return replace(config, data=other.data, dataset=dataset)


def check_same(folder: RunFolder, given: Config) -> None:
    """Whether the run in a folder is that of settings; its images may be in another place.

    Raises:
        Invalid: with the first setting that differs.
    """
    before = asked_config(folder, given)
    if is_folder(before.data) and is_folder(given.data):
        given = with_place(given, before)  # the images themselves will be compared
    if difference := _difference(folder, given):
        raise Invalid(
            f"holds a run of another configuration: {difference}",
            path=(str(folder.path),),
            remedy="\nuse another --out, or the command the run was started with",
        )


def check_usable(path: Path) -> None:
    """Whether a folder can become a run's.

    Raises:
        Invalid: if it is a file, or holds something else.
    """
    if path.exists() and not path.is_dir():
        raise Invalid("is a file", path=(str(path),), remedy="name a folder with --out")
    if path.is_dir() and contents(path):
        problem = "is neither empty nor a run folder"
        raise Invalid(problem, path=(str(path),), remedy="use another --out")


def make_folder(path: Path) -> None:
    """Make a run's folder where it is missing.

    Raises:
        Invalid: if it cannot be written.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        problem = f"cannot make the run folder: {error.strerror}"
        raise Invalid(problem, path=(str(path),)) from None
    if not os.access(path, os.W_OK):
        problem = "no permission to write there"
        raise Invalid(problem, path=(str(path),), remedy="use another --out")


def claim(folder: RunFolder, config: Config, space: Space) -> None:
    """Make a folder a run's, by its mark, its settings and its space."""
    mark(folder.path)
    write_text(folder.config, config.to_yaml())
    write_json(folder.space, layouts.to_json(space.layout))


def _suits(path: Path, given: Config) -> bool:
    if not path.exists() or (path.is_dir() and not contents(path)):
        return True
    folder = RunFolder(path)
    try:
        if not folder.config.exists():
            return False
        before = asked_config(folder, given)
        are_folders = is_folder(given.data) and is_folder(before.data)
        if are_folders and _is_moved(before.data, given.data):
            given = with_place(given, before)
        return not _difference(folder, given)
    except ValueError:
        return False  # a damaged run, or one of another space


def _is_moved(before: str, now: str) -> bool:
    """Whether images that were in one folder can be those in the other: not if both are there."""
    old, new = Path(before), Path(now)
    return new.exists() and (not old.exists() or old.samefile(new))


def _difference(folder: RunFolder, given: Config) -> str:
    """The first setting that differs; workers and memory do not make it another run."""
    begun = asked_config(folder, given)
    if given.budget_kind == "latency" and given.space is None:
        given = replace(given, space=begun.space)  # which was chosen by measuring
    given = replace(given, supernet=replace(given.supernet, identity=_identity(given)))
    completed = (complete(each, begun_space(folder, each))[0] for each in (begun, given))
    before, after = (dict(_flat(encode(each))) for each in completed)
    settled = {"threads": given.threads, "evaluation.precision": given.evaluation.precision}
    ignored = {"workers", "memory", *(key for key, value in settled.items() if value is None)}
    if begun.seed_network and given.seed_network:  # which its digest tells
        ignored |= {"seed_network.source", "seed_network.architecture"}
    if begun.fitted and not given.fitted:
        ignored |= {"fitted", *FITTED}
    for key in sorted(before.keys() | after.keys()):
        if key not in ignored and before.get(key) != after.get(key):
            return f"{key} is {before.get(key)} there, {after.get(key)} here"
    return ""


def _identity(given: Config) -> str | None:
    """How identities run: where nothing is said, as the space has it, not as the run began."""
    if given.seed_network is not None:
        return None
    try:
        return given.supernet.identity or named_space(given).layout.identity
    except ValueError:
        return None  # a user's own file, which may have moved


def _flat(data: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in data.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{key}.")
        else:
            yield prefix + key, value
