"""`kill -9`, SIGTERM and Ctrl-C at any moment: the same command goes on to the same result."""

from __future__ import annotations

import json
import random
import shutil
import signal
import time
from collections.abc import Callable
from itertools import count
from pathlib import Path

import pytest

from running import ALL_KILLS, promised, tiny_run

# By stage: what shows that it has begun, and what that it is over.
STAGES: dict[str, tuple[str, str]] = {
    "claim": ("", "config.yaml"),
    "train": ("plan.json", "supernet/supernet.safetensors"),
    "search": ("supernet/supernet.safetensors", "search.json"),
    "grow": ("search.json", "growth.json"),
    "retrain": ("growth.json", "training/S2-scratch/result.json"),
    "warm": ("training/S2-scratch/result.json", "training/S2-warm/result.json"),
    "family": ("training/S2-warm/result.json", "family/S2/README.md"),
    "report": ("family/S2/README.md", "report.html"),
}


def has(run: Path, name: str) -> Callable[[], bool]:
    return (run / name).exists


@pytest.fixture(scope="module")
def begun(escalade, tmp_path_factory) -> Path:
    """Folders by stage: what a run had left when the stage began, as if killed there."""
    folder = tmp_path_factory.mktemp("begun")
    run, stages = folder / "run", list(STAGES)[1:]
    names = [STAGES[stage][0] for stage in stages]
    running = escalade.start(*tiny_run(run), checkpoint_seconds=0, stops_at=names)
    for stage in stages:
        running.until_stopped()
        shutil.copytree(run, folder / stage)
        running.resume()
    running.kill()
    return folder


def begin_before(stage: str, run: Path, begun: Path) -> None:
    """Let a run be where the stage before begins, so that it comes to this one by itself."""
    shutil.rmtree(run, ignore_errors=True)
    before = list(STAGES)[max(0, list(STAGES).index(stage) - 1)]
    if (begun / before).exists():
        shutil.copytree(begun / before, run)


def kill_in(escalade, command: list[str], run: Path, stage: str, delay: float, **options) -> str:
    """Start the command, kill it `delay` seconds after the stage began; when it was killed."""
    begin, end = STAGES[stage]
    running = escalade.stopped(run, begin, *command, **options)
    if delay:
        running.resume()
        time.sleep(delay)
    where = "after" if has(run, end)() else "within"
    result = running.kill()
    assert result.code in (-signal.SIGKILL, 0), result.err
    return where if result.code else "done"


@pytest.mark.slow
@pytest.mark.parametrize("stage", STAGES)
def test_killed_at_random_moments_of_a_stage(escalade, finished, begun, tmp_path, stage):
    """Delays are drawn up to a length that shrinks until kills fall within the stage.

    The last ones fall at its very beginning, however fast or busy the machine is.
    """
    run = tmp_path / "run"
    begin_before(stage, run, begun)
    command = tiny_run(run)
    rng = random.Random(f"kill {stage}")
    longest, within = 1.5, 0
    for attempt in count():
        if attempt == 12:
            raise AssertionError(f"no kill fell within {stage}")
        delay = rng.uniform(0, longest) if attempt < 9 else 0
        where = kill_in(escalade, command, run, stage, delay, checkpoint_seconds=0)
        within += where == "within"
        if within == (2 if ALL_KILLS else 1):
            break
        if where != "within":
            longest *= 0.5
            begin_before(stage, run, begun)
    result = escalade(*command)
    assert result.code == 0, result.err
    assert promised(run) == promised(finished)
    assert (run / "report.html").is_file()


@pytest.mark.slow
def test_killed_again_and_again(escalade, finished, tmp_path):
    """Every attempt lives a little longer than the last, so that kills fall everywhere."""
    run = tmp_path / "run"
    command = tiny_run(run)
    rng = random.Random("again and again")
    for attempt in range(60):
        running = escalade.start(*command, checkpoint_seconds=0)
        time.sleep(0.2 + rng.uniform(0, (0.15 if ALL_KILLS else 0.6) * attempt))
        result = running.kill()
        if result.code == 0:
            break
        assert result.code == -signal.SIGKILL, result.err
    assert escalade(*command).code == 0
    assert promised(run) == promised(finished)


@pytest.mark.slow
def test_killed_with_its_workers(escalade, finished, begun, tmp_path):
    """Neither workers nor the place change members; nor do kills."""
    run = tmp_path / "other" / "place"
    shutil.copytree(begun / "retrain", run)
    config = run / "config.yaml"
    config.write_text(config.read_text().replace("workers: 1", "workers: 2"))
    command = tiny_run(run, workers=2)
    running = escalade.start(*command)
    assert running.until(lambda: any(run.glob("training/*/metrics.jsonl")))
    assert running.num_children >= 2
    running.kill()
    result = escalade(*command)
    assert result.code == 0, result.err
    assert promised(run) == promised(finished)


@pytest.mark.slow
def test_killed_while_it_exports(escalade, finished, copied):
    exports = [*copied.glob("family/*/model.onnx"), *copied.glob("family/*/program.pt2")]
    assert len(exports) == 6
    names = ("S0/program.pt2", "S0/model.onnx", "S1/program.pt2")
    lost = exports if ALL_KILLS else [copied / "family" / name for name in names]
    for path in [*lost, copied / "latency.json", copied / "report.html"]:
        path.unlink()
    command = tiny_run(copied, exports=True)
    rng = random.Random("exports")
    for name in names:
        running = escalade.stopped(copied, f"family/{name}", *command)
        running.resume()
        time.sleep(rng.uniform(0, 0.5))
        assert running.kill().code in (-signal.SIGKILL, 0)
    (copied / "report.html").unlink(missing_ok=True)
    running = escalade.stopped(copied, "report.html", *command)
    assert running.kill().code == -signal.SIGKILL
    result = escalade(*command)
    assert result.code == 0, result.err
    assert all(path.is_file() for path in exports)
    assert promised(copied) == promised(finished)
    assert [p.name for p in copied.rglob(".part-*")] == []


@pytest.mark.slow
def test_resuming_a_training_from_every_checkpoint(escalade, finished, tmp_path):
    """Killed right after a checkpoint was written, again and again."""
    run = tmp_path / "run"
    command = tiny_run(run)
    name = "supernet/checkpoint.pt"
    for _ in range(2):
        running = escalade.start(*command, checkpoint_seconds=0, stops_at=name)
        running.until_stopped()
        assert running.kill().code == -signal.SIGKILL
        assert (run / name).exists()
        assert not (run / "supernet/supernet.safetensors").exists()
    assert escalade("train", run).code == 0
    name = "supernet/supernet.safetensors"
    assert (run / name).read_bytes() == (finished / name).read_bytes()


@pytest.mark.slow
def test_a_killed_search_has_paid_for_what_it_scored(escalade, finished, tmp_path):
    run = tmp_path / "run"
    command = tiny_run(run, exports=True)
    shutil.copytree(finished / "supernet", run / "supernet")
    for name in ("config.yaml", "space.json", "plan.json"):
        shutil.copy(finished / name, run)
    escalade.stopped(run, "ledger.json", *command).kill()
    assert not (run / "search.json").exists()
    assert 0 < scored(run) < scored(finished)
    assert escalade("search", run).code == 0
    assert scored(run) == scored(finished)


def scored(run: Path) -> int:
    """Networks that the search has paid for."""
    entries = json.loads((run / "ledger.json").read_text())
    return sum(entry["evaluations"] for entry in entries if entry["stage"] == "search")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("number", "code", "stage"),
    [
        (signal.SIGTERM, 143, "train"),
        (signal.SIGINT, 130, "search"),
        (signal.SIGTERM, 143, "retrain"),
    ],
)
def test_stopped_by_a_signal(escalade, finished, begun, tmp_path, number, code, stage):
    run = tmp_path / "run"
    begin_before(stage, run, begun)
    command = tiny_run(run, supernet__recipe__steps=6, retrain__recipe__steps=4)
    running = escalade.stopped(run, STAGES[stage][0], *command)
    running.signal(number)
    running.resume()
    result = running.wait()
    assert result.code == code, result.err
    assert result.out == ""
    last, again = result.err.splitlines()[-1], f"escalade {' '.join(command)}"
    assert last == f"escalade: stopped; what is done is kept. Go on with: {again}"
    assert "Traceback" not in result.err
    assert escalade(*command).code == 0
    assert promised(run) == promised(finished)


@pytest.mark.slow
def test_a_second_signal_ends_at_once(escalade, tmp_path):
    run = tmp_path / "run"
    command = tiny_run(run, supernet__recipe__steps=600)
    running = escalade.start(*command)
    assert running.until(has(run, "metrics.jsonl"))
    running.signal(signal.SIGINT)
    running.signal(signal.SIGINT)
    result = running.wait()
    assert result.code == 130
    assert "Traceback" not in result.err


@pytest.mark.slow
def test_a_signal_stops_a_training_between_two_steps(escalade, tmp_path):
    run = tmp_path / "run"
    command = tiny_run(run, supernet__recipe__steps=600)
    running = escalade.start(*command)
    assert running.until(has(run, "metrics.jsonl"))
    running.signal(signal.SIGTERM)
    assert running.wait().code == 143
    assert (run / "supernet/checkpoint.pt").is_file()
