"""What a second rank is worth, and what a large evaluation store costs.

    PYTHONPATH=src python benchmarks/ranks.py data          # images/s of the data path, 224 pixels
    PYTHONPATH=src python benchmarks/ranks.py evaluations   # paths/s of the search
    PYTHONPATH=src python benchmarks/ranks.py store         # a look and a row, by rows there

Ranks are processes of one thread that begin at the same moment. `data` draws training batches
from a memory-mapped file of random bytes, crops, resizes and mirrors them, and has no network
behind it. `evaluations` scores random paths of a supernet on the demo's images, by gloo. Both run
one and two ranks in turns; the figure is the median of the rounds' ratios, by the clock, and by
the seconds that each rank computed, which is what two free cores would give where ranks do not wait
for each other: the one to read where something else runs. `store` asks for rows that are not there
and adds them one at a time, in turns in a store of each size. Targets: 1.8, 1.8, equal.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import multiprocessing
import os
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.distributed import TCPStore

from escalade.core.numbers.seeds import generator
from escalade.core.sampling.samplers import Hierarchical
from escalade.data.batching.augmenting import BatchPart
from escalade.data.batching.batches import Augmentation, TrainBatches
from escalade.data.loading import load
from escalade.data.splits.split import Split
from escalade.evaluate.evaluator import Evaluator
from escalade.evaluate.path_meter import EvaluationSettings
from escalade.evaluate.store import EvaluationStore, StoreOfRank0
from escalade.evaluate.store_rows import Context, ScoreRow, insertion
from escalade.spaces.load import load as load_space
from escalade.supernet.supernet import Supernet
from escalade.train.runtime import Runtime

SIDE, NUM_IMAGES, BATCH_SIZE = 224, 2048, 128
FACTORS = (1.0, 2.0, 4.0)
CONTEXT = Context(supernet="s" * 64, data="d" * 64, settings="recalibration=512/128 fp32")


def data_path(rank: int, size: int, folder: Path, seconds: float) -> Callable[[int], float]:
    """Makes this rank's part of training batches; tells how many images."""
    shape = (NUM_IMAGES, 3, SIDE, SIDE)
    images = torch.from_numpy(np.memmap(folder / "images.bin", np.uint8, mode="c", shape=shape))
    rows = torch.randperm(NUM_IMAGES, generator=torch.Generator().manual_seed(0))
    own = BATCH_SIZE // size
    batches = TrainBatches(
        Split(images, torch.zeros(NUM_IMAGES, dtype=torch.int64), rows=rows),
        batch_size=BATCH_SIZE,
        seed=0,
        augmentation=Augmentation(random_resized_crop=True, flip=True),
        part=BatchPart(rank * own, (rank + 1) * own, BATCH_SIZE),
    )
    step = 0
    batches.at(step)

    def run(number: int) -> float:
        nonlocal step
        start, first = time.perf_counter(), step
        while time.perf_counter() - start < seconds:
            step += 1
            batches.at(step)
        return (step - first) * own

    return run


def evaluations(rank: int, size: int, folder: Path, seconds: float) -> Callable[[int], float]:
    """Scores paths with the other ranks; tells this rank's share of them."""
    data = load("demo", cache_dir=folder)
    space = load_space("small", factors=FACTORS, in_channels=1, num_classes=10)
    torch.manual_seed(0)
    file = folder / f"{size}-{time.time_ns()}.sqlite"
    evaluator = Evaluator(
        Supernet(space.shape).to(memory_format=torch.channels_last).eval(),
        data=data,
        store=EvaluationStore(file) if rank == 0 else StoreOfRank0(),
        runtime=Runtime(device="cpu", threads=1),
        settings=EvaluationSettings(num_recalibration=512),
        num_workers=1,
    )
    drawn = space.paths(Hierarchical(space).draw(generator(0, "benchmark"), 1024))
    paths = list({path.key: path for path in drawn}.values())
    evaluator.score(paths[-8:])
    num = int(8 * seconds)

    def run(number: int) -> float:
        evaluator.score(paths[number * num : (number + 1) * num])
        return num / size

    return run


Rates = tuple[float, float]  # a second of the clock, a second that was computed


WORK = {"data": data_path, "evaluations": evaluations}


def _rank(what: str, rank: int, ranks: Ranks) -> None:
    os.environ |= {"RANK": str(rank), "WORLD_SIZE": str(ranks.size), "OMP_NUM_THREADS": "1"}
    os.environ |= {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(ranks.port)}
    os.environ |= {"TORCHELASTIC_USE_AGENT_STORE": "True", "TORCHELASTIC_RESTART_COUNT": "0"}
    torch.set_num_threads(1)
    run = WORK[what](rank, ranks.size, ranks.folder, ranks.seconds)
    for number in range(ranks.rounds):
        ranks.gate.wait()
        wall, cpu = time.perf_counter(), time.process_time()
        num = run(number)
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
        ranks.found.put((num / wall, num / cpu))


@dataclass
class Ranks:
    """So many processes that wait for their next round."""

    size: int
    port: int
    folder: Path
    rounds: int
    seconds: float
    gate: Any
    found: Any

    def round(self) -> Rates:
        """Of all ranks together."""
        self.gate.wait()
        rates = [self.found.get() for _ in range(self.size)]
        return sum(wall for wall, _ in rates), sum(cpu for _, cpu in rates)


@contextmanager
def started(what: str, size: int, folder: Path, *, rounds: int, seconds: float) -> Iterator[Ranks]:
    """So many ranks of some work."""
    store = TCPStore("127.0.0.1", 0, is_master=True, wait_for_workers=False)
    context = multiprocessing.get_context("spawn")
    gate, found = context.Barrier(size + 1), context.Queue()
    ranks = Ranks(size, store.port, folder, rounds, seconds, gate, found)
    processes = [context.Process(target=_rank, args=(what, r, ranks)) for r in range(size)]
    for each in processes:
        each.start()
    yield ranks
    for each in processes:
        each.join()


def compare_ranks(what: str, folder: Path, *, rounds: int, seconds: float) -> dict[str, Any]:
    """One rank and two in turns."""
    if what == "data":
        rng = np.random.default_rng(0)
        (folder / "images.bin").write_bytes(rng.bytes(NUM_IMAGES * 3 * SIDE * SIDE))
    pairs = []
    with (
        started(what, 1, folder, rounds=rounds, seconds=seconds) as one_rank,
        started(what, 2, folder, rounds=rounds, seconds=seconds) as two_ranks,
    ):
        for number in range(rounds):
            order = (one_rank, two_ranks)[:: 1 if number % 2 else -1]
            rates = {each.size: each.round() for each in order}
            pairs.append((rates[1], rates[2]))
    found: dict[str, Any] = {}
    for place, clock in enumerate(("clock", "computed")):
        ratios = [two[place] / one[place] for one, two in pairs]
        rates = [(one[place], two[place]) for one, two in pairs]
        found[clock] = {"ratio": statistics.median(ratios), "ratios": ratios, "per_second": rates}
    return found


def score_row(number: int) -> ScoreRow:
    """A row that no other number has."""
    return ScoreRow(
        supernet=CONTEXT.supernet,
        path=hashlib.sha256(str(number).encode()).hexdigest(),
        data=CONTEXT.data,
        settings=CONTEXT.settings,
        value=0.5,
        count=500,
        num_images=1000,
        macs=1,
        params=1,
        activations=1,
        resolution=32,
        seconds=0.1,
    )


@contextmanager
def filled(file: Path, num: int) -> Iterator[EvaluationStore]:
    """A store of so many rows."""
    EvaluationStore(file).close()
    tail = (CONTEXT.data, CONTEXT.settings, 0.5, 500, 1000, 1, 1, 1, 32, 0.1)
    keys = (hashlib.sha256(f"old {number}".encode()).hexdigest() for number in range(num))
    with sqlite3.connect(file) as connection:
        connection.executemany(
            insertion(ScoreRow), ((CONTEXT.supernet, key, *tail) for key in keys)
        )
    connection.close()
    with EvaluationStore(file) as store:
        yield store


def compare_stores(folder: Path, *, num: int) -> dict[str, Any]:
    """Milliseconds of a look that finds nothing and of adding a row, in turns."""
    times: dict[int, list[float]] = {1_000: [], 1_000_000: []}
    with (
        filled(folder / "small.sqlite", 1_000) as small,
        filled(folder / "large.sqlite", 1_000_000) as large,
    ):
        for number in range(num):
            row = score_row(number)
            for rows, store in ((1_000, small), (1_000_000, large))[:: 1 if number % 2 else -1]:
                start = time.perf_counter()
                assert not store.get(CONTEXT, [row.path])
                store.put([row])
                times[rows].append(1000 * (time.perf_counter() - start))
    medians = {rows: statistics.median(each) for rows, each in times.items()}
    spread = {rows: statistics.quantiles(each, n=10)[::8] for rows, each in times.items()}
    return {
        "milliseconds": medians,
        "tenth_and_ninetieth": spread,
        "ratio": medians[1_000_000] / medians[1_000],
    }


def main() -> None:
    """Parse, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=(*WORK, "store"))
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=5.0, help="of one measurement, about")
    parser.add_argument("--rows", type=int, default=2000, help="that are added to each store")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        if args.what == "store":
            found = compare_stores(Path(name), num=args.rows)
        else:
            found = compare_ranks(args.what, Path(name), rounds=args.rounds, seconds=args.seconds)
    print(json.dumps({"settings": vars(args)} | found, indent=2))


if __name__ == "__main__":
    main()
