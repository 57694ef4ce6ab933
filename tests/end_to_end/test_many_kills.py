"""Kills at random moments over all methods and ways to members' weights, counted."""

from __future__ import annotations

import random
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from running import ALL_KILLS, promised, tell

GOLDEN = Path(__file__).parents[1] / "golden" / "runs"
# Commands of small runs by their names: golden ones, and of the search that none of them has.
RUNS = {path.stem: ["run", "--config", path] for path in sorted(GOLDEN.glob("*.yaml"))}
RUNS["surrogate"] = [*RUNS["staged_slices"], "--set", "search.method=surrogate"]
RUNS["surrogate"] += ["--set", "search.population=8"]
NUM_KILLS = 300 if ALL_KILLS else 4
FEW = ("layered_slices", "staged_in_turn")
KILLED = [name for name in RUNS if ALL_KILLS or name in FEW]
SLICE = 0.7  # of a run's time that an attempt lives at most, so that it comes to every stage


@pytest.fixture(scope="module")
def counted(request) -> Iterator[dict[str, int]]:
    """Kills by run; how many there were is told in the end."""
    kills: dict[str, int] = {}
    yield kills
    tell(request, f"{sum(kills.values())} kills at random moments of {len(kills)} kinds of runs")


@pytest.mark.slow
@pytest.mark.parametrize("name", KILLED)
def test_killed_at_random_moments_of_any_kind_of_run(escalade, counted, tmp_path, name):
    """Whatever is left, the same command ends in the bits of a run that nobody disturbed."""
    command, begun = RUNS[name], time.monotonic()
    result = escalade(*command, "--out", tmp_path / "whole")
    assert result.code == 0, result.err
    lasts, expected = time.monotonic() - begun, promised(tmp_path / "whole")
    rng, wanted = random.Random(name), -(-NUM_KILLS // len(KILLED))
    kills = attempts = 0
    while kills < wanted:
        run = tmp_path / f"{attempts}"
        attempts += 1
        words = [*command, "--out", run]
        kills += killed_until_done(escalade, words, rng, lasts=lasts, most=wanted - kills)
        result = escalade(*words)
        assert result.code == 0, result.err
        assert promised(run) == expected, f"{name} after {kills} kills"
        assert [path.name for path in run.rglob(".part-*")] == []
        counted[name] = kills


def killed_until_done(
    escalade, words: list[object], rng: random.Random, *, lasts: float, most: int
) -> int:
    """Begin a run again and again, each time until a random moment; how often it was killed."""
    kills = 0
    while kills < most:
        running = escalade.start(*words, checkpoint_seconds=0)
        time.sleep(rng.uniform(0, SLICE * lasts))
        result = running.kill()
        if result.code == 0:
            break
        assert result.code == -signal.SIGKILL, result.err
        kills += 1
    return kills
