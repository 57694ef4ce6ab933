"""Slices of several supernets, scored side by side where the supernets share a GPU."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from torch import Tensor

from bench import Bench
from bignas_study.supernets import Job
from claim_test.images import leading
from escalade.core.path_space import Path as NetworkPath
from escalade.evaluate.measure import share_split, shared_split
from escalade.train.pool import Pool
from escalade.train.worker import Link

Asked = tuple[Job, Sequence[NetworkPath]]


@dataclass(frozen=True, kw_only=True)
class _Scoring:
    """The work of a pool: a supernet's slices one after the other."""

    bench: Bench

    def setup(self, shared: Mapping[str, Tensor]) -> Bench:
        train, search = (shared_split(shared, name) for name in ("train", "search"))
        return replace(self.bench, data=replace(self.bench.data, train=train, search=search))

    def run(self, state: Bench, job: Asked, link: Link) -> list[float]:
        return state.score(*job)


def score_all(bench: Bench, asked: Sequence[Asked]) -> Iterator[tuple[Asked, list[float]]]:
    """Accuracies of each supernet's slices on the bench's search images.

    On CPU the slices of one supernet are side by side, on a GPU the supernets.
    """
    if bench.device == "cpu":
        for each in asked:
            yield each, bench.score(*each)
        return
    data, num = bench.data, min(bench.num_workers, len(asked))
    shared = share_split(data.train, "train") | share_split(data.search, "search")
    none = leading(data.train, 0)
    alone = replace(bench, data=replace(data, train=none, search=none), judge=None, num_workers=1)
    with Pool(_Scoring(bench=alone), num_workers=max(2, num), shared=shared) as pool:
        for index, accuracies in pool.run(asked):
            yield asked[index], accuracies
