"""The result of a run as values: a family and its members, with a JSON round trip."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Literal, Self

from escalade.artefacts.files import read_value, write_json
from escalade.artefacts.grown import GrowthFit
from escalade.core.network.memory import Memory
from escalade.core.values.codec import ABSENT, UNWRITTEN
from escalade.core.values.invalid import Invalid
from escalade.family.identities import Identities

if TYPE_CHECKING:
    from torch import nn

FILE = "family.json"
Origin = Literal["searched", "grown"]
Weights = Literal["sliced", "together", "retrained", "finetuned"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Accuracy:
    """Shares in 0..1 on the search split and, once the run is done, on the test split."""

    search: float | None = None
    test: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FamilyMember(Memory):
    """One network of the family; `folder` is relative to the family's folder `root`.

    `memory` is the peak of one inference in bytes of fp32.
    `latency` are predicted seconds, only where budgets are latencies; they follow from the run's
    table alone. `identities` only where a searched member's space has some.
    """

    name: str
    stage: float
    origin: Origin
    weights: Weights
    budget: float
    macs: int
    params: int
    activations: int
    memory: int
    resolution: int
    accuracy: Accuracy
    folder: str
    latency: float | None = field(default=None, metadata=ABSENT)
    identities: Identities | None = field(default=None, metadata=ABSENT)
    root: Path | None = field(default=None, compare=False, repr=False, metadata=UNWRITTEN)

    def __post_init__(self) -> None:
        inside = PurePosixPath(self.folder)
        if not inside.parts or inside.is_absolute() or ".." in inside.parts:
            problem = f"{self.folder!r} is not inside the family folder"
            raise Invalid(problem, path=("folder",))

    @property
    def path(self) -> Path:
        """The member's folder on disk.

        Raises:
            ValueError: if the family was neither saved nor loaded, so there is no folder.
        """
        if self.root is None:
            raise ValueError(f"{self.name}: not on disk yet; save the family, then Family.load it")
        return self.root / self.folder

    def load(self) -> nn.Module:
        """The member as a plain timm network in evaluation mode; the call that imports torch."""
        from escalade.family.packaging.package import load_network

        return load_network(self.path)

    def with_accuracy(self, *, search: float | None = None, test: float | None = None) -> Self:
        """The same member with the given shares set and the others kept."""
        known = self.accuracy
        accuracy = Accuracy(
            search=known.search if search is None else search,
            test=known.test if test is None else test,
        )
        return replace(self, accuracy=accuracy)


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """Members S0..Sk in order of budget, and the growth rule with its fit (docs/run_folder.md).

    It holds nothing that depends on time or place: two equal runs save equal files.
    """

    members: tuple[FamilyMember, ...]
    budget_kind: str
    growth: GrowthFit
    space: str
    data: str

    def __post_init__(self) -> None:
        names = [member.name for member in self.members]
        doubled = sorted({name for name in names if names.count(name) > 1})
        if doubled:
            problem = f"{doubled[0]!r} stands there twice"
            raise Invalid(problem, path=("members",), remedy="names are unique")

    def __getitem__(self, name: str) -> FamilyMember:
        for member in self.members:
            if member.name == name:
                return member
        raise KeyError(f"{name!r} is not in the family; members are {', '.join(self.names)}")

    def __iter__(self) -> Iterator[FamilyMember]:
        return iter(self.members)

    def __len__(self) -> int:
        return len(self.members)

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(member.name for member in self.members)

    def with_member(self, member: FamilyMember) -> Self:
        """The family with `member` in the place of its namesake, or at the end."""
        if member.name not in self.names:
            return replace(self, members=(*self.members, member))
        same = tuple(member if old.name == member.name else old for old in self.members)
        return replace(self, members=same)

    def save(self, folder: Path) -> Self:
        """Write family.json atomically; gives the family whose members know their folder."""
        write_json(folder / FILE, self)
        return self._in(folder)

    @classmethod
    def load(cls, folder: str | Path) -> Self:
        """Read the family of a family folder, or of the run folder that holds one.

        Raises:
            ValueError: if there is none, or it is damaged.
        """
        root = Path(folder)
        if not (root / FILE).exists() and (root / "family" / FILE).exists():
            root = root / "family"
        run = root.parent if root.name == "family" else root
        remedy = f"write one with `escalade retrain {run}`"
        return read_value(cls, root / FILE, what="family", remedy=remedy)._in(root)

    def _in(self, folder: Path) -> Self:
        return replace(self, members=tuple(replace(m, root=folder) for m in self.members))
