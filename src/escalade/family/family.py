"""The result of a run as values: a family and its members, with a JSON round trip."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, Self

from escalade.artefacts import digests
from escalade.artefacts.files import read_value, write_json
from escalade.artefacts.grown import GrowthFit
from escalade.artefacts.run_folder import command
from escalade.config.ways_to_weights import CALLED
from escalade.core.network.architecture import Architecture
from escalade.core.network.memory import Memory
from escalade.core.numbers.budget import KINDS
from escalade.core.numbers.class_counts import ClassCounts
from escalade.core.values.codec import ABSENT, UNWRITTEN
from escalade.core.values.invalid import Invalid, shown
from escalade.core.values.ranges import (
    Count,
    FileName,
    NotNegative,
    Positive,
    Share,
    check_file_name,
    one_of,
)
from escalade.family.identities import Identities

if TYPE_CHECKING:
    from torch import nn

FILE = "family.json"
Origin = Literal["searched", "grown", "rival"]
RivalBase = Literal["plain", "seed"]
Weights = Annotated[str, one_of(*CALLED)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Accuracy:
    """Shares in 0..1 on the search split and, once the run is done, on the test split.

    Attributes:
        balanced: mean recall of the classes on the test split.
        correct: how many test images of each class were classified rightly, of `Family.tested`; of
            several labels, the average precision of each class times its images.
    """

    search: Share | None = None
    test: Share | None = None
    balanced: Share | None = field(default=None, metadata=ABSENT)
    correct: tuple[NotNegative, ...] | None = field(default=None, metadata=ABSENT)


@dataclass(frozen=True, slots=True, kw_only=True)
class FamilyMember(Memory):
    """One network of the family; `folder` is relative to the family's folder `root`.

    `memory` is the peak of one inference in bytes of fp32.
    `latency` are predicted seconds, only where budgets are latencies; they follow from the run's
    table alone. `identities` only where a searched member's space has some.
    """

    name: FileName
    stage: float
    origin: Origin
    weights: Weights
    budget: Positive
    macs: Count
    params: Count
    activations: Count
    memory: Count
    resolution: Count
    accuracy: Accuracy
    folder: str
    latency: Positive | None = field(default=None, metadata=ABSENT)
    identities: Identities | None = field(default=None, metadata=ABSENT)
    root: Path | None = field(default=None, compare=False, repr=False, metadata=UNWRITTEN)

    def __post_init__(self) -> None:
        try:
            for part in self.folder.split("/"):
                check_file_name(part)
        except Invalid:
            problem = f"{shown(self.folder)} is not inside the family folder"
            raise Invalid(problem, path=("folder",)) from None

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Replaced:
    """What search or growth had found for a budget whose member the rival is now."""

    origin: Origin
    weights: Weights
    macs: int
    params: int
    activations: int
    resolution: int
    accuracy: Accuracy


@dataclass(frozen=True, slots=True, kw_only=True)
class PlainRival:
    """What one has without a search, by a rule, trained beside a member and for as long.

    Attributes:
        member: the member's name, at whose budget it is.
        rule: what scaled the base.
        num_images: that its training saw.
        accuracy: as of members.
        base: what was scaled: the plain base of the space, or the fine-tuned network that the run
            started from, at another resolution.
        replaced: only where the family keeps the rival as its member.
    """

    member: str
    rule: str
    macs: int
    params: int
    activations: int
    resolution: int
    num_images: int
    accuracy: Accuracy
    architecture: Architecture
    base: RivalBase = field(default="plain", metadata=ABSENT)
    replaced: Replaced | None = field(default=None, metadata=ABSENT)


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """Members S0..Sk in order of budget, and the growth rule with its fit.

    It holds nothing that depends on time or place: two equal runs save equal files. `tested` are
    the test images of each class, `rivals` the plain networks beside the members, where the run
    has any.
    """

    members: tuple[FamilyMember, ...]
    budget_kind: Annotated[str, one_of(*KINDS)]
    growth: GrowthFit
    space: str
    data: str
    tested: ClassCounts | None = field(default=None, metadata=ABSENT)
    rivals: tuple[PlainRival, ...] = field(default=(), metadata=ABSENT)

    def __post_init__(self) -> None:
        for what in ("name", "folder"):
            counts = Counter(getattr(member, what) for member in self.members)
            if doubled := sorted(each for each, num in counts.items() if num > 1):
                problem = f"{shown(doubled[0])} is listed twice"
                raise Invalid(problem, path=("members",), remedy=f"every {what} must be unique")
        num_classes = 0 if self.tested is None else len(self.tested.classes)
        for i, member in enumerate(self.members):
            correct = member.accuracy.correct
            if correct is not None and len(correct) != num_classes:
                problem = f"{len(correct)} counts for {num_classes} tested classes"
                raise Invalid(problem, path=("members", i, "accuracy", "correct"))

    def __getitem__(self, name: str) -> FamilyMember:
        for member in self.members:
            if member.name == name:
                return member
        raise KeyError(f"{name!r} is not in the family; members are {', '.join(self.names)}")

    def __contains__(self, member: object) -> bool:
        """Whether there is a member of that name, or this very member."""
        return member in self.names or member in self.members

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

    def rival_of(self, name: str) -> PlainRival | None:
        """The plain network beside a member, None where there is none."""
        return next((rival for rival in self.rivals if rival.member == name), None)

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
        remedy = f"write one with {command('retrain', run)}"
        return read_value(cls, root / FILE, what="family", remedy=remedy)._in(root)

    def check_whole(self) -> None:
        """Whether every file of every member is what was written.

        Raises:
            Invalid: with the first that is not.
        """
        for member in self:
            again = "repeat the command that made it, which makes it anew; or, if you changed"
            note = f"it on purpose, delete its line in {member.path / digests.FILE}"
            digests.check_whole(member.path, remedy=f"\n{again} {note}")

    def _in(self, folder: Path) -> Self:
        return replace(self, members=tuple(replace(m, root=folder) for m in self.members))
