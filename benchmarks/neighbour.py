"""What a busy neighbour costs a training on CPU: one thread, two threads, two ranks of one thread.

    PYTHONPATH=src python benchmarks/neighbour.py [--seconds 6] [--rounds 1] [--json]

The allocator's network trains by the one training loop on random images, batches of 64, on two
cores; in turns alone and beside a process that does nothing but compute. Images a second count
from the first step after a warm-up. A process that shares two cores with another has 0.67 of its
speed with two threads by right, and all of it with one.
Targets: the best way beside a neighbour has 0.60 of the best way's speed alone; two ranks have 1.8
times the images/s of one.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

# Ranks, and threads each.
WAYS = {"one thread": (1, 1), "two threads": (1, 2), "two ranks": (2, 1)}
CORES, BATCH, NUM_IMAGES, WARM = 2, 64, 1024, 5


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=6.0, help="of each measurement")
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--threads", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.threads is not None:
        print(json.dumps(_trained(options.threads, seconds=options.seconds)))
        return
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:CORES])
    found: dict[str, dict[str, list[float]]] = {way: {"alone": [], "busy": []} for way in WAYS}
    for _ in range(options.rounds):
        for way, (ranks, threads) in WAYS.items():
            found[way]["alone"].append(_speed(ranks, threads, seconds=options.seconds))
            with _neighbour():
                found[way]["busy"].append(_speed(ranks, threads, seconds=options.seconds))
    speeds = {
        way: {how: statistics.median(each) for how, each in hows.items()}
        for way, hows in found.items()
    }
    best = max(each["alone"] for each in speeds.values())
    if options.json:
        print(json.dumps({"images_a_second": found, "best_alone": best}))
        return
    for way, each in speeds.items():
        print(
            f"{way}: {each['alone']:.0f} images/s alone, {each['busy']:.0f} beside a neighbour: "
            f"{each['busy'] / each['alone']:.2f} of its own, {each['busy'] / best:.2f} of the best"
        )
    one, two = speeds["one thread"]["alone"], speeds["two ranks"]["alone"]
    print(f"two ranks against one: {two / one:.2f} times the images/s")


@contextmanager
def _neighbour() -> Iterator[None]:
    busy = subprocess.Popen([sys.executable, "-c", "while True: pass"])
    try:
        yield
    finally:
        busy.kill()
        busy.wait()


def _speed(ranks: int, threads: int, *, seconds: float) -> float:
    """Images a second of a training in so many processes, as rank 0 has it."""
    from torch.distributed import TCPStore

    environment = os.environ | {"OMP_WAIT_POLICY": "PASSIVE", "OMP_NUM_THREADS": str(threads)}
    if ranks > 1:
        store = TCPStore("127.0.0.1", 0, is_master=True, wait_for_workers=False)
        environment |= {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(store.port)}
        environment |= {"WORLD_SIZE": str(ranks), "TORCHELASTIC_USE_AGENT_STORE": "True"}
        environment |= {"TORCHELASTIC_RESTART_COUNT": "0"}
    command = [sys.executable, __file__, "--threads", str(threads), "--seconds", str(seconds)]
    started = [
        subprocess.Popen(
            command,
            env=environment | ({"RANK": str(rank)} if ranks > 1 else {}),
            stdout=subprocess.PIPE,
            text=True,
        )
        for rank in range(ranks)
    ]
    try:
        answers = [process.communicate()[0] for process in started]
    finally:
        for process in started:
            process.kill()
            process.wait()
    return float(json.loads(answers[0]))


def _trained(threads: int, *, seconds: float) -> float:
    import torch

    from allocator import CLASSES, SIDE, architecture
    from escalade.config.recipe import Recipe
    from escalade.data.batching.batches import Augmentation, TrainBatches
    from escalade.data.splits.split import Split
    from escalade.nets.build import build
    from escalade.train.interrupt import Interrupted
    from escalade.train.loop import train
    from escalade.train.runtime import Runtime
    from escalade.train.step import PlainStep, TrainingObjective

    runtime = Runtime(device="cpu", threads=threads)
    torch.manual_seed(0)
    images = torch.randint(0, 256, (NUM_IMAGES, 3, SIDE, SIDE), dtype=torch.uint8)
    labels = torch.randint(0, CLASSES, (NUM_IMAGES,))
    network = build(architecture())
    objective = TrainingObjective(
        mean=(0.5,) * 3, std=(0.25,) * 3, label_smoothing=0.1, autocast=runtime.autocast
    )
    step = PlainStep(network, resolution=SIDE, objective=objective)
    times: list[float] = []

    def timed(batch: Any) -> torch.Tensor:
        times.append(time.perf_counter())
        return step(batch)

    def is_over() -> bool:
        return len(times) > WARM and times[-1] - times[WARM] > seconds

    with suppress(Interrupted):
        train(
            timed,
            network=network,
            batches=TrainBatches(
                Split(images, labels), batch_size=BATCH, seed=0, augmentation=Augmentation()
            ),
            recipe=Recipe(batch_size=BATCH, learning_rate=0.05, steps=10**6),
            num_steps=10**6,
            runtime=runtime,
            seed=0,
            should_stop=is_over,
        )
    return BATCH * (len(times) - 1 - WARM) / (times[-1] - times[WARM])


if __name__ == "__main__":
    main()
