"""The run folder: stages read what earlier ones wrote (docs/reference/run_folder.md)."""

from __future__ import annotations

import os
import shlex
import stat
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Protocol, TypeVar

from escalade.artefacts import image_list
from escalade.artefacts.files import read_value, write_json
from escalade.core.values.invalid import Invalid

AGAIN = "it is made again when the run goes on"


def command(verb: str, *arguments: object) -> str:
    """A command in a message, ready to be copied into a shell."""
    words = (
        f"./{each}" if isinstance(each, Path) and str(each)[:1] == "-" else str(each)
        for each in arguments
    )
    return f"`escalade {shlex.join([verb, *words])}`"


class Artefact(Protocol):
    """A file of a run folder; `STAGE` is the command that makes it."""

    FILE: ClassVar[str]
    STAGE: ClassVar[str]


A = TypeVar("A", bound=Artefact)


def _check_plain(entry: Path) -> None:
    mode = entry.lstat().st_mode
    if not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):
        kind = "a symbolic link" if stat.S_ISLNK(mode) else "neither file nor folder"
        problem = f"is {kind}; a run folder holds nothing that may lead elsewhere"
        raise Invalid(problem, path=(str(entry),), remedy="remove it")


@dataclass(frozen=True, slots=True)
class RunFolder:
    """The artefacts of a run, and the paths of its other files."""

    path: Path

    def has(self, kind: type[Artefact]) -> bool:
        """Whether an artefact is there."""
        return (self.path / kind.FILE).exists()

    def read(self, kind: type[A]) -> A:
        """An artefact.

        Raises:
            Invalid: if it is missing or damaged, naming the command that makes it.
        """
        remedy = f"run {command(kind.STAGE, self.path)}"
        if kind.STAGE == "run":
            remedy = AGAIN
        return read_value(kind, self.path / kind.FILE, what=kind.FILE, remedy=remedy)

    def find(self, kind: type[A]) -> A | None:
        """An artefact, None where it is not there yet.

        Raises:
            Invalid: if it is damaged.
        """
        return self.read(kind) if self.has(kind) else None

    def write(self, artefact: Artefact) -> None:
        """Write an artefact, whole or not at all."""
        write_json(self.path / artefact.FILE, artefact)

    def check_links(self) -> None:
        """Whether all that is in the folder stands there: files and folders, no links elsewhere.

        Raises:
            Invalid: naming the first other thing: what is written there would be written elsewhere.
        """
        for root, folders, names in os.walk(self.path):
            for entry in (Path(root, name) for name in sorted([*folders, *names])):
                with suppress(FileNotFoundError):  # another process has just removed it
                    _check_plain(entry)

    @property
    def config(self) -> Path:
        """Every setting, fully resolved."""
        return self.path / "config.yaml"

    @property
    def space(self) -> Path:
        """The space, as its file had it when the run began."""
        return self.path / "space.json"

    @property
    def images(self) -> Path:
        """The images that the run began with, by name."""
        return self.path / image_list.FILE

    @property
    def is_trained(self) -> bool:
        """Whether anything is there that came of images."""
        names = ("supernet", "models", "finalists", "training", "family", "search.json")
        return any((self.path / name).exists() for name in names)

    @property
    def seed_network(self) -> Path:
        """The pretrained network that the run started from, as it was read."""
        return self.path / "seed_network"

    @property
    def without_network(self) -> Path:
        """The settings of the same run from scratch, where it starts from a pretrained network."""
        return self.path / "from_scratch.yaml"

    @property
    def from_network(self) -> Path:
        """The settings that the run began with, where it then went on from scratch."""
        return self.path / "from_network.yaml"

    @property
    def checkpoint(self) -> Path:
        """The state of the supernet's training."""
        return self.path / "supernet" / "checkpoint.pt"

    @property
    def supernet(self) -> Path:
        """The trained supernet's weights; the file says that training is done."""
        return self.path / "supernet" / "supernet.safetensors"

    @property
    def together(self) -> Path:
        """The supernet's weights after its members trained on together."""
        return self.path / "supernet" / "together.safetensors"

    @property
    def store(self) -> Path:
        """Every score and time that was measured."""
        return self.path / "evaluations.sqlite"

    @property
    def models(self) -> Path:
        """Checkpoints of a design space's networks while they train."""
        return self.path / "models"

    @property
    def finalists(self) -> Path:
        """A folder for each short training of a finalist, while the search goes on."""
        return self.path / "finalists"

    @property
    def family(self) -> Path:
        """The result."""
        return self.path / "family"

    @property
    def training(self) -> Path:
        """A folder for each training of a member."""
        return self.path / "training"

    @property
    def analysis_trainings(self) -> Path:
        """A folder for each training of an after-analysis."""
        return self.path / "analysis"

    @property
    def audit_trainings(self) -> Path:
        """A folder for each training of an audit."""
        return self.path / "audit"

    @property
    def metrics(self) -> Path:
        """Training curves."""
        return self.path / "metrics.jsonl"
