"""The run folder: where every stage reads what earlier ones wrote (docs/run_folder.md)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from escalade.artefacts.files import read_json
from escalade.config import Config, read_file, resolve
from escalade.core.numbers.budget import Ladder
from escalade.core.space import layouts
from escalade.core.space.space import Space
from escalade.core.values.invalid import within
from escalade.spaces import choose, load

AGAIN = "it is made again when the run goes on"


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
    def together(self) -> Path:
        """The supernet's weights after its members trained on together."""
        return self.path / "supernet" / "together.safetensors"

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
            ValueError: if space.json is damaged, or the configuration names another space, or other
                identities.
        """
        if not self.space.exists():
            return named_space(config)
        data = self.read(self.space)
        begun = layouts.parse(data, where=str(self.space))
        if (name := _name(config)) not in (None, begun.name):
            remedy = "write that" if begun.name in load.names() else "name its file"
            raise ValueError(
                f"{self.config}: space is {name}, but the run began with {begun.name}; {remedy}, "
                "or use another --out"
            )
        space = Space(
            begun,
            factors=_ladder(config).factors if config.budgets else (1.0,),
            kind=config.budget_kind,
        )
        if _with_identity(space, config.supernet.identity).layout != space.layout:
            raise ValueError(
                f"{self.config}: supernet.identity is {config.supernet.identity}, but the run "
                f"began with {data['identity']}; write that, or use another --out"
            )
        return space


def named_space(config: Config) -> Space:
    """The space that a configuration names, or the nearest to its first budget, for its ladder.

    Raises:
        ValueError: as `choose.space_for`; if there are neither budgets nor a name; or for a
            `supernet.identity` that the space cannot have.
    """
    if config.budgets:
        space = choose.space_for(config.space, _ladder(config))
    elif config.space is None:
        raise ValueError("space: without budgets name one, such as --space bignas_small")
    else:
        space = load.load(config.space, factors=(1.0,), kind=config.budget_kind)
    return _with_identity(space, config.supernet.identity)


def _name(config: Config) -> str | None:
    """What the space that a configuration names calls itself; None where nothing tells.

    A user's own file may have moved or changed since the run began.
    """
    space = config.space
    if space is None or space in load.names():
        return space
    try:
        return load.read(space).name
    except ValueError:
        if Path(space).suffix or Path(space).exists():
            return None
        raise


def _with_identity(space: Space, identity: str | None) -> Space:
    if identity is None:
        return space
    with within("supernet", "identity"):
        return space.with_identity(identity)


def _ladder(config: Config) -> Ladder:
    """What scaling stages are laid out for: a front has base networks only."""
    ladder = config.ladder
    return Ladder(ladder.budgets[:1]) if config.search.method == "nsga2" else ladder
