"""How long commands take to begin: a first line, and a plan of a folder that was seen before.

    PYTHONPATH=src python benchmarks/start.py [--num-rounds 3] [--other TREE] [--json]

`escalade plan` for a folder of colour images made here: its first time and later ones, with a cache
of its own; with another source tree, that one's too, in turns. The first line is timed on a
pseudo-terminal. Wall seconds, medians and extremes.
"""

from __future__ import annotations

import argparse
import json
import os
import pty
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from whole_run import HERE, make_images


def plan(tree: Path, images: Path, cache: Path) -> float:
    """Seconds of one plan."""
    start = time.perf_counter()
    subprocess.run(
        _command(images),
        env=_environment(tree, cache),
        check=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    return time.perf_counter() - start


def first_line(tree: Path, images: Path, cache: Path) -> float:
    """Seconds until something is on the screen."""
    master, slave = pty.openpty()
    start = time.perf_counter()
    process = subprocess.Popen(
        _command(images), env=_environment(tree, cache), stdout=slave, stderr=slave
    )
    os.close(slave)
    os.read(master, 1)
    seconds = time.perf_counter() - start
    process.kill()
    process.wait()
    os.close(master)
    return seconds


def _command(images: Path) -> list[str]:
    options = ["--data", str(images), "--budgets", "1M,2M"]
    return [sys.executable, "-m", "escalade.cli", "plan", *options]


def _environment(tree: Path, cache: Path) -> dict[str, str]:
    return os.environ | {"ESCALADE_CACHE": str(cache), "PYTHONPATH": str(tree / "src")}


def main() -> None:
    """Parse, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--num-rounds", type=int, default=3)
    parser.add_argument("--num-images", type=int, default=300, help="of each class")
    parser.add_argument("--other", type=Path, help="a checkout to compare with")
    parser.add_argument("--json", action="store_true", help="one JSON object on stdout")
    args = parser.parse_args()
    trees = {"now": HERE} | ({"before": args.other} if args.other else {})
    found: dict[str, list[float]] = {}
    with tempfile.TemporaryDirectory() as name:
        work = Path(name)
        make_images(work / "images", num=args.num_images)
        for tree, path in trees.items():
            found[f"{tree}, first plan"] = [plan(path, work / "images", work / tree)]
        for _ in range(args.num_rounds):
            for tree, path in trees.items():
                again = plan(path, work / "images", work / tree)
                found.setdefault(f"{tree}, plan again", []).append(again)
        found["now, first line"] = [
            first_line(HERE, work / "images", work / "now") for _ in range(args.num_rounds)
        ]
    if args.json:
        print(json.dumps(found, indent=2))
        return
    for what, seconds in found.items():
        print(
            f"{what}: {statistics.median(seconds):.2f} s ({min(seconds):.2f} to {max(seconds):.2f})"
        )


if __name__ == "__main__":
    main()
