"""Right input made wrong: words of command lines, keys and values of settings, text of files."""

from __future__ import annotations

import copy
import datetime
import math
from collections.abc import Callable, Iterator
from typing import Any

import hypothesis.strategies as st

LONG = "x" * 5_000
TEXTS = (
    *("", " ", "-", "--", "=", ".", ":", ",", "none", "null", "true", "~", "*", "&a", "[", "{}"),
    *("ä", "日本語", "🚀", "a\nb", "tab\there", "\x1b[31m", "\u202e", LONG, "%s %d {}", "$HOME"),
    *("-1", "0", "1e999", "1e-999", "nan", "inf", "-inf", "0x10", "1_000", "٣", "1.5.2", "1e3M"),
    *("60M,", "4ms", "1M,1M", "2M,1M", "9" * 400, "small", "dWr", "alpha=2", "d0_w0", "cpu"),
)
NUMBERS = (
    *(0, -1, 1, 2, 3, 7, 10**6, 10**18, 10**400, -(10**400)),
    *(0.0, -0.0, 0.5, -0.5, 1.5, 1e-300, 1e300, math.nan, math.inf, -math.inf),
)
OTHERS = (
    *(None, True, False, [], {}, [[]], [None], {"a": {"b": [1]}}, [1, "two", 3.0], {1: 2}),
    *({"recipe": 3}, [LONG, LONG], list(range(1_000)), datetime.date(2020, 1, 2), b"bytes", {1, 2}),
)
texts = st.one_of(st.sampled_from(TEXTS), st.text(max_size=8), st.sampled_from(("\x00", "a\x00b")))
values = st.one_of(
    st.sampled_from(NUMBERS),
    st.sampled_from(OTHERS).map(copy.deepcopy),
    texts,
    st.floats(),
    st.integers(-(2**70), 2**70),
)

Words = list[str]


def commands(lines: list[Words], flags: list[str]) -> st.SearchStrategy[Words]:
    """Command lines with one to three mutations.

    Args:
        lines: right ones.
        flags: what may be put in.
    """
    return _mutated(st.sampled_from(lines).map(list), _word_mutation, flags)


def mappings(given: list[dict[str, Any]], keys: list[str]) -> st.SearchStrategy[dict[str, Any]]:
    """Nested settings with one to three mutations.

    Args:
        given: right ones.
        keys: names of settings that may be put in.
    """
    return _mutated(st.sampled_from(given).map(copy.deepcopy), _entry_mutation, keys)


def files(contents: list[str]) -> st.SearchStrategy[str]:
    """Text of YAML or JSON files with one to three mutations."""
    return _mutated(st.sampled_from(contents), _text_mutation, contents)


def misspelt(draw: Any, word: str) -> str:
    """A word with a letter too many, too few, or two the wrong way round."""
    at = draw(st.integers(0, len(word)))
    kind = draw(st.sampled_from(("more", "less", "swapped", "upper", "plural", "hyphen")))
    if kind == "more":
        return word[:at] + draw(st.characters(codec="utf-8")) + word[at:]
    if kind == "less":
        return word[:at] + word[at + 1 :]
    if kind == "swapped":
        return word[:at] + word[at : at + 2][::-1] + word[at + 2 :]
    if kind == "upper":
        return word.upper()
    return f"{word}s" if kind == "plural" else word.replace("_", "-")


@st.composite
def _mutated(draw: Any, right: Any, mutate: Callable[..., Any], more: Any) -> Any:
    found = draw(right)
    for _ in range(draw(st.integers(1, 3))):
        found = mutate(draw, found, more)
    return found


def _word_mutation(draw: Any, words: Words, flags: list[str]) -> Words:
    kind = draw(
        st.sampled_from(("drop", "swap", "twice", "misspelt", "other", "other", "set", "flag"))
    )
    if kind == "set":
        key = draw(st.sampled_from(flags)).removeprefix("--")
        value = draw(values)
        return [*words, "--set", f"{key}={value if isinstance(value, str) else _shown(value)}"]
    if kind == "flag":
        flag = draw(st.sampled_from([each for each in flags if each.startswith("--")]))
        value = draw(texts)
        return [*words, *draw(st.sampled_from(([flag], [flag, value], [f"{flag}={value}"])))]
    if not words:
        return [draw(texts)]
    at = draw(st.integers(0, len(words) - 1))
    if kind == "drop":
        return words[:at] + words[at + 1 :]
    if kind == "twice":
        return words[:at] + [words[at]] + words[at:]
    if kind == "swap":
        words[at], words[0] = words[0], words[at]
    elif kind == "misspelt":
        words[at] = misspelt(draw, words[at])
    else:
        words[at] = draw(texts)
    return words


def _shown(value: Any) -> str:
    return str(value) if isinstance(value, int | float) else repr(value)


def _entry_mutation(draw: Any, settings: dict[str, Any], keys: list[str]) -> dict[str, Any]:
    places = [(settings, None), *_places(settings)]
    place, key = draw(st.sampled_from(places))
    kind = draw(st.sampled_from(("value", "value", "value", "key", "more", "drop", "moved", "list")))
    if key is None or kind == "more":
        inner = place if key is None else place[key]
        if isinstance(inner, dict):
            name = draw(st.sampled_from(keys)).rpartition(".")[2]
            inner[draw(st.sampled_from((name, misspelt(draw, name), draw(values_as_keys))))] = draw(
                values
            )
            return settings
    if key is None:
        return settings
    if kind == "drop":
        del place[key]
    elif kind == "key" and isinstance(key, str):
        place[misspelt(draw, key)] = place.pop(key)
    elif kind == "moved":
        settings[str(key)] = place[key]
    elif kind == "list":
        place[key] = [place[key]]
    else:
        place[key] = draw(values)
    return settings


values_as_keys = st.one_of(texts, st.sampled_from((1, None, True, 0.5, (1, 2))))


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Where something stands: a mapping or a list, and a key or an index of it."""
    if isinstance(value, dict):
        entries = list(value.items())
    elif isinstance(value, list):
        entries = list(enumerate(value))
    else:
        return
    for key, each in entries:
        yield value, key
        yield from _places(each)


# Anchors: a value in itself, the same one very often, keys merged from elsewhere.
ANCHORS = (
    "search: &a {recipe: *a}",
    "data: &a [*a]",
    "budgets: &a [&b [*a, *b]]",
    "<<: {data: demo}",
    "<<: [1]",
    "data: *unknown",
    "\n".join(
        ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
        + [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]" for i in range(1, 9)]
    ),
    "data: !!python/object/apply:os.system ['true']",
    "data: !!binary aGk=",
    "? [1, 2]\n: 3",
    "? {a: 1}\n: 3",
    "--- a\n--- b",
    "%YAML 9.9\n---\na: 1",
    "data: 2020-01-02",
    "data: 2020-99-99",
    "seed: 1:30",
    "seed: 0o17",
    "data: |\n  two\n  lines",
    "\ufeffdata: demo",
    "{" * 2_000,
    "[" * 2_000 + "]" * 2_000,
)
SNIPS = ("\t", "\x00", "\ud800", "{", "]", ":", ": ", "- ", "#", '"', "'", "\n", "\n\n ", "&a ", "*a")


def _text_mutation(draw: Any, text: str, others: list[str]) -> str:
    kind = draw(st.sampled_from(("cut", "less", "more", "anchor", "line", "twice", "both")))
    at = draw(st.integers(0, len(text)))
    if kind == "cut":
        return text[:at]
    if kind == "less":
        return text[:at] + text[at + draw(st.integers(1, 5)) :]
    if kind == "more":
        return text[:at] + draw(st.sampled_from(SNIPS)) + text[at:]
    if kind == "anchor":
        return f"{text}\n{draw(st.sampled_from(ANCHORS))}\n"
    if kind == "both":
        return text + draw(st.sampled_from(others))
    lines = text.split("\n")
    number = draw(st.integers(0, len(lines) - 1))
    if kind == "twice":
        lines.insert(number, lines[number])
    else:
        lines[number] = f" {lines[number]}"
    return "\n".join(lines)
