"""The run folder: where every stage reads what earlier ones wrote (docs/run_folder.md)."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from escalade.config import Config, read_file, resolve
from escalade.core.budget import Ladder
from escalade.core.choice_space import ChoiceSpace
from escalade.family.files import read_json, write_json, write_text
from escalade.spaces import choose, load
from escalade.spaces.load import Space

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

AGAIN = "it is made again when the run goes on"
UNFINISHED = ".config.yaml.part"  # all that is left of a run killed while it wrote its first file


@dataclass(frozen=True, slots=True)
class RunFolder:
    """Paths of a run's artefacts."""

    path: Path

    @property
    def config(self) -> Path:
        return self.path / "config.yaml"

    @property
    def plan(self) -> Path:
        return self.path / "plan.json"

    @property
    def space(self) -> Path:
        return self.path / "space.json"

    @property
    def checkpoint(self) -> Path:
        return self.path / "supernet" / "checkpoint.pt"

    @property
    def supernet(self) -> Path:
        return self.path / "supernet" / "supernet.safetensors"

    @property
    def store(self) -> Path:
        return self.path / "evaluations.sqlite"

    @property
    def models(self) -> Path:
        """Checkpoints of a design space's networks while they train."""
        return self.path / "models"

    @property
    def search(self) -> Path:
        return self.path / "search.json"

    @property
    def growth(self) -> Path:
        return self.path / "growth.json"

    @property
    def family(self) -> Path:
        return self.path / "family"

    @property
    def training(self) -> Path:
        """Checkpoints of members while they train."""
        return self.path / "training"

    @property
    def analysis(self) -> Path:
        return self.path / "analysis.json"

    @property
    def analysis_trainings(self) -> Path:
        """What an after-analysis trains."""
        return self.path / "analysis"

    @property
    def metrics(self) -> Path:
        return self.path / "metrics.jsonl"

    @property
    def ledger(self) -> Path:
        return self.path / "ledger.json"

    def read(self, path: Path, *, stage: str | None = None) -> dict[str, Any]:
        """A JSON artefact; an error names the stage that makes it, None for every stage.

        Raises:
            ValueError: if it is missing or damaged.
        """
        remedy = f"run `escalade {stage} {self.path}`" if stage else AGAIN
        return read_json(path, what=path.name, remedy=remedy)

    def load_config(self) -> Config:
        """The configuration the run was made with.

        Raises:
            ValueError: if the folder is not a run.
        """
        if not self.config.is_file():
            raise ValueError(
                f"{self.path}: not a run folder (no config.yaml); `escalade run --out` makes one"
            )
        return resolve(read_file(self.config))

    def load_space(self, config: Config) -> Space:
        """The space the run began with; a user's own file may have changed or moved since.

        Raises:
            ValueError: if space.json is damaged, or the identities of the configuration are others.
        """
        if not self.space.exists():
            return named_space(config)
        data = self.read(self.space)
        space = load.make(
            load.parse(data, where=str(self.space)),
            factors=_ladder(config).factors if config.budgets else (1.0,),
            kind=config.budget_kind,
        )
        if _with_identity(space, config.supernet.identity).data != space.data:
            raise ValueError(
                f"{self.config}: supernet.identity is {config.supernet.identity}, but the run "
                f"began with {data['identity']}; write that, or use another --out"
            )
        return space


def named_space(config: Config) -> Space:
    """The space that a configuration names, or the nearest to its first budget, for its ladder.

    Raises:
        ValueError: as `choose.space_for`; if there are neither budgets nor a name; or for
            `supernet.identity` in a space without identities.
    """
    if config.budgets:
        space = choose.space_for(config.space, _ladder(config))
    elif config.space is None:
        raise ValueError("space: without budgets name one, such as --space bignas_small")
    else:
        space = load.load_any(config.space, factors=(1.0,), kind=config.budget_kind)
    return _with_identity(space, config.supernet.identity)


def _with_identity(space: Space, identity: str | None) -> Space:
    if identity is None:
        return space
    if not isinstance(space, ChoiceSpace):
        raise ValueError(
            f"supernet.identity: the space {space.name} has no identities; leave it out, or name "
            "a choice space, such as scarlet_small"
        )
    return space.with_identity(identity)


def _ladder(config: Config) -> Ladder:
    """What scaling stages are laid out for: a front has base networks only."""
    ladder = config.ladder
    return Ladder(ladder.budgets[:1]) if config.search.method == "nsga2" else ladder


def claim(path: Path, config: Config) -> RunFolder:
    """Make a run folder, or take up the one that holds this very configuration.

    Raises:
        ValueError: if it belongs to another configuration, is no run folder, or cannot be written.
    """
    folder = RunFolder(path)
    text = config.to_yaml()
    if folder.config.exists():
        difference = _difference(folder.load_config(), config)
        if difference:
            raise ValueError(
                f"{path}: holds a run of another configuration: {difference}.\n"
                "Use another --out, or the command the run was started with"
            )
        _write_space(folder, config)
        return folder
    if path.exists() and not path.is_dir():
        raise ValueError(f"{path}: is a file; name a folder with --out")
    if path.is_dir() and any(entry.name != UNFINISHED for entry in path.iterdir()):
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
        write_json(folder.space, load.to_json(space.data))


def _difference(old: Config, new: Config) -> str:
    """The first setting that differs; how many workers compute does not make it another run."""
    before, after = (_flat(yaml.safe_load(config.to_yaml())) for config in (old, new))
    ignored = {"workers"}
    if old.fitted and not new.fitted:
        ignored |= {"fitted", *FITTED}
    for key in sorted(before.keys() | after.keys()):
        if key not in ignored and before.get(key) != after.get(key):
            return f"{key} is {before.get(key)} there, {after.get(key)} here"
    return ""


def _flat(data: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for key, value in data.items():
        if isinstance(value, dict):
            flat |= _flat(value, f"{prefix}{key}.")
        else:
            flat[prefix + key] = value
    return flat
