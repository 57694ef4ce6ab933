"""The images of a run, for programs and for people: classes, splits, and what to know of them."""

from __future__ import annotations

from typing import Any

from escalade.core.numbers.class_counts import BALANCES
from escalade.core.values.codec import encode
from escalade.data import ImageData
from escalade.data.listing.split_folders import counted

MOST_CLASSES = 12  # in the table; of more the smallest are shown, and the largest
SMALLEST = 5


def data_facts(data: ImageData) -> dict[str, Any]:
    test = data.counts(data.test)
    splits = {"train": data.train, "search": data.search, "test": data.test}
    return {
        "name": data.name,
        "classes": list(data.classes),
        **({"task": data.task} if data.label_sets else {}),
        "in_channels": data.in_channels,
        "side": data.side,
        **{name: len(split) for name, split in splits.items()},
        "images": {name: list(data.counts(split).images) for name, split in splits.items()},
        "majority": {"class": test.majority, "share": test.majority_share},
        "digests": encode(data.digests),
        "skipped": [list(entry) for entry in data.skipped],
        "duplicates": encode(data.duplicates),
        "levels": {kind: list(between) for kind, between in data.levels.items()},
        "remarks": list(data.remarks),
    }


def data_lines(data: ImageData) -> list[str]:
    head = (
        f"data    {data.name}: {data.num_classes} classes, {_several(data)}"
        f"{len(data.train):,} train, {len(data.search):,} search, {len(data.test):,} test images, "
        f"{data.in_channels} channel{'s' if data.in_channels > 1 else ''}, "
        f"{data.side} pixels"
    )
    more = [*_class_lines(data), *data_notes(data)]
    if data.skipped:
        path, reason = data.skipped[0]
        num = counted(len(data.skipped), "unusable image")
        more.append(f"{num} left out, such as {path} ({reason})")
    return [head, *(f"        {line}" for line in more)]


def data_notes(data: ImageData) -> list[str]:
    """What to know of the images before anything is trained on them."""
    doubled = data.duplicates.describe()
    balanced = BALANCES[data.balance]
    told = [doubled, *data.counts(data.test).cautions(remedy=_remedy(data)), balanced]
    return [*data.remarks, *(each for each in told if each)]


def _remedy(data: ImageData) -> str:
    """What helps against classes of very unequal size, where nothing is done about them yet."""
    if data.balance != "none" or not data.counts(data.train).is_unequal:
        return ""
    return "`--balance sampling` draws every class equally often in training."


def _class_lines(data: ImageData) -> list[str]:
    """Images per class and split; where all classes have the same, in one line."""
    train, search, test = (data.counts(each) for each in (data.train, data.search, data.test))
    counts = list(zip(train.images, search.images, test.images, strict=True))
    if len(set(counts)) == 1:
        return ["each class has {:,} train, {:,} search, {:,} test images".format(*counts[0])]
    names = [_short(name) for name in data.classes]
    rows = [(name, *map(str, row)) for name, row in zip(names, counts, strict=True)]
    if len(rows) > MOST_CLASSES:
        order = sorted(range(len(rows)), key=lambda i: counts[i])
        left = f"... {len(rows) - SMALLEST - 1} more"
        rows = [rows[i] for i in order[:SMALLEST]] + [(left, "", "", ""), rows[order[-1]]]
    header = ("class", "train", "search", "test")
    widths = [max(map(len, column)) for column in zip(header, *rows, strict=True)]
    return [
        "  ".join([row[0].ljust(widths[0]), *map(str.rjust, row[1:], widths[1:])]).rstrip()
        for row in (header, *rows)
    ]


def _several(data: ImageData) -> str:
    return "several labels an image, " if data.label_sets else ""


def _short(name: str) -> str:
    return name if len(name) <= 30 else f"{name[:27]}..."
