"""Which split a folder's or a row's name means, as people spell them."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

# How people spell the splits; `train_set`, `Test images`, `val2017` and the like are the same.
SPELLINGS = {
    "train": ("train", "training", "trn"),
    "val": ("val", "valid", "validation", "dev", "eval", "evaluation"),
    "test": ("test", "testing", "tst"),
}
_ENDING = re.compile(r"(?:set|data|images?|imgs?|split)$")
_WORD = re.compile(r"[^\W\d_]+|\d+")


def split_role(name: str) -> str | None:
    """The split that a name means: train, val or test; None where it means none.

    Numbers may stand around it (`val2017`), other words may not.
    """
    role, rest = _role_and_rest(name)
    return role if _is_number(rest) else None


def split_roles(names: Sequence[str]) -> dict[str, str | None]:
    """The split that each of the folders side by side means; None for what means none.

    Words around it are no split's where they differ: `seg_train` beside `seg_test` is one, and
    `train_station` beside `test_tube` is not.
    """
    read = {name: _role_and_rest(name) for name in names}
    trained = {rest for role, rest in read.values() if role == "train"}
    scored = {rest for role, rest in read.values() if role in ("val", "test")}
    return {
        name: role if _is_number(rest) or rest in trained & scored else None
        for name, (role, rest) in read.items()
    }


def _role_and_rest(name: str) -> tuple[str | None, str]:
    """The one split that a name's words mean, if any, and its other words."""
    words = _WORD.findall(unicodedata.normalize("NFKC", name).casefold())
    plain = [word for word in (_ENDING.sub("", word) for word in words) if word]
    roles = [role for word in plain for role, spelt in SPELLINGS.items() if word in spelt]
    if len(roles) != 1:
        return None, ""
    return roles[0], " ".join(word for word in plain if word not in SPELLINGS[roles[0]])


def _is_number(rest: str) -> bool:
    return not rest or rest.replace(" ", "").isdecimal()
