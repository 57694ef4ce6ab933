"""Frozen dataclasses from JSON mappings; every error names the field's path."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any


def make(cls: Any, data: Any, where: str) -> Any:
    """Build a dataclass from a mapping.

    Raises:
        ValueError: if a field is unknown, missing or of another type, naming its path.
    """
    mapping = as_mapping(data, where)
    types = {field.name: str(field.type) for field in fields(cls)}
    unknown = [key for key in mapping if key not in types]
    if unknown:
        raise ValueError(f"{where}.{unknown[0]}: unknown field; known are {', '.join(types)}")
    for key, value in mapping.items():
        if _is_wrong(types[key], value):
            raise ValueError(f"{where}.{key}: expected {types[key]}, got {value!r}")
    try:
        return cls(**mapping)
    except TypeError as error:
        missing = str(error).split("argument: ")[-1]
        raise ValueError(f"{where}: missing field {missing}") from None


def as_mapping(data: Any, where: str) -> Mapping[str, Any]:
    """The data itself.

    Raises:
        ValueError: if it is no mapping.
    """
    if not isinstance(data, Mapping):
        raise ValueError(f"{where}: expected a mapping, got {data!r}")
    return data


def as_list(data: Any, key: str, where: str) -> list[Any]:
    """The list under a key.

    Raises:
        ValueError: if there is none, or it is empty.
    """
    value = data.get(key) if isinstance(data, Mapping) else None
    if not isinstance(value, list) or not value:
        raise ValueError(f"{where}.{key}: expected a list with at least one entry")
    return value


def _is_wrong(kind: str, value: Any) -> bool:
    is_int = isinstance(value, int) and not isinstance(value, bool)
    return (
        (kind == "int" and not is_int)
        or (kind == "float" and not (is_int or isinstance(value, float)))
        or (kind == "str" and not isinstance(value, str))
        or (kind == "bool" and not isinstance(value, bool))
        or (kind == "int | None" and value is not None and not is_int)
    )
