"""Large tensors stay in the heap: what the kernel maps and clears is counted in a fresh process."""

from __future__ import annotations

import platform
import subprocess
import sys

import pytest

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


def _run(script: str) -> list[str]:
    done = subprocess.run(
        [sys.executable, "-c", script], check=True, capture_output=True, text=True
    )
    return done.stdout.split()


def _faults() -> tuple[int, int]:
    """New pages before there is a runtime, and after."""
    before, after = map(int, _run(SCRIPT))
    return before, after
