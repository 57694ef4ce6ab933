"""A space's file: frozen dataclasses from what YAML gives, and back.

Every error names the path inside the file.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Callable, Sequence
from dataclasses import MISSING, asdict, fields
from fractions import Fraction
from typing import Any, TypeVar

from escalade.core.numbers.fields import as_mapping

FORMAT = 1

Entry = TypeVar("Entry")


def entries_of(data: Any, where: str, *, kind: str | None = None, hint: str = "") -> dict[str, Any]:
    """The entries of a file but `format` and, of a space that states it, `kind`.

    Raises:
        ValueError: if either is another than it must be; `hint` tells of other kinds.
    """
    entries = dict(as_mapping(data, where))
    version = entries.pop("format", None)
    if version != FORMAT:
        raise ValueError(f"{where}.format: {version!r} is not known; write format: {FORMAT}")
    if kind is not None and (found := entries.pop("kind", None)) != kind:
        raise ValueError(f"{where}.kind: {found!r} is not known; write kind: {kind}{hint}")
    return entries


def as_file(space: Any, *, kind: str | None = None) -> dict[str, Any]:
    """The mapping that a file with this content has."""
    entries: dict[str, Any] = json.loads(json.dumps(asdict(space)))
    return {"format": FORMAT} | ({} if kind is None else {"kind": kind}) | entries


def read_fields(cls: Any, data: Any, where: str) -> Any:
    """Make a dataclass of plain fields from a mapping as YAML or JSON gives it.

    Raises:
        ValueError: naming the field's path, what is wrong and what would work.
    """
    entries = as_mapping(data, where)
    known = {f.name: f for f in fields(cls)}
    values = {}
    for key, value in entries.items():
        if key not in known:
            close = difflib.get_close_matches(str(key), known, 1)
            hint = f"did you mean {close[0]}?" if close else f"known are {', '.join(known)}"
            raise ValueError(f"{where}.{key}: unknown field; {hint}")
        values[key] = _convert(str(known[key].type), value, f"{where}.{key}")
    for key, f in known.items():
        if key not in values and f.default is MISSING:
            raise ValueError(f"{where}.{key}: missing")
    return cls(**values)


def _convert(kind: str, value: Any, where: str) -> Any:
    if kind == "tuple[int, int]":
        if isinstance(value, int):
            value = [value, value]
        numbers = tuple(_number(v, int, where) for v in as_sequence(value, where))
        if len(numbers) != 2 or not 1 <= numbers[0] <= numbers[1]:
            raise ValueError(f"{where}: expected [least, most] with 1 <= least <= most")
        return numbers
    if kind.startswith(("tuple[int", "tuple[float")):
        cast = int if "int" in kind else float
        values = value if isinstance(value, list | tuple) else [value]
        numbers = tuple(_number(v, cast, where) for v in as_sequence(values, where))
        repeated = [n for i, n in enumerate(numbers) if n in numbers[:i]]
        if repeated:
            raise ValueError(f"{where}: {repeated[0]} stands there twice")
        return numbers
    if kind == "int | None":
        return None if value is None else _number(value, int, where)
    if kind in ("int", "float"):
        return _number(value, int if kind == "int" else float, where)
    if kind in ("str", "bool") and not isinstance(value, str if kind == "str" else bool):
        raise ValueError(f"{where}: expected {kind}, got {value!r}")
    return value


def _number(value: Any, cast: type, where: str) -> Any:
    """A positive number; fractions such as 240/224 are written as text."""
    try:
        if isinstance(value, bool):
            raise ValueError
        exact = Fraction(str(value))
    except (ValueError, ZeroDivisionError):
        raise ValueError(f"{where}: expected a number, got {value!r}") from None
    if exact <= 0 or (cast is int and exact.denominator != 1):
        kind = "a positive whole number" if cast is int else "a positive number"
        raise ValueError(f"{where}: expected {kind}, got {value!r}")
    return cast(exact)


def read_list(read: Callable[[Any, str], Entry], data: Any, where: str) -> tuple[Entry, ...]:
    """Every entry of a list, read with its path."""
    return tuple(read(each, f"{where}[{i}]") for i, each in enumerate(as_sequence(data, where)))


def as_sequence(data: Any, where: str) -> Sequence[Any]:
    """A file's value where a list with entries is expected; a ValueError otherwise."""
    if not isinstance(data, list | tuple) or not data:
        raise ValueError(f"{where}: expected a list with at least one entry, got {data!r}")
    return data
