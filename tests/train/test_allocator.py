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


def _faults() -> tuple[int, int]:
    """New pages before there is a runtime, and after."""
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], check=True, capture_output=True, text=True
    )
    before, after = map(int, done.stdout.split())
    return before, after
