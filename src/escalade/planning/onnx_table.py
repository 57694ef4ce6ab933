"""A latency table of this machine by onnxruntime: what another device would do, in one go here."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from escalade.config.settings import LatencyConfig
from escalade.core.latency.latency_table import LatencyTable
from escalade.core.numbers.budget import Budget, Ladder
from escalade.core.numbers.seeds import generator
from escalade.core.space.space import Space
from escalade.core.space.space_summary import candidate_paths
from escalade.core.values.invalid import Invalid
from escalade.evaluate.timing.imported import read_table
from escalade.family.exports.exporting import MissingExtra
from escalade.family.exports.part_export import RUNNER, export_parts

# About so long all files take turns, and in the first look that tells which sizes matter.
SECONDS, ROUGH_SECONDS = 30.0, 5.0
NUM_PATHS, NUM_NEAREST = 4096, 64
APART = 1.05  # what a ladder's sizes are apart at least


def onnx_table(
    space: Space, ladder: Ladder, *, num_grown: int, settings: LatencyConfig
) -> LatencyTable:
    """Time a space's parts by onnxruntime, in a process of its own.

    Where sizes are latencies, a first look tells what they are in macs.

    Args:
        space: with the data's channels and classes.
        ladder: sizes that members may have.
        num_grown: members to be grown beyond them.
        settings: batch and threads.

    Raises:
        Invalid: if the package is missing, or the space has no supernet.
    """
    if not space.traits.has_supernet:
        problem = f"onnx is for spaces with a supernet, which {space.name} has not"
        raise Invalid(problem, path=("latency", "backend"), remedy="use eager")
    if ladder.kind == "latency":
        space = space.for_ladder(ladder.factors, kind="macs")  # strategies, too, need what counts
        first = _timed(space, _usual(space), 0, settings=settings, seconds=ROUGH_SECONDS)
        ladder = in_macs(space.with_latency(first), ladder)
    return _timed(space, ladder, num_grown, settings=settings, seconds=SECONDS)


def in_macs(space: Space, ladder: Ladder) -> Ladder:
    """Sizes in macs about as large as those of latencies.

    Args:
        space: with a table, however rough.
        ladder: of latencies.
    """
    found = []
    for stage, budget in enumerate(ladder.budgets):
        at = min(stage, space.num_stages - 1) if space.traits.scales else 0
        drawn = candidate_paths(space, generator(0, "onnx", stage), at, num=NUM_PATHS)
        gaps = np.abs(np.log(space.costs(drawn, "latency") / budget.target))
        nearest = np.argsort(gaps, kind="stable")[:NUM_NEAREST]
        found.append(float(space.costs(drawn[nearest]).mean()))
    return _rising(found)


def _usual(space: Space) -> Ladder:
    """Sizes that the space has, one of each scaling stage."""
    found = []
    for stage in range(space.num_stages):
        drawn = candidate_paths(space, generator(0, "onnx", stage), stage, num=NUM_PATHS)
        found.append(float(np.median(space.costs(drawn))))
    return _rising(found)


def _rising(macs: Sequence[float]) -> Ladder:
    """A ladder of these sizes or somewhat larger ones."""
    targets: list[float] = []
    for each in macs:
        targets.append(max(each, targets[-1] * APART) if targets else each)
    return Ladder(tuple(Budget(target) for target in targets))


def _timed(
    space: Space, ladder: Ladder, num_grown: int, *, settings: LatencyConfig, seconds: float
) -> LatencyTable:
    """What the runner for other devices tells here."""
    with tempfile.TemporaryDirectory() as name:
        folder, times = Path(name) / "parts", Path(name) / "times.json"
        try:
            export_parts(
                space, folder, ladder=ladder, num_grown=num_grown, batch_size=settings.batch_size
            )
        except MissingExtra as error:
            raise Invalid(str(error), path=("latency", "backend"), remedy="or use eager") from None
        threads = ["--threads", str(settings.threads or 0), "--seconds", str(seconds)]
        line = [sys.executable, str(folder / RUNNER), str(times), *threads]
        done = subprocess.run(
            [*line, "--device", "this machine"], capture_output=True, text=True, check=False
        )
        if done.returncode:
            said = (done.stderr.strip() or "it was ended").splitlines()[-1]
            problem = f"onnxruntime could not time the space {space.name} ({said})"
            raise Invalid(problem, path=("latency", "backend"), remedy="use eager")
        return read_table(times)
