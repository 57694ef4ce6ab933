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
    *("ä", "日本語", "🚀", "\udcff", "a\nb", "tab\there", "\x1b[31m", "\u202e", LONG, "%s %d {}"),
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
KEYS = (1, None, True, 0.5, (1, 2))


def _nested() -> str:
    """A list of ten lists of ten lists ..., a hundred million entries, in YAML."""
    text = f"[{', '.join('x' * 10)}]"
    for name in "abcdefg":
        text = f"[&{name} {text}, {', '.join([f'*{name}'] * 9)}]"
    return text


# What YAML can do, and a user's slip might: values in themselves, tags, keys that are lists.
SURPRISES = (
    *("search: &a {recipe: *a}", "data: &a [*a]", "budgets: &a [&b [*a, *b]]", "data: *unknown"),
    *(f"{key}: {_nested()}" for key in ("unknown", "data", "seed", "budgets", "grow", "stages")),
    *("<<: {data: demo}", "<<: [1]", "? [1, 2]\n: 3", "? {a: 1}\n: 3", "--- a\n--- b"),
    *("data: !!python/object/apply:os.system ['true']", "data: !!binary aGk=", "data: !mine 1"),
    *("%YAML 9.9\n---\na: 1", "data: 2020-01-02", "data: 2020-99-99", "seed: 1:30", "seed: 0o17"),
    *("data: |\n  two\n  lines", "\ufeffdata: demo", f"seed: {'9' * 5_000}", "[", "{" * 1_000),
    *("[" * 1_000 + "]" * 1_000, "", "null", "3", "text", "- 1\n- 2"),
)
SNIPS = ("\t", "\0", "\ud800", "{", "]", ":", ": ", "- ", "#", '"', "'", "\n", "\n\n ", "&a ", "*a")

texts = st.one_of(st.sampled_from((*TEXTS, "\0", "a\0b")), st.text(max_size=8))
words = texts.map(lambda text: text.replace("\0", ""))  # no command line can have it
values = st.one_of(
    st.sampled_from(NUMBERS),
    st.sampled_from(OTHERS).map(copy.deepcopy),
    texts,
    st.floats(),
    st.integers(-(2**70), 2**70),
)


def commands(lines: list[list[str]], known: list[str]) -> st.SearchStrategy[list[str]]:
    """Command lines with one to three mutations.

    Args:
        lines: right ones.
        known: flags and names of settings, which may be put in.
    """
    return _mutated(st.sampled_from(lines).map(list), _change_words, known)


def mappings(given: list[dict[str, Any]], keys: list[str]) -> st.SearchStrategy[dict[str, Any]]:
    """Nested settings with one to three mutations.

    Args:
        given: right ones.
        keys: names of settings, which may be put in.
    """
    return _mutated(st.sampled_from(given).map(copy.deepcopy), _change_entries, keys)


def files(contents: list[str]) -> st.SearchStrategy[str]:
    """Text of YAML or JSON files with one to three mutations."""
    return _mutated(st.sampled_from(contents), _change_text, contents)


@st.composite
def _mutated(draw: Any, right: Any, change: Callable[..., Any], more: list[str]) -> Any:
    found = draw(right)
    for _ in range(draw(st.integers(1, 3))):
        found = change(draw, found, more)
    return found


def _misspelt(draw: Any, word: str) -> str:
    """A word with a letter too many, too few, or two the wrong way round."""
    at = draw(st.integers(0, len(word)))
    kind = draw(st.sampled_from(("more", "less", "swapped", "upper", "plural", "hyphen")))
    if kind == "more":
        return word[:at] + draw(st.characters(codec="utf-8", exclude_characters="\0")) + word[at:]
    if kind == "less":
        return word[:at] + word[at + 1 :]
    if kind == "swapped":
        return word[:at] + word[at : at + 2][::-1] + word[at + 2 :]
    if kind == "upper":
        return word.upper()
    return f"{word}s" if kind == "plural" else word.replace("_", "-")


def _change_words(draw: Any, line: list[str], known: list[str]) -> list[str]:
    kinds = ("drop", "swap", "twice", "misspelt", "other", "other", "set", "flag")
    kind = draw(st.sampled_from(kinds))
    if kind == "set":
        key, value = draw(st.sampled_from(known)).removeprefix("--"), draw(values)
        text = value if isinstance(value, str) else repr(value)
        return [*line, "--set", f"{key}={text}".replace("\0", "")]
    if kind == "flag":
        flag = draw(st.sampled_from([each for each in known if each.startswith("--")]))
        value = draw(words)
        return [*line, *draw(st.sampled_from(([flag], [flag, value], [f"{flag}={value}"])))]
    if not line:
        return [draw(words)]
    at = draw(st.integers(0, len(line) - 1))
    if kind == "drop":
        return line[:at] + line[at + 1 :]
    if kind == "twice":
        return [*line[:at], line[at], *line[at:]]
    if kind == "swap":
        line[at], line[0] = line[0], line[at]
    else:
        line[at] = _misspelt(draw, line[at]) if kind == "misspelt" else draw(words)
    return line


def _change_entries(draw: Any, settings: dict[str, Any], keys: list[str]) -> dict[str, Any]:
    kinds = ("value", "value", "value", "key", "more", "drop", "moved", "list")
    kind = draw(st.sampled_from(kinds))
    places = list(all_places(settings))
    if kind == "more" or not places:
        inner = draw(st.sampled_from([settings, *(p[k] for p, k in places)]))
        name = draw(st.sampled_from(keys)).rpartition(".")[2]
        other = draw(st.sampled_from((name, _misspelt(draw, name), draw(texts), *KEYS)))
        (inner if isinstance(inner, dict) else settings)[other] = draw(values)
        return settings
    place, key = draw(st.sampled_from(places))
    if kind == "drop":
        del place[key]
    elif kind == "key" and isinstance(key, str):
        place[_misspelt(draw, key)] = place.pop(key)
    elif kind == "moved":
        settings[str(key)] = place[key]
    else:
        place[key] = [place[key]] if kind == "list" else draw(values)
    return settings


def all_places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Where something stands: a mapping or a list, and a key or an index of it."""
    if isinstance(value, dict | list):
        for key in list(value) if isinstance(value, dict) else range(len(value)):
            yield value, key
            yield from all_places(value[key])


def _change_text(draw: Any, text: str, others: list[str]) -> str:
    kinds = ("cut", "less", "more", "surprise", "instead", "indented", "twice", "both")
    kind = draw(st.sampled_from(kinds))
    at = draw(st.integers(0, len(text)))
    if kind == "cut":
        return text[:at]
    if kind == "less":
        return text[:at] + text[at + draw(st.integers(1, 5)) :]
    if kind == "more":
        return text[:at] + draw(st.sampled_from(SNIPS)) + text[at:]
    if kind in ("surprise", "instead"):
        surprise = draw(st.sampled_from(SURPRISES))
        return surprise if kind == "instead" else f"{text}\n{surprise}\n"
    if kind == "both":
        return text + draw(st.sampled_from(others))
    lines = text.split("\n")
    number = draw(st.integers(0, len(lines) - 1))
    lines[number : number + 1] = [lines[number]] * 2 if kind == "twice" else [f" {lines[number]}"]
    return "\n".join(lines)
