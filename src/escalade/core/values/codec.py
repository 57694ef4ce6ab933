"""The one codec between frozen dataclasses and what JSON and YAML hold.

Fields stand under their names, in their order. A class that is written in another way has
`to_json` and the class method `from_json`. Settings, spaces, architectures and the files of a run
are all read here.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import MISSING, Field, fields, is_dataclass
from functools import cache
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from escalade.core.values.invalid import Invalid, check_known, nearest, shown, within

T = TypeVar("T")
# Makes a number, a text or a truth value of the given type, or raises `Invalid`.
Scalar = Callable[[type, Any], Any]

# Of a field that is absent in the file where it has its default, and of one that no file has.
ABSENT, UNWRITTEN = {"absent by default": True}, {"never written": True}
MOST = 10**300  # of a whole number; a float holds it, too
_WORDS = {int: "a whole number", float: "a number", str: "a text", bool: "true or false"}


def encode(value: Any) -> Any:
    """What JSON holds of a value.

    Args:
        value: a dataclass, a mapping, a sequence, a number, a text, a truth value or None.
    """
    if hasattr(value, "to_json"):
        return value.to_json()
    if is_dataclass(value):
        return encode_fields(value)
    if isinstance(value, Mapping):
        return {key: encode(each) for key, each in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [encode(each) for each in value]
    return value


def encode_fields(value: Any) -> dict[str, Any]:
    """What JSON holds of a dataclass's fields, also of one with a `to_json` of its own."""
    cls: Any = type(value)
    found = ((name, getattr(value, name), default) for name, default in _written(cls))
    return {name: encode(each) for name, each, default in found if each != default}


@cache
def _written(cls: Any) -> tuple[tuple[str, Any], ...]:
    """A dataclass's fields that files have, each with the value where it is absent."""
    return tuple(
        (f.name, f.default if f.metadata == ABSENT else MISSING)
        for f in fields(cls)
        if _is_written(f)
    )


def exact(kind: type, value: Any) -> Any:
    """A scalar that is what it should be, and finite; whole numbers are numbers, too.

    Raises:
        Invalid: if it is not.
    """
    numbers = (int, float) if kind is float else kind
    if (isinstance(value, bool) and kind is not bool) or not isinstance(value, numbers):
        raise Invalid(f"expected {_WORDS[kind]}, got {shown(value)}")
    if kind in (int, float) and not _is_held(value):
        if kind is int:
            raise Invalid(f"{shown(value)} is too large")
        raise Invalid(f"expected {_WORDS[kind]}, got {shown(value)}")
    return value


def _is_held(number: Any) -> bool:
    """Whether arithmetic can hold a number: finite, and not beyond all floats."""
    return math.isfinite(number) if isinstance(number, float) else abs(number) <= MOST


def written(kind: type, value: Any) -> Any:
    """A scalar as people write it: 1e-3, which YAML 1.1 takes for text, and 2 where 2.0 is meant.

    Raises:
        Invalid: if it is of another type.
    """
    if kind in (int, float) and isinstance(value, str):
        with suppress(ValueError):
            value = kind(value)
    exact(kind, value)
    if kind is not float:
        return value
    with suppress(OverflowError):  # of a whole number that is too large
        if math.isfinite(number := float(value)):
            return number
    raise Invalid(f"expected {_WORDS[kind]}, got {shown(value)}")


def decode(kind: type[T], data: Any, *, scalar: Scalar = exact) -> T:
    """Read what `encode` gives, or what a person wrote.

    Args:
        kind: a dataclass, or any type of a field of one.
        data: as JSON or YAML gives it.
        scalar: how numbers, texts and truth values are read.

    Raises:
        Invalid: at the path of what is unknown, missing or of another type.
    """
    read: T = _decode(kind, data, scalar)
    return read


def _decode(kind: Any, data: Any, scalar: Scalar) -> Any:
    origin, arguments = get_origin(kind), get_args(kind)
    if kind is Any:
        return data
    if origin is Annotated:
        value = _decode(arguments[0], data, scalar)
        _check(kind, value)
        return value
    if origin in (Union, UnionType):
        return _one_of(arguments, data, scalar)
    if origin is Literal:
        check_known(data, arguments)
        return data
    if origin in (tuple, list):
        return _sequence(origin, arguments, data, scalar)
    if origin is not None and issubclass(origin, Mapping):
        return _mapping(arguments[1], data, scalar)
    if hasattr(kind, "from_json"):
        return kind.from_json(data)
    if is_dataclass(kind):
        return decode_fields(kind, data, scalar=scalar)
    return scalar(kind, data)


def _one_of(kinds: tuple[Any, ...], data: Any, scalar: Scalar) -> Any:
    """The first type that fits; where none does, the error of the last is as good as any."""
    if data is None and NoneType in kinds:
        return None
    others = [kind for kind in kinds if kind is not NoneType]
    for kind in others[:-1]:
        try:
            return _decode(kind, data, scalar)
        except Invalid:
            continue
    return _decode(others[-1], data, scalar)


def _sequence(origin: Any, kinds: tuple[Any, ...], data: Any, scalar: Scalar) -> Any:
    if not isinstance(data, list | tuple):
        raise Invalid(f"expected a list, got {shown(data)}")
    is_long = origin is list or kinds[-1] is Ellipsis
    each = [kinds[0]] * len(data) if is_long else kinds
    if len(each) != len(data):
        raise Invalid(f"expected {len(each)} entries, got {len(data)}")
    read = []
    for i, (kind, entry) in enumerate(zip(each, data, strict=True)):
        with within(i):
            read.append(_decode(kind, entry, scalar))
    return origin(read)


def _mapping(kind: Any, data: Any, scalar: Scalar) -> dict[str, Any]:
    read = {}
    for key, entry in as_mapping(data).items():
        with within(str(key)):
            read[str(key)] = _decode(kind, entry, scalar)
    return read


def decode_fields(cls: Any, data: Any, *, scalar: Scalar = exact) -> Any:
    """`decode` of a dataclass by its fields, also of one with a `from_json` of its own."""
    kinds = field_types(cls)
    read = {}
    for key, entry in as_mapping(data).items():
        with within(str(key)):
            if key not in kinds:
                raise Invalid("no such setting", remedy=nearest(key, kinds))
            read[key] = _decode(kinds[key], entry, scalar)
    for f in fields(cls):
        if f.name not in read and f.default is MISSING and f.default_factory is MISSING:
            raise Invalid("missing", path=(f.name,))
    return cls(**read)


def check_fields(value: Any) -> None:
    """Check the ranges that a dataclass's types state, as reading it would.

    Raises:
        Invalid: at the field's path.
    """
    cls: Any = type(value)
    for name, kind in field_types(cls).items():
        with within(name):
            _check(kind, getattr(value, name))


def _check(kind: Any, value: Any) -> None:
    origin, arguments = get_origin(kind), get_args(kind)
    if value is not None and origin in (Union, UnionType):
        for each in arguments:
            _check(each, value)
    if origin is Annotated:
        for check in kind.__metadata__:
            check(value)
    if origin is Literal:
        check_known(value, arguments)


@cache
def field_types(cls: Any) -> dict[str, Any]:
    """The types of a dataclass's fields that files have, by name."""
    hints = get_type_hints(cls, include_extras=True)
    return {f.name: hints[f.name] for f in fields(cls) if _is_written(f)}


def as_mapping(data: Any) -> Mapping[str, Any]:
    """The data itself.

    Raises:
        Invalid: if it is no mapping.
    """
    if not isinstance(data, Mapping):
        raise Invalid(f"expected a mapping, got {shown(data)}")
    return data


def _is_written(f: Field[Any]) -> bool:
    return f.metadata != UNWRITTEN
