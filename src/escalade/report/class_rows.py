"""The classes as the report shows them: images of each split, and every member's recall."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from escalade.report import roster
from escalade.report.contents import Contents
from escalade.report.family_row import FamilyRow

MOST_ROWS = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassRow:
    """One class.

    Attributes:
        name: as the folder is called.
        images: of each split that is known.
        recalls: share of its test images that each tested member classifies rightly.
    """

    name: str
    images: tuple[int, ...]
    recalls: tuple[float | None, ...]


def class_rows(run: Contents, family: Sequence[FamilyRow]) -> tuple[ClassRow, ...]:
    """All classes in their order; of very many those that members know least."""
    counts = roster.class_counts(run)
    if not counts:
        return ()
    names = next(iter(counts.values())).classes
    tested = [member for member in family if member.recalls]
    rows = tuple(
        ClassRow(
            name=name,
            images=tuple(split.images[i] for split in counts.values()),
            recalls=tuple(member.recalls[i] for member in tested),
        )
        for i, name in enumerate(names)
    )
    if len(rows) <= MOST_ROWS:
        return rows
    return tuple(sorted(rows, key=_known)[:MOST_ROWS])


def _known(row: ClassRow) -> tuple[float, int]:
    """Mean recall, then images."""
    known = [recall for recall in row.recalls if recall is not None]
    return (sum(known) / len(known) if known else 1.0, sum(row.images))
