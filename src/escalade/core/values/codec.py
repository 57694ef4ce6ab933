"""The one codec between frozen dataclasses and what JSON and YAML hold.

Fields stand under their names, in their order. A class that is written in another way has
`to_json` and the class method `from_json`. Settings, spaces, architectures and the files of a run
are all read here.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import MISSING, Field, fields, is_dataclass
from functools import cache
from types import NoneType, UnionType
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from escalade.core.values.invalid import Invalid, check_known, nearest, within

T = TypeVar("T")
# Makes a number, a text or a truth value of the given type, or raises `Invalid`.
Scalar = Callable[[type, Any], Any]

# Of a field that is absent in the file where it is None, and of one that no file has.
ABSENT, UNWRITTEN = {"absent where None": True}, {"never written": True}
MOST_SHOWN = 60
_WORDS = {int: "a whole number", float: "a number", str: "a text", bool: "true or false"}


def encode(value: Any) -> Any:
    """What JSON holds of a value.

    Args:
        value: a dataclass, a mapping, a sequence, a number, a text, a truth value or None.
    """
    if hasattr(value, "to_json"):
        return value.to_json()
    if is_dataclass(value):
        written = {f.name: getattr(value, f.name) for f in fields(value) if _is_written(f)}
        absent = {f.name for f in fields(value) if f.metadata == ABSENT}
        return {k: encode(v) for k, v in written.items() if v is not None or k not in absent}
    if isinstance(value, Mapping):
        return {key: encode(each) for key, each in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [encode(each) for each in value]
    return value


def exact(kind: type, value: Any) -> Any:
    """A scalar that is what it should be; whole numbers are numbers, too.

    Raises:
        Invalid: if it is not.
    """
    numbers = (int, float) if kind is float else kind
    if (isinstance(value, bool) and kind is not bool) or not isinstance(value, numbers):
        raise Invalid(f"expected {_WORDS[kind]}, got {_shown(value)}")
    return value


def numbers_as_text(kind: type, value: Any) -> Any:
    """A scalar, where YAML 1.1 takes numbers such as 1e-3 for text.

    Raises:
        Invalid: if it is of another type.
    """
    if kind in (int, float) and isinstance(value, str):
        try:
            value = kind(value)
        except ValueError:
            pass
        else:
            if math.isnan(value):
                raise Invalid(f"expected {_WORDS[kind]}, got nan")
    return exact(kind, value)


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
        return _fields(kind, data, scalar)
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
        raise Invalid(f"expected a list, got {_shown(data)}")
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


def _fields(cls: Any, data: Any, scalar: Scalar) -> Any:
    kinds = field_types(cls)
    read = {}
    for key, entry in as_mapping(data).items():
        with within(str(key)):
            if key not in kinds:
                raise Invalid("there is no such field", remedy=nearest(key, kinds))
            read[key] = _decode(kinds[key], entry, scalar)
    for f in fields(cls):
        if f.name not in read and f.default is MISSING and f.default_factory is MISSING:
            raise Invalid("missing", path=(f.name,))
    return cls(**read)


@cache
def field_types(cls: Any) -> dict[str, Any]:
    """The types of a dataclass's fields that files have, by name."""
    hints = get_type_hints(cls)
    return {f.name: hints[f.name] for f in fields(cls) if _is_written(f)}


def as_mapping(data: Any) -> Mapping[str, Any]:
    """The data itself.

    Raises:
        Invalid: if it is no mapping.
    """
    if not isinstance(data, Mapping):
        raise Invalid(f"expected a mapping, got {_shown(data)}")
    return data


def _is_written(f: Field[Any]) -> bool:
    return f.metadata != UNWRITTEN


def _shown(data: Any) -> str:
    """A value in a message, not all of a long one."""
    text = repr(data)
    return text if len(text) <= MOST_SHOWN else f"{text[: MOST_SHOWN - 3]}..."
