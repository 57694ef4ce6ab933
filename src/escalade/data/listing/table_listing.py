"""What a table of images lists: its classes, and every file with its labels and its split."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from escalade.core.numbers.score_words import LabelTask
from escalade.core.values.invalid import Invalid, closest, shown, within
from escalade.data.listing.class_names import alike, class_names
from escalade.data.listing.label_sets import LabelSets
from escalade.data.listing.label_table import SEPARATOR, TableRow, read_table
from escalade.data.listing.listing import Listing
from escalade.data.listing.split_folders import counted
from escalade.data.listing.split_names import SPELLINGS, split_role
from escalade.data.splits.stratified import SEARCH, TEST, TRAIN

_NAMED = 3


def list_table(table: Path, *, root: Path | None = None, task: LabelTask | None = None) -> Listing:
    """List the images that a table names; the order of its rows does not matter.

    Args:
        table: a CSV file, or one of JSON lines.
        root: the folder that its files are in; the table's own by default.
        task: whether an image has one label or several; None lets the rows say.

    Raises:
        Invalid: if rows or files cannot be used, naming the first.
    """
    base = table.parent if root is None else root
    if not base.is_dir():
        raise Invalid(f"there is no folder {base}", path=("root",))
    with within(str(table)):
        rows = [row._replace(file=_relative(row, base)) for row in read_table(table)]
        several = _has_several(rows, task)
        rows, repeated = _once(rows)
        _check_files(rows, base)
        origins = _origins(rows)
        names = class_names({name for row in rows for name in row.labels}, what="the labels")
        _check_classes(rows, origins, names)
    again = (f"{counted(repeated, 'row')} of files that other rows name alike",) if repeated else ()
    files, sets = _labelled(rows, names, several=several)
    paths = sorted(files, key=lambda file: (origins[file], files[file], Path(file)))
    return Listing(
        root=base,
        name=table.stem,
        classes=tuple(names),
        paths=tuple(paths),
        labels=np.array([files[path] for path in paths], np.int64),
        origin=np.array([origins[path] for path in paths], np.int8),
        remarks=(*alike(tuple(names)), *again),
        label_sets=sets,
    )


def _relative(row: TableRow, root: Path) -> str:
    """A row's file relative to the root, which it may not leave."""
    path = Path(os.path.normpath(row.file))
    if path.is_absolute():
        path = Path(os.path.relpath(path, root.absolute()))
    if path.parts[:1] == (os.pardir,):
        raise Invalid(
            f"line {row.line} names {shown(row.file)}, which is outside {root}",
            remedy="keep images there, or name a folder that holds them with dataset.root",
        )
    return path.as_posix()


def _has_several(rows: Sequence[TableRow], task: LabelTask | None) -> bool:
    row = next((row for row in rows if len(row.labels) > 1), None)
    if row is not None and task == "classification":
        raise Invalid(
            f"line {row.line} has {len(row.labels)} labels: {SEPARATOR.join(row.labels)}",
            remedy="classification takes one an image; set dataset.task to multilabel",
        )
    return row is not None or task == "multilabel"


def _once(rows: Sequence[TableRow]) -> tuple[list[TableRow], int]:
    """Every file once, and how many rows say again what another said."""
    first: dict[str, TableRow] = {}
    for row in rows:
        known = first.setdefault(row.file, row)
        for what, here, there in (
            ("labels", set(row.labels), set(known.labels)),
            ("splits", row.split, known.split),
        ):
            if here != there:
                raise Invalid(
                    f"lines {known.line} and {row.line} give {shown(row.file)} different {what}",
                    remedy="keep one of them"
                    if what == "splits"
                    else f"keep one of them; several labels stand in one row ('cat{SEPARATOR}dog')",
                )
    return list(first.values()), len(rows) - len(first)


def _check_files(rows: Sequence[TableRow], root: Path) -> None:
    missing = [row.file for row in rows if not (root / row.file).is_file()]
    if missing:
        more = ", ..." if len(missing) > _NAMED else ""
        raise Invalid(
            f"{len(missing):,} of {len(rows):,} files are not in {root}: "
            f"{', '.join(map(shown, missing[:_NAMED]))}{more}",
            remedy="name files relative to it, or, of a run, set dataset.root to where they are",
        )


def _origins(rows: Sequence[TableRow]) -> dict[str, int]:
    """The split that each file comes in: as with folders, val is the test split without a test."""
    if all(row.split is None for row in rows):
        return dict.fromkeys((row.file for row in rows), TRAIN)
    roles = {row.file: _role(row) for row in rows}
    if "train" not in roles.values():
        raise Invalid("has no rows of the split train", remedy="leave the splits out, or add some")
    val = SEARCH if "test" in roles.values() else TEST
    parts = {"train": TRAIN, "val": val, "test": TEST}
    return {file: parts[role] for file, role in roles.items()}


def _role(row: TableRow) -> str:
    role = None if row.split is None else split_role(row.split)
    if role is None and row.split is not None and row.split.casefold() == "search":
        role = "val"
    if role is None:
        has = "no split, and others have" if row.split is None else f"the split {shown(row.split)}"
        raise Invalid(f"line {row.line} has {has}", remedy=f"use {', '.join(SPELLINGS)}")
    return role


def _check_classes(
    rows: Sequence[TableRow],
    origins: Mapping[str, int],
    names: Mapping[str, str],
) -> None:
    """Whether there are two, and the same in every split."""
    if len(names) == 1:
        problem = f"has one label only, {shown(next(iter(names)))}: there is nothing to tell apart"
        raise Invalid(problem, remedy="add rows of another")
    spelt = {given: name for name, given in names.items()}
    found: dict[int, set[str]] = {}
    for row in rows:
        found.setdefault(origins[row.file], set()).update(spelt[each] for each in row.labels)
    train = found.pop(TRAIN)
    for origin, here in sorted(found.items()):
        split = "search" if origin == SEARCH else "test"
        if more := sorted(here - train):
            near = closest(more[0], sorted(train))
            raise Invalid(
                f"the label {shown(more[0])} is in the {split} rows, not in those of train"
                f"{f' (is it {shown(near)}?)' if near else ''}",
                remedy="rename it, remove it, or add training rows of it",
            )
        if less := sorted(train - here):
            others = f" and {len(less) - 1} more" if len(less) > 1 else ""
            raise Invalid(
                f"the {split} rows lack the label {shown(less[0])}{others} of the {len(train)} in "
                "train, so that a score would stand for some of them only",
                remedy="\nadd rows of it, or leave that split out: training rows are held out then",
            )


def _labelled(
    rows: Sequence[TableRow], names: Mapping[str, str], *, several: bool
) -> tuple[dict[str, int], LabelSets | None]:
    """The label of every file, a class's number or that of a set of classes, and the sets."""
    numbers = {given: i for i, given in enumerate(names.values())}
    of = {row.file: tuple(sorted({numbers[each] for each in row.labels})) for row in rows}
    if not several:
        return {file: each[0] for file, each in of.items()}, None
    sets = LabelSets.of(of.values(), num_classes=len(names))
    labels = sets.numbers
    return {file: labels[each] for file, each in of.items()}, sets
