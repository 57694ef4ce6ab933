"""The script for a GPU runs on a CPU, on small shapes, so that it runs when it meets one."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SMALL = (
    *("--device", "cpu", "--space", "small", "--side", "32", "--num-classes", "10"),
    *("--batch-sizes", "8", "--num-images", "64", "--seconds", "0.1", "--scored", "64"),
)


@pytest.mark.slow
def test_every_case_that_needs_no_gpu_has_a_figure(tmp_path: Path) -> None:
    file = tmp_path / "found.json"
    command = [sys.executable, str(ROOT / "benchmarks/gpu.py"), *SMALL, "--json", str(file)]
    environment = os.environ | {"PYTHONPATH": str(ROOT / "src")}
    subprocess.run(command, check=True, timeout=600, env=environment)
    found = json.loads(file.read_text())
    cases = {name: result for name, result in found.items() if name not in ("settings", "device")}
    unable = {name for name, result in cases.items() if "unable" in result}
    assert len(cases) == 12
    assert unable == {"8 timm, compiled", "8 one path, compiled", "8 one network, CUDA graph"}
    for name in cases.keys() - unable:
        assert cases[name]["images_per_second"] > 0
        assert 0 < cases[name]["busy"] < 3
