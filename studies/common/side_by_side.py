"""Units of work of several supernets, side by side where the supernets share a GPU."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Generic, TypeVar

from torch import Tensor

from common.bench import Bench
from common.images import leading
from escalade.evaluate.path_meter import share_split, shared_split
from escalade.train.pool import Pool
from escalade.train.worker import Link

Asked = TypeVar("Asked")
Found = TypeVar("Found")


@dataclass(frozen=True, kw_only=True)
class _Work(Generic[Asked, Found]):
    """The work of a pool: whole units, one after the other."""

    bench: Bench
    unit: Callable[[Bench, Asked], Found]

    def setup(self, shared: Mapping[str, Tensor]) -> Bench:
        train, search = (shared_split(shared, name) for name in ("train", "search"))
        return replace(self.bench, data=replace(self.bench.data, train=train, search=search))

    def run(self, state: Bench, job: Asked, link: Link) -> Found:
        return self.unit(state, job)


def side_by_side(
    bench: Bench, unit: Callable[[Bench, Asked], Found], asked: Sequence[Asked]
) -> Iterator[tuple[Asked, Found]]:
    """What a unit of work finds for everything asked, in any order.

    On CPU one after the other, because each has all processes for its networks; on a GPU as many
    at a time as the bench has workers.

    Args:
        bench: whose images score.
        unit: a function of a module, which pickles.
        asked: values that pickle.
    """
    num = min(bench.num_workers, len(asked))
    if bench.device == "cpu" or num <= 1:
        for each in asked:
            yield each, unit(bench, each)
        return
    data, none = bench.data, leading(bench.data.train, 0)
    shared = share_split(data.train, "train") | share_split(data.search, "search")
    alone = replace(bench, data=replace(data, train=none, search=none), judge=None, num_workers=1)
    with Pool(_Work(bench=alone, unit=unit), num_workers=num, shared=shared) as pool:
        for index, found in pool.run(asked):
            yield asked[index], found
