"""What a container allows, as its made files say."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import pytest
import torch

from escalade.train import control_groups
from escalade.train.control_groups import cpu_quota, free_memory, memory_limit
from escalade.train.runtime import Runtime, default_threads, num_cores

MEBI = 2**20
NONE_IN_V1 = "9223372036854771712"


@pytest.fixture
def system(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Makes the files of a system's groups."""

    def make(own: str, files: Mapping[str, object]) -> None:
        (tmp_path / "own").write_text(own)
        for name, text in files.items():
            path = tmp_path / "groups" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(f"{text}\n")
        monkeypatch.setattr(control_groups, "OWN", tmp_path / "own")
        monkeypatch.setattr(control_groups, "ROOT", tmp_path / "groups")

    return make


V1 = "4:memory:/docker/a\n3:cpu,cpuacct:/docker/a\n1:name=systemd:/docker/a\n"


def test_one_tree_for_all(system) -> None:
    system(
        "0::/box\n",
        {
            "box/memory.max": 300 * MEBI,
            "box/memory.current": 200 * MEBI,
            "box/memory.stat": f"anon 5\ninactive_file {50 * MEBI}",
            "box/cpu.max": "150000 100000",
        },
    )
    assert (memory_limit(), free_memory(), cpu_quota()) == (300 * MEBI, 150 * MEBI, 1.5)
    assert Runtime(device="cpu").free_memory() == 150 * MEBI
    assert num_cores() == 1


def test_a_tree_for_each(system) -> None:
    system(
        V1,
        {
            "memory/docker/a/memory.limit_in_bytes": 100 * MEBI,
            "memory/docker/a/memory.usage_in_bytes": 70 * MEBI,
            "memory/docker/a/memory.stat": f"inactive_file 1\ntotal_inactive_file {20 * MEBI}",
            "cpu,cpuacct/docker/a/cpu.cfs_quota_us": 50_000,
            "cpu,cpuacct/docker/a/cpu.cfs_period_us": 100_000,
        },
    )
    assert (memory_limit(), free_memory(), cpu_quota()) == (100 * MEBI, 50 * MEBI, 0.5)
    assert num_cores() == 1  # no fewer


def test_a_container_sees_its_own_group_as_the_root(system) -> None:
    system(
        V1,
        {
            "memory/memory.limit_in_bytes": 100 * MEBI,
            "memory/memory.usage_in_bytes": 30 * MEBI,
            "cpu/cpu.cfs_quota_us": 100_000,
            "cpu/cpu.cfs_period_us": 100_000,
        },
    )
    assert (free_memory(), cpu_quota()) == (70 * MEBI, 1.0)


def test_the_smallest_of_all_groups_above_holds(system) -> None:
    system(
        "0::/machine/box\n",
        {
            "machine/box/memory.max": 300 * MEBI,
            "machine/box/memory.current": 10 * MEBI,
            "machine/memory.max": 400 * MEBI,
            "machine/memory.current": 350 * MEBI,
            "machine/box/cpu.max": "max 100000",
            "machine/cpu.max": "100000 100000",
        },
    )
    assert (memory_limit(), free_memory(), cpu_quota()) == (300 * MEBI, 50 * MEBI, 1.0)


@pytest.mark.parametrize(
    ("own", "files"),
    [
        ("", {}),
        ("0::/\n", {"memory.stat": "inactive_file 3"}),
        ("0::/a\n", {"a/memory.max": "max", "a/memory.current": 7, "a/cpu.max": "max 100000"}),
        (
            V1,
            {
                "memory/docker/a/memory.limit_in_bytes": NONE_IN_V1,
                "memory/docker/a/memory.usage_in_bytes": 7,
                "cpu/docker/a/cpu.cfs_quota_us": -1,
                "cpu/docker/a/cpu.cfs_period_us": 100_000,
            },
        ),
    ],
)
def test_no_limit(system, own: str, files: Mapping[str, object]) -> None:
    before = num_cores()
    system(own, files)
    assert (memory_limit(), free_memory(), cpu_quota()) == (None, None, None)
    assert num_cores() == max(before, len(os.sched_getaffinity(0)))
    assert Runtime(device="cpu").free_memory() > 0


def test_more_than_the_machine_has_is_no_more(system) -> None:
    system("0::/\n", {"memory.max": 1 << 50, "memory.current": 0, "cpu.max": "900000000 100000"})
    total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    assert Runtime(device="cpu").free_memory() < total
    assert num_cores() <= len(os.sched_getaffinity(0))


def test_threads_are_no_more_than_may_run(system, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    monkeypatch.setattr(torch, "get_num_threads", lambda: 64)
    system("0::/\n", {"cpu.max": "250000 100000"})
    assert default_threads() == 2
    monkeypatch.setenv("OMP_NUM_THREADS", "64")
    assert default_threads() is None
    monkeypatch.delenv("OMP_NUM_THREADS")
    system("0::/\n", {"cpu.max": "max 100000"})
    assert default_threads() is None


def test_as_many_cores_as_python_says(system, monkeypatch: pytest.MonkeyPatch) -> None:
    system("", {})
    monkeypatch.setattr(os, "process_cpu_count", lambda: 3, raising=False)
    assert num_cores() == 3
