"""A table of images and their labels as people write it: CSV, or JSON lines."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from escalade.artefacts.texts import parse_json, read_text
from escalade.core.values.invalid import Invalid, closest, shown

CSV, JSONL = ".csv", ".jsonl"
SEPARATOR = ";"  # of several labels in a cell
COLUMNS = ("file", "label", "labels", "split")
_DELIMITERS = ",;\t"
_MOST_BYTES = 1 << 29
_MARK = "\ufeff"  # that spreadsheets write at the beginning


class TableRow(NamedTuple):
    """One row: where it stands, the file and the labels that it names, and the split or None."""

    line: int
    file: str
    labels: tuple[str, ...]
    split: str | None


def is_table(path: Path) -> bool:
    """Whether a path is called like a table of images."""
    return path.suffix.lower() in (CSV, JSONL)


def read_table(path: Path) -> list[TableRow]:
    """The rows of a table, in its order.

    Raises:
        Invalid: if it is none, naming the line.
        ValueError: if it may not be read.
    """
    text = _text(path)
    read = _csv_rows if path.suffix.lower() == CSV else _json_rows
    rows = [_row(line, found) for line, found in read(text)]
    if not rows:
        raise Invalid("has no rows", remedy="give one for each image: its file and its label")
    return rows


def _text(path: Path) -> str:
    try:
        return read_text(path, most=_MOST_BYTES).removeprefix(_MARK)
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise Invalid(f"line {line} is no UTF-8", remedy="save the table as UTF-8") from None
    except OSError as error:
        why = (error.strerror or str(error)).lower()
        raise ValueError(f"may not be read: {why}; make it readable") from error


def _csv_rows(text: str) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """Cells by column, with the line where each row ends."""
    header = text.partition("\n")[0]
    delimiter = next((d for d in _DELIMITERS if "file" in _names(header, d)), ",")
    names = _names(header, delimiter)
    _check_columns(names)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        next(reader)
        for cells in reader:
            if not any(cell.strip() for cell in cells):
                continue
            if len(cells) != len(names):
                raise Invalid(
                    f"line {reader.line_num} has {len(cells)} cells, the first line {len(names)}",
                    remedy="separate cells alike in all lines, and quote those that hold the sign",
                )
            yield reader.line_num, dict(zip(names, cells, strict=True))
    except csv.Error as error:
        raise Invalid(f"line {reader.line_num} is no CSV ({error})") from None


def _names(header: str, delimiter: str) -> list[str]:
    try:
        cells = next(csv.reader([header], delimiter=delimiter, strict=True), [])
    except csv.Error:
        return []
    return [cell.strip().casefold() for cell in cells]


def _json_rows(text: str) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """The object of every line that is not blank."""
    for line, each in enumerate(text.split("\n"), 1):
        if not each.strip():
            continue
        try:
            found = parse_json(each)
        except ValueError as error:
            raise Invalid(f"line {line} is no JSON ({str(error).splitlines()[0]})") from None
        if not isinstance(found, dict):
            problem = f"line {line} is {shown(found)}"
            raise Invalid(problem, remedy='each is such as {"file": "a.jpg", "label": "cat"}')
        try:
            _check_columns(list(found))
        except Invalid as error:
            raise Invalid(f"line {line} {error.problem}", remedy=error.remedy) from None
        yield line, found


def _check_columns(names: Sequence[str]) -> None:
    """Whether there is a file, labels once, and nothing that nobody reads."""
    for name in names:
        if name not in COLUMNS:
            near = closest(name, COLUMNS)
            raise Invalid(
                f"has the column {shown(name)}, which is not known",
                remedy=f"did you mean {near}?"
                if near
                else "columns are file, label (or labels) and split",
            )
    if len(set(names)) < len(names):
        raise Invalid("names a column twice", remedy="keep one of them")
    if "file" not in names:
        raise Invalid("has no column 'file'", remedy="columns are file, label and split")
    if ("label" in names) == ("labels" in names):
        has = "both 'label' and 'labels'" if "label" in names else "no column 'label'"
        raise Invalid(f"has {has}", remedy="give the labels of an image in one column")


def _row(line: int, found: Mapping[str, Any]) -> TableRow:
    file, split = found["file"], found.get("split")
    if not isinstance(file, str) or not file.strip() or "\0" in file:
        raise Invalid(f"line {line} names no file: {shown(file)}")
    if split is not None and not isinstance(split, str):
        raise Invalid(f"line {line} has the split {shown(split)}", remedy="give train, val or test")
    labels = _labels(found["label"] if "label" in found else found["labels"])
    if any(map(_is_broken, (file, split or "", *labels))):
        raise Invalid(f"line {line} holds halves of characters", remedy="write it anew as UTF-8")
    if not labels:
        raise Invalid(
            f"line {line} has no label for {shown(file)}",
            remedy="give it one, or take the line out",
        )
    return TableRow(line, file.strip(), labels, split.strip() if split else None)


def _labels(value: Any) -> tuple[str, ...]:
    """Labels as text, each once; of a text, those that are separated; empty where one is none."""
    if isinstance(value, list):
        parts = [_label(each) for each in value]
        if "" in parts:
            return ()
    else:
        text = _label(value)
        parts = [part.strip() for part in text.split(SEPARATOR)]
    return tuple(dict.fromkeys(part for part in parts if part))


def _is_broken(text: str) -> bool:
    """Whether a text holds surrogates, which JSON can spell and nobody can write."""
    return any("\ud800" <= sign <= "\udfff" for sign in text)


def _label(value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int):
        return ""
    return str(value).strip()
