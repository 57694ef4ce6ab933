"""One codec for settings, spaces, architectures and artefacts: what it reads and refuses."""

from __future__ import annotations

import pickle
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from escalade.core.values.codec import ABSENT, UNWRITTEN, decode, encode, written
from escalade.core.values.invalid import Invalid, brief, check_known, shown, within


@dataclass(frozen=True, kw_only=True)
class Inner:
    num: int
    share: float = 0.5

    def __post_init__(self) -> None:
        if self.num < 0:
            raise Invalid(f"{self.num} is negative", path=("num",), remedy="use 0 or more")


@dataclass(frozen=True, kw_only=True)
class Outer:
    name: str
    inner: Inner
    many: tuple[Inner, ...] = ()
    pair: tuple[int, str] = (1, "a")
    by_name: Mapping[str, Inner] = field(default_factory=dict)
    either: int | float | None = None
    texts: str | list[float] = "equal"
    way: Literal["short", "long"] = "short"
    rare: Inner | None = field(default=None, metadata=ABSENT)
    kept: str | None = field(default=None, compare=False, metadata=UNWRITTEN)


FULL = {
    "name": "x",
    "inner": {"num": 1, "share": 2},
    "many": [{"num": 2, "share": 0.5}],
    "pair": [3, "b"],
    "by_name": {"k": {"num": 4, "share": 0.5}},
    "either": None,
    "texts": [1.0, 2],
    "way": "long",
}


def test_what_is_read_is_written_the_same() -> None:
    read = decode(Outer, FULL)
    assert encode(read) == FULL
    assert list(encode(read)) == list(FULL)
    assert isinstance(read.many, tuple)
    assert encode(decode(Outer, FULL | {"rare": {"num": 0}}))["rare"] == {"num": 0, "share": 0.5}


def test_defaults_stand_for_what_is_absent() -> None:
    assert decode(Outer, {"name": "x", "inner": {"num": 1}}) == Outer(name="x", inner=Inner(num=1))


@pytest.mark.parametrize(
    ("change", "path", "problem"),
    [
        ({"colour": 1}, ("colour",), "no such setting"),
        ({"kept": "x"}, ("kept",), "no such setting"),
        ({"name": 3}, ("name",), "expected a text, got 3"),
        ({"inner": None}, ("inner",), "expected a mapping, got null"),
        ({"inner": {}}, ("inner", "num"), "missing"),
        ({"inner": {"num": True}}, ("inner", "num"), "expected a whole number, got true"),
        ({"inner": {"num": -1}}, ("inner", "num"), "-1 is negative"),
        ({"many": {"num": 1}}, ("many",), "expected a list"),
        ({"many": [{"num": 1}, {"num": "2"}]}, ("many", 1, "num"), "expected a whole number"),
        ({"pair": [1]}, ("pair",), "expected 2 entries, got 1"),
        ({"by_name": {"k": {"num": 0.5}}}, ("by_name", "k", "num"), "expected a whole number"),
        ({"either": "x"}, ("either",), "expected a number, got 'x'"),
        ({"texts": ["x"]}, ("texts", 0), "expected a number"),
        ({"way": "shorter"}, ("way",), "'shorter' is not known"),
    ],
)
def test_an_error_carries_its_path(
    change: dict[str, Any], path: tuple[str | int, ...], problem: str
) -> None:
    with pytest.raises(Invalid, match=problem) as caught:
        decode(Outer, FULL | change)
    assert caught.value.path == path


def test_an_error_is_worded_where_it_is_shown() -> None:
    with pytest.raises(ValueError) as caught, within("a.json", "stages", 2):
        decode(Inner, {"num": -1})
    assert str(caught.value) == "a.json.stages[2].num: -1 is negative; use 0 or more"
    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)
    with pytest.raises(Invalid, match=r"^here: plain$"), within("here"):
        raise ValueError("plain")


def test_the_nearest_name_is_told() -> None:
    with pytest.raises(Invalid, match=r"did you mean short\?"):
        check_known("Short", ("short", "long"))
    with pytest.raises(Invalid, match="use short, long"):
        check_known(3, ("short", "long"))
    with pytest.raises(Invalid, match=r"nmae: .*did you mean name\?"):
        decode(Outer, {"nmae": "x"})


def test_yaml_takes_some_numbers_for_text() -> None:
    assert decode(Inner, {"num": "3", "share": "1e-3"}, scalar=written).share == 1e-3
    assert repr(decode(Inner, {"num": 3, "share": 1}, scalar=written).share) == "1.0"
    for wrong in ("1.5", "x"):
        with pytest.raises(Invalid, match="num: expected a whole number"):
            decode(Inner, {"num": wrong}, scalar=written)
    for wrong in ("nan", float("inf"), 10**400):
        with pytest.raises(Invalid, match="share: expected a number"):
            decode(Inner, {"num": 1, "share": wrong}, scalar=written)


def test_messages_are_brief_whatever_was_given() -> None:
    line = str(Invalid(f"{'x' * 10_000} is not known", path=("name",), remedy="use short"))
    assert len(line) == 400
    assert line.startswith("name: xxx")
    assert line.endswith("xxx is not known; use short")
    text = brief(f"{'x' * 1_000}\nshort")
    assert text.endswith("\nshort")
    many: list[Any] = ["x"]
    for _ in range(40):  # more entries than there is memory for
        many = [many, many]
    assert len(shown(many)) <= 60
    assert [shown(value) for value in (None, True, "a", [1, 2])] == [
        "null",
        "true",
        "'a'",
        "[1, 2]",
    ]


plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=8,
)


@pytest.mark.slow
@given(st.dictionaries(st.sampled_from([*FULL, "rare", "x"]), plain, max_size=4))
def test_whatever_stands_there_is_read_or_refused(change: dict[str, Any]) -> None:
    with suppress(Invalid):
        read = decode(Outer, FULL | change)
        assert decode(Outer, encode(read)) == read
