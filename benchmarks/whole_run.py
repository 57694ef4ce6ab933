"""A run from start to end, by this source tree and by another, in turns.

    python benchmarks/whole_run.py OTHER [--num-rounds 2] [--json]

OTHER is a checkout of what to compare with, such as `git worktree add /tmp/before HEAD~10`. The run
has one resolved configuration: colour images of 64 pixels in five classes, made here, all stages,
a fixed schedule. Each run has a new folder, and each tree a cache of its own, which its first run
fills; that one is not counted. Wall seconds, and processor seconds with all workers', of every run.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from PIL import Image

HERE = Path(__file__).parents[1]
SIDE, NUM_CLASSES = 64, 5
CONFIG = """
budgets: [1M, 2M]
space: small
seed: 0
rival: none
supernet: {recipe: {steps: 80, batch_size: 64}}
evaluation: {recalibration_images: 256}
search: {num_bases: 4, rounds: 2, population: 10, generations: 3, strategies: 10}
grow: {num: 1}
retrain: {grown: warm, recipe: {epochs: 1, batch_size: 64}}
export: {onnx: false}
"""


def make_images(folder: Path, *, num: int) -> None:
    """So many images a class: a blob of the class's colour on noise."""
    rng = np.random.default_rng(0)
    colours = rng.integers(60, 200, (NUM_CLASSES, 3))
    for label, colour in enumerate(colours):
        place = folder / f"class{label}"
        place.mkdir(parents=True)
        for number in range(num):
            pixels = rng.integers(0, 256, (SIDE, SIDE, 3))
            x, y = rng.integers(0, SIDE // 2, 2)
            pixels[y : y + SIDE // 2, x : x + SIDE // 2] //= 3
            pixels[y : y + SIDE // 2, x : x + SIDE // 2] += colour // 2
            Image.fromarray(pixels.astype(np.uint8)).save(place / f"{number}.png")


def run(tree: Path, config: Path, work: Path, name: str, number: int) -> tuple[float, float]:
    """Wall and processor seconds of one run by a tree."""
    cache = {"ESCALADE_CACHE": str(work / f"cache-{name}")}
    out = work / f"{name}-{number}"
    command = [sys.executable, "-m", "escalade.cli", "run", "--config", config, "--out", out]
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run(
        [str(part) for part in command],
        env=os.environ | cache | {"PYTHONPATH": str(tree / "src")},
        check=True,
        stderr=subprocess.DEVNULL,
    )
    wall, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
    return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main() -> None:
    """Parse, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("other", type=Path)
    parser.add_argument("--num-rounds", type=int, default=2)
    parser.add_argument("--num-images", type=int, default=300, help="of each class")
    parser.add_argument("--json", action="store_true", help="one JSON object on stdout")
    args = parser.parse_args()
    trees = {"before": args.other, "now": HERE}
    found: dict[str, list[tuple[float, float]]] = {name: [] for name in trees}
    with tempfile.TemporaryDirectory() as name:
        work = Path(name)
        make_images(work / "images", num=args.num_images)
        config = work / "config.yaml"
        config.write_text(f"data: {work / 'images'}\n{CONFIG}", encoding="utf-8")
        for number in range(args.num_rounds + 1):
            for tree in trees:
                seconds = run(trees[tree], config, work, tree, number)
                if number:
                    found[tree].append(seconds)
    medians = {
        tree: [statistics.median(column) for column in zip(*rounds, strict=True)]
        for tree, rounds in found.items()
    }
    ratios = [
        now / before for now, before in zip(*map(medians.get, ("now", "before")), strict=True)
    ]  # type: ignore[arg-type]
    if args.json:
        print(json.dumps({"seconds": found, "ratios": ratios}, indent=2))
        return
    for tree, rounds in found.items():
        print(f"{tree}: " + ", ".join(f"{wall:.1f} s ({busy:.1f})" for wall, busy in rounds))
    print(f"now against before: {ratios[0]:.2f} of the time, {ratios[1]:.2f} of the processor's")


if __name__ == "__main__":
    main()
