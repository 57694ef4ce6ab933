"""Commands answer what was recorded: numbers of `cost`, `scale`, `compare`, `space` and `plan`,
and the words that refuse wrong input. A commit that changes them on purpose records anew.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from typing import Any

import goldens
import pytest

CLOSE = 1e-12  # relative, of numbers that are not whole
LINES = goldens.lines()
WRONG = LINES.pop("wrong")


@pytest.fixture(scope="module")
def expected() -> dict[str, Any]:
    return json.loads(goldens.COMMANDS.read_text())


@pytest.mark.parametrize(
    "line",
    [
        # A plan times trainings; all of them together take half a minute.
        pytest.param(line, marks=pytest.mark.slow if verb == "plan" else (), id=line)
        for verb, given in LINES.items()
        for line in given
    ],
)
def test_the_same_answer(expected: dict[str, Any], line: str) -> None:
    differs = list(_differences(expected[line], goldens.answer(line)))
    assert not differs, f"escalade {line}: not as recorded: " + "; ".join(differs[:5])


@pytest.mark.parametrize("line", WRONG)
def test_the_same_refusal(expected: dict[str, Any], line: str) -> None:
    assert expected[line]["code"] == 2
    assert goldens.refusal(line) == expected[line]


def test_nothing_else_is_recorded(expected: dict[str, Any]) -> None:
    assert set(expected) == {*(line for given in LINES.values() for line in given), *WRONG}


def _differences(then: Any, now: Any, where: str = "") -> Iterator[str]:
    """What differs between two JSON documents, and where."""
    if isinstance(then, dict) and isinstance(now, dict):
        for key in dict.fromkeys([*then, *now]):
            if key in then and key in now:
                yield from _differences(then[key], now[key], f"{where}.{key}")
            else:
                yield f"{where}.{key} is {'gone' if key in then else 'new'}"
    elif isinstance(then, list) and isinstance(now, list) and len(then) == len(now):
        for i, pair in enumerate(zip(then, now, strict=True)):
            yield from _differences(*pair, f"{where}[{i}]")
    elif isinstance(then, float) and isinstance(now, float):
        if not math.isclose(then, now, rel_tol=CLOSE):
            yield f"{where} was {then!r}, is {now!r}"
    elif type(then) is not type(now) or then != now:
        yield f"{where} was {then!r}, is {now!r}"
