"""Text of files that anybody may have written, as values: bounded before anything is made of it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from escalade.core.values.invalid import Invalid

# Bytes of a file that people write, and of one that a run writes.
MOST_WRITTEN, MOST_STORED = 1 << 18, 1 << 26
MOST_DEPTH = 50  # of values in values
# Characters and values of a YAML file where every alias counts as all that it stands for.
MOST_SIZE = 1 << 20
MOST_DIGITS = 400
# What PyYAML raises; for tags that do not fit, such as `!!int ''`, whatever it stumbles over.
_FAULTS = (
    *(yaml.YAMLError, ValueError, ArithmeticError, RecursionError),
    *(TypeError, LookupError, AttributeError),
)
_NUMBERS = ("tag:yaml.org,2002:int", "tag:yaml.org,2002:float")


def read_text(path: Path, *, most: int = MOST_WRITTEN) -> str:
    """The UTF-8 text of a file.

    Raises:
        OSError: if it cannot be read.
        ValueError: if it is no UTF-8, or has more than `most` bytes.
    """
    with path.open("rb") as file:
        content = file.read(most + 1)
    if len(content) > most:
        raise Invalid("is too large", remedy=f"files of this kind have at most {most:,} bytes")
    return content.decode().replace("\r\n", "\n").replace("\r", "\n")


def parse_json(text: str) -> Any:
    """What JSON holds; what is no number (NaN) is read as None.

    Raises:
        ValueError: if it is none, or its values are nested too deeply.
    """
    try:
        data = json.loads(text, parse_constant=lambda _: None)
    except RecursionError:
        raise _too_deep() from None
    level = [data]
    for _ in range(MOST_DEPTH):
        level = [inner for each in level for inner in _inside(each)]
        if not level:
            return data
    raise _too_deep()


def parse_yaml(text: str) -> Any:
    """What YAML holds, read without tags that make objects.

    Raises:
        Invalid: if it is none, holds itself, is nested too deeply, or is small as text alone.
    """
    try:
        loader = _Loader(text)
        return loader.get_single_data()
    except Invalid:
        raise
    except _FAULTS as error:
        raise Invalid(f"not valid YAML: {' '.join(str(error).split())}") from None


def _inside(value: Any) -> Iterator[Any]:
    """The lists and mappings directly in one."""
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return (each for each in inner if isinstance(each, dict | list))


def _too_deep() -> Invalid:
    return Invalid(f"its values are nested more than {MOST_DEPTH} deep")


class _Loader(yaml.SafeLoader):
    """Refuses, while the text is read, what would be too much once it is a value."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self._open = 0
        self._measured: dict[int, tuple[int, int]] = {}  # size and height by node

    def compose_node(self, parent: Any, index: Any) -> Any:
        is_alias = self.check_event(yaml.AliasEvent)
        self._open += 1
        if self._open > MOST_DEPTH:
            raise _too_deep()
        node = super().compose_node(parent, index)
        self._open -= 1
        if not is_alias:
            self._measured[id(node)] = self._measure(node)
        elif id(node) not in self._measured:
            raise Invalid("a value that holds itself")
        return node

    def _measure(self, node: Any) -> tuple[int, int]:
        if isinstance(node, yaml.ScalarNode):
            if node.tag in _NUMBERS and len(node.value) > MOST_DIGITS:
                raise Invalid(f"a number of more than {MOST_DIGITS} digits")
            return 1 + len(node.value), 0
        parts = [part for each in node.value for part in (each if type(each) is tuple else (each,))]
        found = [self._measured[id(part)] for part in parts]
        size = 1 + sum(size for size, _ in found)
        height = 1 + max((height for _, height in found), default=0)
        if size > MOST_SIZE:
            raise Invalid("its aliases stand for too much; write it without")
        if height > MOST_DEPTH:
            raise _too_deep()
        return size, height
