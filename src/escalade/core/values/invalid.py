"""What a user gave cannot be: an error that carries where, what and what would work as data."""

from __future__ import annotations

import difflib
import json
import reprlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from escalade.core.values.plain import one_line, plain

Step = str | int
# Of a line: a list of all settings of a recipe has nearly as many.
MOST_CHARACTERS = 400
MOST_SHOWN = 60  # of a value


class Invalid(ValueError):
    """A value that cannot be.

    Whoever notices says what is wrong, and names only what it knows of; whoever called adds where
    that is (`within`). Nobody edits the text: it is put together here, when it is shown.

    Attributes:
        problem: what is wrong.
        path: where, outermost first: names of files, settings and fields, places in lists.
        remedy: what would work; empty where the problem says it.
    """

    def __init__(self, problem: str, *, path: tuple[Step, ...] = (), remedy: str = "") -> None:
        super().__init__(problem)
        self.problem, self.path, self.remedy = problem, path, remedy

    def inside(self, *path: Step) -> Invalid:
        """The same, seen from farther out."""
        return Invalid(self.problem, path=(*path, *self.path), remedy=self.remedy)

    def __str__(self) -> str:
        where = f"{dotted(self.path)}: " if self.path else ""
        if not self.remedy:
            return brief(f"{where}{self.problem}")
        return brief(
            f"{where}{self.problem};{'' if self.remedy.startswith(chr(10)) else ' '}{self.remedy}"
        )


@contextmanager
def within(*path: Step) -> Iterator[None]:
    """Say of every invalid value in the body where it stands."""
    try:
        yield
    except Invalid as error:
        raise error.inside(*path) from None
    except ValueError as error:
        raise Invalid(str(error), path=path) from None


def dotted(path: Iterable[Step]) -> str:
    """A path as people write it: `search.objectives[0]`."""
    text = ""
    for step in path:
        text += f"[{step}]" if isinstance(step, int) else f"{'.' if text else ''}{one_line(step)}"
    return text


def brief(text: str) -> str:
    """A message in lines that can be read, whatever a user gave, and however long it is."""
    return "\n".join(map(_cut, plain(text).split("\n")))


def _cut(line: str) -> str:
    """Begin and end of a line that is too long."""
    if len(line) <= MOST_CHARACTERS:
        return line
    return f"{line[: MOST_CHARACTERS * 5 // 8]} ... {line[-MOST_CHARACTERS * 3 // 8 + 5 :]}"


def shown(value: Any) -> str:
    """A value in a message as files have it, not all of a long one or one with much in it."""
    is_word = value is None or isinstance(value, bool)
    try:
        text = json.dumps(value) if is_word else _SHORT.repr(value)
    except ValueError:  # Python writes no whole number of more than some thousand digits
        text = "a number of thousands of digits"
    return text if len(text) <= MOST_SHOWN else f"{text[: MOST_SHOWN - 3]}..."


_SHORT = reprlib.Repr()
_SHORT.maxlevel, _SHORT.maxstring, _SHORT.maxlong = 3, 2 * MOST_SHOWN, 2 * MOST_SHOWN


def nearest(name: object, known: Iterable[str]) -> str:
    """What would work in the place of a name that is not known."""
    names = list(known)
    close = closest(name, names)
    return f"did you mean {close}?" if close else f"use {', '.join(names)}"


def closest(name: object, known: Iterable[str]) -> str | None:
    """The known name that is most like one that is not, None where none is."""
    names = list(known)
    same = [each for each in names if each.lower() == str(name).lower()]
    least = 0.0 if same else 0.6
    close = difflib.get_close_matches(str(name), same or names, 1, least)
    return close[0] if close else None


def check_known(name: object, known: Iterable[str]) -> None:
    """Refuse a name that is not known, with the nearest that is.

    Raises:
        Invalid: without a path.
    """
    names = list(known)
    if name not in names:
        raise Invalid(f"{shown(name)} is not known", remedy=nearest(name, names))
