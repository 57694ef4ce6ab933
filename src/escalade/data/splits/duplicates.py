"""The same image in two splits, by content: counted, and taken out of the later one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from escalade.core.values.invalid import Invalid
from escalade.data.splits.stratified import Parts, Rows

MOST_NAMED = 5
DuplicatesPolicy = Literal["drop", "keep", "refuse"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Duplicates:
    """Images that stand in an earlier split, too: of train, search, test in this order.

    Attributes:
        kept: whether they were left where they are.
        search: how many of the search split are training images.
        test: how many of the test split are training or search images.
        examples: the first ones, each with the image that it equals.
    """

    kept: bool = False
    search: int = 0
    test: int = 0
    examples: tuple[tuple[str, str], ...] = ()

    def describe(self) -> str:
        """One sentence; empty where there are none."""
        if not self.examples:
            return ""
        counts = [(self.test, "test", "training or search"), (self.search, "search", "training")]
        told = [
            f"{num} {split} image{' is a' if num == 1 else 's are'} {of} image"
            f"{'' if num == 1 else 's'}"
            for num, split, of in counts
            if num
        ]
        done = "kept" if self.kept else "taken out"
        named = ", ".join(f"{here} = {there}" for here, there in self.examples)
        left = self.search + self.test - len(self.examples)
        more = f" and {left:,} more" if left > 0 else ""
        return f"{' and '.join(told)} by content ({named}{more}): {done}"


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenBefore:
    """Images that a network had learned from before it met these.

    Attributes:
        by: what to call the network.
        kept: whether they were left where they are.
        search: how many of the search split it had been trained on.
        test: how many of the test split it had been trained or chosen on.
        unknown: why there may be more; empty where all of its images are known.
    """

    by: str
    kept: bool = False
    search: int = 0
    test: int = 0
    unknown: str = ""

    def describe(self) -> str:
        """One sentence; empty where there are none, and can be none."""
        told = [f"{num} {name}" for name in ("test", "search") if (num := getattr(self, name))]
        done = "kept" if self.kept else "taken out"
        seen = f"{' and '.join(told)} images are among those that {self.by} learned from: {done}"
        doubt = f"whether {self.by} learned from images of the test split is not known"
        if not self.unknown:
            return seen if told else ""
        return f"{seen + '; ' if told else ''}{doubt}{' of others' if told else ''}: {self.unknown}"


def separate(
    parts: Parts,
    digests: NDArray[np.uint8],
    *,
    policy: DuplicatesPolicy,
    name: Callable[[int], str],
) -> tuple[Parts, Duplicates]:
    """Parts without images of an earlier one, by the policy, and what was found.

    Args:
        digests: (N, 16) of each row's content.
        policy: take duplicates out, keep them, or refuse the data.
        name: what to call a row.

    Raises:
        Invalid: if the policy refuses what is there.
    """
    content = np.unique(digests.view(np.uint64).reshape(-1, 2), axis=0, return_inverse=True)[1]
    content = content.ravel()
    known = parts.train
    in_train = np.isin(content[parts.search], content[known])
    before = np.concatenate([known, parts.search])
    in_either = np.isin(content[parts.test], content[before])
    doubled = np.concatenate([parts.test[in_either], parts.search[in_train]])
    if not len(doubled):
        return parts, Duplicates()
    found = Duplicates(
        kept=policy == "keep",
        search=int(in_train.sum()),
        test=int(in_either.sum()),
        examples=tuple(
            _example(row, before, content, name) for row in doubled[:MOST_NAMED].tolist()
        ),
    )
    if policy == "refuse":
        raise Invalid(
            found.describe().rpartition(":")[0],
            path=("duplicates",),
            remedy="\nremove them from one of the splits, or set it to drop",
        )
    if policy == "keep":
        return parts, found
    apart = replace(parts, search=parts.search[~in_train], test=parts.test[~in_either])
    return apart, found


def _example(
    row: int, before: Rows, content: NDArray[np.intp], name: Callable[[int], str]
) -> tuple[str, str]:
    same = before[content[before] == content[row]]
    return name(row), name(int(same[same != row][0]))
