"""A run's peak memory on a folder of one's own, against what its plan says.

    PYTHONPATH=src python benchmarks/own_folder.py [--images 5000] [--steps 400] [--memory 4G]

Colour images are made (coarse noise, one colour a class stronger), and `escalade run` trains,
searches and retrains on them, with a supernet of so many steps and members of a tenth of them.
Memory is read twice a second (Linux): of each process the private pages and its part of those that
they share, and once the libraries, as where no other process has them open. A shorter run leaves
fewer holes in its heap.
Target: 3 GB at most, and within 20 % of the plan.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import numpy as np
from PIL import Image

CLASSES, MEGABYTE = 8, 1e6
COMMAND = (sys.executable, "-m", "escalade.cli")  # and a verb


def make_images(folder: Path, *, num: int, side: int) -> None:
    """So many images of `CLASSES` classes, PNG."""
    rng = np.random.default_rng(0)
    for number in range(num):
        kind = number % CLASSES
        pixels = rng.integers(0, 256, (8, 8, 3), dtype=np.uint8)
        pixels[kind // 3 * 2 : kind // 3 * 2 + 2, :, kind % 3] = 255
        path = folder / f"class {kind}" / f"{number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels).resize((side, side), Image.Resampling.BICUBIC).save(path)


def peak_of(command: list[str], *, seconds: float = 0.5) -> tuple[float, str]:
    """Megabytes that a command and its children hold at most, and what it had said last by then."""
    peak, said = 0.0, ""
    with (
        tempfile.TemporaryFile() as lines,
        subprocess.Popen(command, stdout=lines, stderr=subprocess.STDOUT) as process,
    ):
        while process.poll() is None:
            now = _megabytes(process.pid)
            if now > peak:
                peak, said = now, _last_line(lines.fileno())
            time.sleep(seconds)
        if process.returncode:
            raise SystemExit(f"{command[3]} failed: {_last_line(lines.fileno())}")
    return peak, said


def _last_line(file: int) -> str:
    """Without moving the place where the command writes."""
    end = os.fstat(file).st_size
    lines = os.pread(file, 400, max(0, end - 400)).decode(errors="replace").split()
    return " ".join(lines[-12:])


def _schedule(folder: Path, *, steps: int) -> Path:
    """A file of settings with few steps, in the place of hours."""
    member = {"steps": max(1, steps // 10), "epochs": None}
    schedule = {
        "supernet": {"recipe": {"steps": steps, "epochs": None}},
        "search": {
            "rounds": 1,
            "num_bases": 8,
            "strategies": 16,
            "population": 16,
            "generations": 2,
        },
        "retrain": {"recipe": member},
    }
    path = folder / "schedule.yaml"
    path.write_text(json.dumps(schedule))  # which is YAML
    return path


def _tree(pid: int) -> Iterator[int]:
    yield pid
    with suppress(OSError):
        for children in Path(f"/proc/{pid}/task").glob("*/children"):
            for child in children.read_text().split():
                yield from _tree(int(child))


def _megabytes(root: int) -> float:
    """Of a process and its children: pages of files are the same ones in all, but for a few."""
    found = list(map(_pages, _tree(root)))
    files = max(each.get("Rss", 0) - each.get("Anonymous", 0) for each in found)
    return (sum(each.get("Pss_Anon", 0) for each in found) + files) * 1024 / MEGABYTE


def _pages(pid: int) -> dict[str, int]:
    """Kilobytes by kind; none of a process that has just ended."""
    with suppress(OSError):
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:]
        return {name: int(rest.split()[0]) for name, rest in (line.split(":") for line in lines)}
    return {}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--images", type=int, default=5000)
    parser.add_argument("--side", type=int, default=64)
    parser.add_argument("--budgets", default="2M,4M,8M,16M")
    parser.add_argument("--steps", type=int, default=400, help="of the supernet")
    parser.add_argument("--memory", help="as of `escalade run`")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        os.environ["ESCALADE_CACHE"] = str(folder / "cache")
        make_images(folder / "images", num=options.images, side=options.side)
        settings = ["--data", str(folder / "images"), "--budgets", options.budgets]
        settings += ["--config", str(_schedule(folder, steps=options.steps))]
        settings += ["--memory", options.memory] if options.memory else []
        plan = subprocess.run(
            [*COMMAND, "plan", *settings, "--format", "json"], check=True, stdout=subprocess.PIPE
        )
        planned = json.loads(plan.stdout)["memory_bytes"] / MEGABYTE
        start = time.monotonic()
        peak, line = peak_of([*COMMAND, "run", *settings, "--out", str(folder / "run")])
    found = {"peak_mb": peak, "planned_mb": planned, "seconds": time.monotonic() - start}
    if options.json:
        print(json.dumps({"settings": vars(options), **found}))
        return
    print(f"peak {peak:,.0f} MB, planned {planned:,.0f} MB: {peak / planned:.2f}; at: {line}")


if __name__ == "__main__":
    main()
