"""Large tensors stay in the heap: what the kernel maps and clears is counted in a fresh process."""

from __future__ import annotations

import platform
import subprocess
import sys

import pytest

from escalade.train import allocator
from escalade.train.allocator import ROOM, Heap

GIBI = 2**30

SCRIPT = """
import resource, torch
from escalade.train.runtime import Runtime
def faults():
    for _ in range(15):
        torch.ones(12_000_000)  # 48 MB, more than glibc ever keeps by itself
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt
first = faults()
print(faults() - first)
Runtime(device="cpu")
first = faults()
print(faults() - first)
"""


@pytest.mark.slow
@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="glibc's malloc alone is tuned")
def test_a_tensor_that_was_freed_costs_no_new_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    before, after = _faults()
    assert before > 150
    assert after < 50
    monkeypatch.setenv("MALLOC_TRIM_THRESHOLD_", "131072")  # who tunes malloc outside goes first
    before, after = _faults()
    assert min(before, after) > 150


HOLES = """
import torch
from escalade.train.allocator import heap, keep_memory, resident
keep_memory()
kept = []
for _ in range(60):
    large = torch.ones(1_000_000)
    kept.append(torch.ones(2_000))  # lives on beside it
    del large
    kept.append(torch.ones(300_000))
for at in range(1, len(kept), 2):
    kept[at] = None
before = resident()
heap.bound = {}
heap.stay_within()
print((before - resident()) // 2**20, heap.bound)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="glibc's malloc alone is tuned")
def test_holes_are_given_back_above_the_bound() -> None:
    freed, _ = _run(HOLES.format("before - 2**20"))
    assert int(freed) > 50  # of 72 MB
    freed, _ = _run(HOLES.format("before + 2**20"))
    assert int(freed) == 0
    _, bound = _run(HOLES.format("2**20"))
    assert int(bound) > 100 * 2**20  # what lives on is more: not asked for at every step


@pytest.fixture
def held(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """What this process holds, whoever asks: the last number."""
    found = [0]
    monkeypatch.setattr(allocator, "resident", lambda: found[-1])
    monkeypatch.setattr(allocator, "give_back", lambda: found.append(round(0.9 * found[-1])))
    return found


def test_a_bound_that_what_is_needed_is_beyond_is_raised_and_told_of_once(held: list[int]) -> None:
    said: list[str] = []
    heap = Heap()
    held.append(GIBI)
    heap.watch(GIBI, say=said.append)
    held.append(2 * GIBI)
    heap.stay_within()
    held.append(4 * GIBI)
    heap.stay_within()
    assert heap.bound == round(ROOM * 3.6 * GIBI)
    assert said == [
        "memory: the run's own process holds 1.80GiB that it needs, and may hold 2.25GiB from now "
        "on; 1.00GiB were planned"
    ]


def test_what_is_free_is_given_back_without_a_word(
    held: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []
    heap = Heap()
    held.append(GIBI)
    heap.watch(2 * GIBI, say=said.append)
    heap.stay_within()
    assert held[-1] == GIBI
    monkeypatch.setattr(allocator, "give_back", lambda: held.append(GIBI))
    held.append(3 * GIBI)
    heap.stay_within()
    assert (held[-1], heap.bound, said) == (GIBI, 2 * GIBI, [])


def test_where_the_system_does_not_tell_of_memory_that_is_said_once(held: list[int]) -> None:
    said: list[str] = []
    heap = Heap()
    for bound in (GIBI, 2 * GIBI):
        heap.watch(bound, say=said.append)
        heap.stay_within()
    (line,) = said
    assert "does not tell what a process holds" in line


def _run(script: str) -> list[str]:
    done = subprocess.run(
        [sys.executable, "-c", script], check=True, capture_output=True, text=True
    )
    return done.stdout.split()


def _faults() -> tuple[int, int]:
    """New pages before there is a runtime, and after."""
    before, after = map(int, _run(SCRIPT))
    return before, after
