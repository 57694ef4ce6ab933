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


class _At:
    """A path within a run folder."""

    def __init__(self, *names: str) -> None:
        self._names = names

    def __get__(self, folder: RunFolder, owner: type[RunFolder]) -> Path:
        return folder.path.joinpath(*self._names)


@dataclass(frozen=True, slots=True)
class RunFolder:
    """The artefacts of a run, and the paths of its other files."""

    path: Path

    def has(self, kind: type[Artefact]) -> bool:
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
        write_json(self.path / artefact.FILE, artefact)

    def check_begun(self) -> None:
        """Whether there is a run.

        Raises:
            Invalid: if there is none.
        """
        if not self.config.is_file():
            problem = "not a run folder (no config.yaml)"
            remedy = "`escalade run --out` makes one"
            raise Invalid(problem, path=(str(self.path),), remedy=remedy)

    def check_links(self) -> None:
        """Whether all that is in the folder stands there: files and folders, no links elsewhere.

        Raises:
            Invalid: naming the first other thing: what is written there would be written elsewhere.
        """
        for root, folders, names in os.walk(self.path):
            for entry in (Path(root, name) for name in sorted([*folders, *names])):
                with suppress(FileNotFoundError):  # another process has just removed it
                    _check_plain(entry)

    config = _At("config.yaml")  # every setting, fully resolved
    space = _At("space.json")  # as its file had it when the run began
    images = _At(image_list.FILE)  # that the run began with, by name
    seed_network = _At("seed_network")  # that the run started from, as it was read
    seed_images = _At("seed_network", image_list.FILE)  # that it learned from, where they are known
    without_network = _At("from_scratch.yaml")  # the settings of the same run without that network
    from_network = _At("from_network.yaml")  # those that it began with, if it went on from scratch
    checkpoint = _At("supernet", "checkpoint.pt")
    supernet = _At("supernet", "supernet.safetensors")  # which says that training is done
    together = _At("supernet", "together.safetensors")  # after its members trained on together
    store = _At("evaluations.sqlite")  # every score and time that was measured
    family = _At("family")  # the result
    metrics = _At("metrics.jsonl")  # training curves
    # Folders for each training: of a design space's networks, of finalists and of members, of an
    # after-analysis and of an audit.
    models = _At("models")
    finalists = _At("finalists")
    training = _At("training")
    analysis_trainings = _At("analysis")
    audit_trainings = _At("audit")

    @property
    def is_trained(self) -> bool:
        """Whether anything is there that came of images."""
        names = ("supernet", "models", "finalists", "training", "family", "search.json")
        return any((self.path / name).exists() for name in names)
