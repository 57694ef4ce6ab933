"""Hierarchical paths of a space, drawn and costed: in the library, and as a command.

    PYTHONPATH=src python benchmarks/costing.py [--space scalenet] [--num-paths 750000] [--json]

Wall and processor seconds, medians and extremes over the rounds, library and command in turns.
Targets for the published space: 0.5 s in the library, 1.5 s as a command.
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable

from escalade.core.numbers.seeds import generator
from escalade.core.sampling.samplers import Hierarchical
from escalade.spaces.load import load

Seconds = tuple[float, float]


def timed(work: Callable[[], object]) -> Seconds:
    """Wall and processor seconds, children's included."""
    wall, busy = time.perf_counter(), _busy()
    work()
    return time.perf_counter() - wall, _busy() - busy


def _busy() -> float:
    uses = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(use.ru_utime + use.ru_stime for use in uses)


def main() -> None:
    """Parse, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--space", default="scalenet")
    parser.add_argument("--num-paths", type=int, default=750_000)
    parser.add_argument("--num-rounds", type=int, default=5)
    parser.add_argument("--json", action="store_true", help="one JSON object on stdout")
    args = parser.parse_args()
    command = [sys.executable, "-m", "escalade.cli", "space", args.space, "--format", "json"]

    def library() -> None:
        space = load(args.space)
        Hierarchical(space).costs(generator(0, "space"), args.num_paths)

    def as_command() -> None:
        options = ["--num-paths", str(args.num_paths)]
        subprocess.run([*command, *options], check=True, stdout=subprocess.DEVNULL)

    found: dict[str, list[Seconds]] = {"library": [], "command": []}
    library()
    for _ in range(args.num_rounds):
        found["library"].append(timed(library))
        found["command"].append(timed(as_command))
    if args.json:
        print(json.dumps({"settings": vars(args), "seconds": found}, indent=2))
        return
    for name, rounds in found.items():
        for kind, seconds in zip(("wall", "processor"), zip(*rounds, strict=True), strict=True):
            middle, low, high = statistics.median(seconds), min(seconds), max(seconds)
            print(f"{name}, {kind}: {middle:.2f} s ({low:.2f} to {high:.2f})")


if __name__ == "__main__":
    main()
