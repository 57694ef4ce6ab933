"""Which folder a run works in: a new one, or the one that holds this very configuration."""

from __future__ import annotations

import itertools
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from escalade.api import latency
from escalade.api.design import settle
from escalade.api.methods import evolution_of, made_for
from escalade.api.run_folder import RunFolder, named_space
from escalade.api.session import step_of, weights_of
from escalade.api.sizes import num_members
from escalade.artefacts.files import write_json, write_text
from escalade.config import Config, SearchConfig, resolve
from escalade.core.space import layouts
from escalade.core.space.space import Space
from escalade.search.breeding import CROSSOVER

# Settings that `--hours` fits to the device.
FITTED = (
    "supernet.recipe.steps",
    "supernet.recipe.epochs",
    "search.population",
    "search.generations",
    "search.rounds",
    "search.num_bases",
    "search.strategies",
    "search.num_skeletons",
    "search.num_variations",
    "search.recipe.steps",
    "search.recipe.epochs",
    "retrain.grown",
    "retrain.recipe.steps",
    "retrain.recipe.epochs",
)
UNFINISHED = ".config.yaml.part"  # all that is left of a run killed while it wrote its first file


def default_folder(layers: Sequence[Mapping[str, Any]], path: Path) -> Path:
    """`path`, or the first of path-2, path-3, ... that is free or holds the run of these settings.

    Args:
        layers: settings, as for `run`.
        path: the folder where nothing else is in the way.

    Raises:
        ValueError: for settings that cannot be.
    """
    config = resolve(*layers)
    names = (f"{path.name}-{i}" if i > 1 else path.name for i in itertools.count(1))
    return next(each for name in names if _suits(each := path.with_name(name), config))


def _suits(path: Path, config: Config) -> bool:
    if not path.exists() or (path.is_dir() and not _content(path)):
        return True
    folder = RunFolder(path)
    if not folder.config.exists():  # looked for last, as another rank may be making this very run
        return False
    try:
        config = latency.as_begun(settle(config, folder), folder)
        return not _difference(folder, config)
    except ValueError:
        return False  # a damaged run, or one of another space


def claim(path: Path, config: Config) -> RunFolder:
    """Make a run folder, or take up the one that holds this very configuration.

    Raises:
        ValueError: if it belongs to another configuration, is no run folder, or cannot be written;
            or if its own configuration names another space than it began with.
    """
    folder = RunFolder(path)
    text = config.to_yaml()
    if folder.config.exists():
        difference = _difference(folder, config)
        if difference:
            raise ValueError(
                f"{path}: holds a run of another configuration: {difference}.\n"
                "Use another --out, or the command the run was started with"
            )
        _write_space(folder, config)
        return folder
    if path.exists() and not path.is_dir():
        raise ValueError(f"{path}: is a file; name a folder with --out")
    if path.is_dir() and _content(path):
        raise ValueError(f"{path}: is neither empty nor a run folder; use another --out")
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ValueError(f"{path}: cannot make the run folder: {error.strerror}") from None
    if not os.access(path, os.W_OK):
        raise ValueError(f"{path}: no permission to write there; use another --out")
    write_text(folder.config, text)
    _write_space(folder, config)
    return folder


def _write_space(folder: RunFolder, config: Config) -> None:
    if not folder.space.exists():
        space = named_space(config)
        write_json(folder.space, layouts.to_json(space.layout))


def _content(path: Path) -> list[Path]:
    """What is in a folder, but for what a kill may have left of a run's first file."""
    return [entry for entry in path.iterdir() if entry.name != UNFINISHED]


def _difference(folder: RunFolder, new: Config) -> str:
    """The first setting that differs; how many workers compute does not make it another run."""
    old = folder.load_config()
    space = folder.load_space(old)
    if old.supernet.identity is not None and new.supernet.identity is None:
        # The run's own space has the stated one, not what follows where nothing is stated.
        space = named_space(replace(old, supernet=replace(old.supernet, identity=None)))
    before, after = (_flat(asdict(_stated(config, space))) for config in (old, new))
    ignored = {"workers"}
    if old.fitted and not new.fitted:
        ignored |= {"fitted", *FITTED}
    for key in sorted(before.keys() | after.keys()):
        if key not in ignored and before.get(key) != after.get(key):
            return f"{key} is {before.get(key)} there, {after.get(key)} here"
    return ""


def _stated(config: Config, space: Space) -> Config:
    """With the values in the place of those that follow from the space, so that runs which were
    begun when these had other defaults are the same runs.
    """
    supernet, search = config.supernet, config.search
    if not space.traits.has_supernet:  # and so no evolution either
        return replace(
            config,
            supernet=replace(supernet, step=None),
            search=replace(
                search, population=None, generations=None, objectives=None, crossover=None
            ),
        )
    method = search.method or made_for(space)
    is_front = method == "nsga2"
    population, generations = evolution_of(config, method)
    identity = supernet.identity or space.identity
    return replace(
        config,
        supernet=replace(supernet, step=step_of(config, space), identity=identity),
        search=replace(
            search,
            method=method,
            population=population,
            generations=generations,
            objectives=config.objectives if is_front else None,
            crossover=_crossover(search),
            members=num_members(config) if is_front else search.members,
        ),
        retrain=replace(config.retrain, searched=weights_of(config, space)),
    )


def _crossover(search: SearchConfig) -> float:
    """The share of a front's children that are crossed."""
    if not (search.exploitation or search.exploration):
        return 1.0
    return CROSSOVER if search.crossover is None else search.crossover


def _flat(data: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for key, value in data.items():
        if isinstance(value, dict):
            flat |= _flat(value, f"{prefix}{key}.")
        else:
            flat[prefix + key] = value
    return flat
