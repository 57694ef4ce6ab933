from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from multiprocessing import active_children
from pathlib import Path
from typing import Any

import pytest
import torch
from tiny_jobs import Scale

from escalade.train.allocator import heap
from escalade.train.interrupt import Interrupted
from escalade.train.pool import WorkerPool

pytestmark = pytest.mark.slow  # processes start
SHARED = {"weights": torch.arange(4.0)}  # sums to 6


@pytest.fixture(params=[1, 2], scope="module")
def pool(request: pytest.FixtureRequest) -> Iterator[WorkerPool[Any, Any]]:
    with WorkerPool(Scale(2.0), num_workers=request.param, shared=SHARED) as made:
        yield made


def test_results_do_not_depend_on_workers(pool: WorkerPool[Any, Any]) -> None:
    jobs = [float(number) for number in range(7)]
    reports: list[tuple[int, float]] = []
    results = dict(pool.run(jobs, on_report=lambda *report: reports.append(report)))
    assert {index: value[0] for index, value in results.items()} == {i: 12.0 * i for i in range(7)}
    assert all(threads == 1 for _, threads, _ in results.values())
    assert sorted(reports) == list(enumerate(jobs))
    assert dict(pool.run([3.0]))[0][0] == 36.0  # the same pool again


def test_a_job_waits_for_the_result_that_it_needs(pool: WorkerPool[Any, Any]) -> None:
    taken: list[int] = []
    for index, _ in pool.run([1.0, 2.0, 3.0, 4.0], needs=[None, 0, 1, None]):
        time.sleep(0.1)  # a job that did not wait would be here first
        taken.append(index)
    assert [index for index in taken if index != 3] == [0, 1, 2]
    assert sorted(taken) == [0, 1, 2, 3]


def test_a_jobs_error_arrives_as_it_was(pool: WorkerPool[Any, Any]) -> None:
    with pytest.raises(ValueError) as error:
        list(pool.run([1.0, "fail", 2.0, "until stopped"]))
    assert str(error.value) == "stage S1: no such thing\nuse another"
    assert dict(pool.run([1.0]))[0][0] == 12.0


def test_stop_reaches_running_jobs(pool: WorkerPool[Any, Any]) -> None:
    started: list[int] = []
    with pytest.raises(Interrupted):
        list(
            pool.run(
                ["until stopped", "until stopped"],
                on_report=lambda index, pid: started.append(pid),
                should_stop=lambda: bool(started),
            )
        )


def test_a_killed_worker_is_explained_and_leaving_early_ends_all() -> None:
    others = set(active_children())
    with WorkerPool(Scale(1.0), num_workers=2, shared=SHARED) as pool:
        running = pool.run(["until stopped", 1.0])
        assert next(running)[0] == 1
        assert len(set(active_children()) - others) == 2
        running.close()
        assert set(active_children()) <= others
        with pytest.raises(RuntimeError, match=r"(?s)killed by signal 9.*fewer workers \(now 2\)"):
            list(pool.run(["die", 1.0]))


HANGS = 600  # seconds after which something hangs, also on a busy machine
PARENT = """
import torch
from escalade.train.pool import WorkerPool
from tiny_jobs import Scale
pool = WorkerPool(Scale(1.0), num_workers=2, shared={"weights": torch.ones(1)})
show = lambda index, pid: print(pid, flush=True)
list(pool.run(["until stopped", "until stopped"], on_report=show))
"""


@pytest.mark.skipif(not Path("/proc").exists(), reason="reads /proc")
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT])
def test_workers_die_with_their_parent_in_silence(tmp_path: Path, number: signal.Signals) -> None:
    script = tmp_path / "script.py"  # without a main guard
    script.write_text(PARENT)
    path = os.pathsep.join(entry for entry in sys.path if entry)
    parent = subprocess.Popen(
        [sys.executable, str(script)],
        env=os.environ | {"PYTHONPATH": path},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert parent.stdout is not None
    pids = [int(parent.stdout.readline()) for _ in range(2)]
    if number == signal.SIGINT:
        os.killpg(parent.pid, number)  # as a terminal does: to the workers, too
    else:
        parent.kill()
    _, errors = parent.communicate(timeout=HANGS)
    deadline = time.monotonic() + HANGS
    while any(_is_alive(pid) for pid in pids) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not any(_is_alive(pid) for pid in pids)
    assert errors.count("Traceback") == (1 if number == signal.SIGINT else 0), errors


def _is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")")[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_a_worker_that_needs_more_than_was_planned_is_told_of_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    said: list[str] = []
    monkeypatch.setattr(heap, "_told", set())
    heap.watch(None, say=said.append)
    with WorkerPool(Scale(1.0), num_workers=2, shared=SHARED, memory=1) as pool:
        for _ in range(3):
            assert len(list(pool.run([1.0, 2.0]))) == 2
    heap.watch(None)
    (line,) = said
    assert re.fullmatch(r"memory: a worker holds .*GiB .*; 0\.00GiB were planned", line)
