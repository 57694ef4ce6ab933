"""Scoring the candidates of a search against the naive way: extract, recalibrate, run.

    PYTHONPATH=src python benchmarks/evaluation.py [--num-asks 6] [--json]

The populations that the search of a preset asks for, on a supernet that was trained for a moment.
Ours is the run's evaluator, from a store that knows nothing, with a worker a core. The naive way,
in one process with all threads: the extracted network in torch's default layout, batch norm in
training mode over the recalibration images, then the search images; its resized images are kept,
which costs it nothing. It scores some paths of every ask, whose seconds stand for those of all by
their macs. Each ask's ratio is between seconds a path; the first is not counted, in it workers
start.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path as File

import numpy as np
import torch
from torch import Tensor, nn

from escalade.api.beginning.begin import make_runtime, resolved
from escalade.artefacts.run_folder import RunFolder
from escalade.config import read_preset, resolve
from escalade.core.network import cost
from escalade.core.space.path import Path
from escalade.data.batching.batches import evaluation_batches
from escalade.data.splits.split import Split
from escalade.evaluate.evaluator import Evaluator
from escalade.evaluate.path_meter import EvaluationSettings
from escalade.evaluate.store import EvaluationStore
from escalade.planning.resolved_run import Run
from escalade.supernet.extract import extract
from escalade.supernet.shared_weights import SharedWeights
from escalade.train.optimizer import make_optimizer
from escalade.train.runtime import num_cores
from escalade.train.step import Batch
from escalade.train.steps import training_of

BATCH_SIZE = 256
RATE = 0.1  # of the training


def trained(run: Run, num_steps: int) -> SharedWeights:
    """The run's supernet after some of its steps, so that its scores say something."""
    task, supernet = run.supernet_task, run.new_supernet().train()
    training = training_of(task.settings)
    batches, step = training.batches(task), training.step(task, supernet)
    recipe = replace(task.settings.recipe, learning_rate=RATE)
    optimizer = make_optimizer(supernet, recipe=recipe)
    for number in range(num_steps):
        images, labels = batches.at(number)
        optimizer.zero_grad(set_to_none=True)
        step(Batch(images=images, labels=labels, step=number, share=1.0))
        optimizer.step()
    return supernet.eval()


class Naive:
    """What one would write by hand.

    Args:
        run: whose images are scored.
        supernet: whose paths.
        settings: how many images recalibrate.
    """

    def __init__(self, run: Run, supernet: SharedWeights, settings: EvaluationSettings) -> None:
        self._supernet = supernet
        num = settings.num_images(len(run.data.train))
        self._recalibration = run.data.train.subset(torch.arange(num))
        self._search = run.data.search
        self._batch_size = settings.recalibration_batch

        @cache
        def batches(split: Split, resolution: int, size: int) -> list[tuple[Tensor, Tensor]]:
            found = evaluation_batches(
                split,
                resolution=resolution,
                mean=run.data.mean,
                std=run.data.std,
                batch_size=size,
            )
            return [(images.contiguous(), labels) for images, labels in found]

        self._batches = batches

    def prepare(self, path: Path) -> None:
        """Have the resized images ready."""
        side = path.running.resolution
        self._batches(self._recalibration, side, self._batch_size)
        self._batches(self._search, side, BATCH_SIZE)

    @torch.no_grad()
    def score(self, path: Path) -> float:
        """A path's accuracy."""
        side = path.running.resolution
        network = extract(self._supernet, path.running).to(memory_format=torch.contiguous_format)
        for norm in network.modules():
            if isinstance(norm, nn.BatchNorm2d):
                norm.momentum = None
        network.train()
        for images, _ in self._batches(self._recalibration, side, self._batch_size):
            network(images)
        network.eval()
        num_correct = 0
        for images, labels in self._batches(self._search, side, BATCH_SIZE):
            num_correct += int((network(images).argmax(1) == labels).sum())
        return num_correct / len(self._search)


def asks(
    run: Run, evaluator: Evaluator, num: int
) -> Iterator[tuple[list[Path], list[float], float]]:
    """What a search asks for: paths, their accuracies, and the seconds that scoring took."""
    searcher = run.method.begin(run.task, num_images=len(run.data.search))
    for _ in range(num):
        paths = run.space.paths(searcher.ask())
        measured = evaluator.count.num_measured
        start = time.perf_counter()
        scores = [score.accuracy for score in evaluator.score(paths)]
        seconds = time.perf_counter() - start
        assert evaluator.count.num_measured - measured == len({path.key for path in paths})
        yield paths, scores, seconds
        run.method.tell(searcher, np.array(scores))


def compared(
    naive: Naive, paths: Sequence[Path], scores: Sequence[float], seconds: float, *, sample: int
) -> dict[str, float]:
    """One ask: seconds a path of both, and how far their scores are apart."""
    chosen = np.random.default_rng(0).choice(len(paths), sample, replace=False)
    macs = [cost.of(path.running).macs for path in {path.key: path for path in paths}.values()]
    times, gaps = [], []
    for index in chosen:
        naive.prepare(paths[index])
        start = time.perf_counter()
        accuracy = naive.score(paths[index])
        times.append(time.perf_counter() - start)
        gaps.append(abs(accuracy - scores[index]))
    ours = seconds / len({path.key for path in paths})
    share = sum(cost.of(paths[index].running).macs for index in chosen) / sum(macs)
    plain = sum(times) / share / len(macs)
    return {
        "paths": len(paths),
        "naive_ms": 1e3 * plain,
        "ours_ms": 1e3 * ours,
        "ratio": plain / ours,
        "largest_gap": max(gaps),
    }


def main() -> None:
    """Parse, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--preset", default="demo")
    parser.add_argument("--num-asks", type=int, default=8)
    parser.add_argument("--sample", type=int, default=4, help="paths of an ask, the naive way")
    parser.add_argument("--num-steps", type=int, default=100, help="of training")
    parser.add_argument("--num-images", type=int, default=1024, help="of a recalibration")
    parser.add_argument("--search-size", type=int, default=500, help="of each class")
    parser.add_argument("--workers", type=int, default=num_cores())
    parser.add_argument("--threads", type=int, default=num_cores(), help="of the naive way")
    parser.add_argument("--json", action="store_true", help="one JSON object on stdout")
    args = parser.parse_args()
    layers = (read_preset(args.preset), {"threads": args.threads})
    config = resolve(*layers, {"dataset": {"search_size": args.search_size}})
    with tempfile.TemporaryDirectory() as name:
        run = resolved(config, folder=RunFolder(File(name)), runtime=make_runtime(config))
        supernet = trained(run, args.num_steps)
        settings = EvaluationSettings(num_recalibration=args.num_images)
        naive = Naive(run, supernet, settings)
        with Evaluator(
            supernet,
            data=run.data,
            store=EvaluationStore(File(name) / "evaluations.sqlite"),
            runtime=run.runtime,
            settings=settings,
            num_workers=args.workers,
        ) as evaluator:
            rows = [
                compared(naive, *found, sample=args.sample)
                for found in asks(run, evaluator, args.num_asks + 1)
            ][1:]
    ratios = sorted(row["ratio"] for row in rows)
    summary = {
        "ratio": statistics.median(ratios),
        "least": ratios[0],
        "most": ratios[-1],
        "largest_gap": max(row["largest_gap"] for row in rows),
    }
    if args.json:
        print(json.dumps({"settings": vars(args), "summary": summary, "asks": rows}, indent=2))
        return
    for name, value in summary.items():
        print(f"{name}: {value:.4g}")


if __name__ == "__main__":
    main()
