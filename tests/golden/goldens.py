"""What golden tests share: runs and commands as they are given, and what is kept of each.

Nothing here knows the modules inside the package, only its command line and the files of a run.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import os
import platform
import shlex
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from running import Commands

HERE = Path(__file__).parent
EXPECTED = HERE / "expected"
RUNS = sorted((HERE / "runs").glob("*.yaml"))
# Files of a run that neither time nor place changes.
KEPT = (
    "supernet/*.safetensors",
    "search.json",
    "growth.json",
    "family/family.json",
    "family/*/model.safetensors",
)
# Keys of a command's answer that differ from run to run or from machine to machine.
TIMED = ("seconds", "memory_bytes", "peak_memory", "device", "created", "date")
COMMANDS = EXPECTED / "commands.json"


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    code: int
    out: str
    err: str


def run(commands: Commands, config: Path, out: Path) -> dict[str, str]:
    """Run a configuration into a folder; the digests of what is kept of it."""
    ended = commands("run", "--config", config, "--out", out)
    if ended.code != 0:
        raise AssertionError(f"{config.stem} ended with {ended.code}: {ended.err}")
    return digests(out)


def digests(folder: Path) -> dict[str, str]:
    """SHA-256 of every file of a run that is kept, by its path in the run's folder."""
    files = sorted(path for pattern in KEPT for path in folder.glob(pattern))
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in files
    }


def machine() -> str:
    """What the bits of a training depend on, as a file's name: torch's version, the CPU's kind."""
    import torch

    capability = torch.backends.cpu.get_cpu_capability().replace(" ", "_")
    return f"{torch.__version__}-{capability}"


def arithmetic() -> str:
    """A digest of one small training in plain torch, none of ours.

    Processors of one capability may still sum in different orders, by the size of their caches;
    where this differs from what was recorded, so may every run, and neither is wrong.
    """
    import torch
    from torch import nn

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        network = nn.Sequential(
            nn.Conv2d(1, 16, 3, stride=2, padding=1, bias=False),
            nn.BatchNorm2d(16),
            nn.SiLU(),
            nn.Conv2d(16, 48, 1, bias=False),
            nn.Conv2d(48, 48, 5, padding=2, groups=48, bias=False),
            nn.BatchNorm2d(48),
            nn.ReLU(),
            nn.Conv2d(48, 24, 1, bias=False),
            nn.Conv2d(24, 24, 3, padding=1, groups=3, bias=False),
            nn.AdaptiveAvgPool2d(1),
            nn.Flatten(),
            nn.Linear(24, 10),
        ).to(memory_format=torch.channels_last)
        optimizer = torch.optim.SGD(network.parameters(), lr=0.1, momentum=0.9)
        for side in (20, 24, 28):
            loss = network(torch.randn(16, 1, side, side)).logsumexp(1).mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        found = torch.cat([value.detach().flatten() for value in network.state_dict().values()])
    torch.set_num_threads(threads)
    return hashlib.sha256(found.to(torch.float32).numpy().tobytes()).hexdigest()


def processor() -> str:
    """The CPU's name, for people who compare two machines."""
    with contextlib.suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def lines() -> dict[str, list[str]]:
    """Command lines by kind: those answered in JSON by their verb, and `wrong` ones."""
    found: dict[str, list[str]] = yaml.safe_load((HERE / "commands.yaml").read_text())
    return found


def command(line: str) -> Ended:
    """Run a command line in this process, in this folder, where its inputs lie."""
    from escalade.cli import main

    out, err = io.StringIO(), io.StringIO()
    code: Any = 0
    with (
        tempfile.TemporaryDirectory() as cache,
        _environment({"ESCALADE_CACHE": cache}),
        contextlib.chdir(HERE),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
    ):
        try:
            main(shlex.split(line))
        except SystemExit as ended:
            code = ended.code
    return Ended(int(code or 0), out.getvalue(), err.getvalue())


def answer(line: str) -> Any:
    """The JSON that a command line answers, without what is timed."""
    if line.startswith("plan "):
        _hasten()
    ended = command(f"{line} --format json")
    if ended.code != 0:
        raise AssertionError(f"{line} ended with {ended.code}: {ended.err}")
    return untimed(json.loads(ended.out))


def refusal(line: str) -> dict[str, Any]:
    """How a command line is refused."""
    ended = command(line)
    return {"code": ended.code, "out": ended.out, "err": ended.err.replace(str(HERE), "HERE")}


def untimed(data: Any) -> Any:
    """The same without values that are timed, at any depth; counts among them stay."""
    if isinstance(data, list):
        return [untimed(each) for each in data]
    if not isinstance(data, dict):
        return data
    kept = {key: untimed(value) for key, value in data.items() if key not in TIMED}
    if isinstance(data.get("seconds"), dict) and "evaluations" in data["seconds"]:
        kept["evaluations"] = data["seconds"]["evaluations"]
    return kept


def _hasten() -> None:
    """A plan times trainings for seconds that no answer here depends on: moments will do.

    The constants are found wherever they are; were they called otherwise, plans would only take
    longer.
    """
    import escalade.api  # noqa: F401

    for name, module in list(sys.modules.items()):
        if name.startswith("escalade."):
            for constant in ("SUPERNET_SECONDS", "MEMBER_SECONDS"):
                if isinstance(vars(module).get(constant), float):
                    setattr(module, constant, 0.02)


@contextlib.contextmanager
def _environment(changes: dict[str, str]) -> Any:
    before = dict(os.environ)
    os.environ.update(changes)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)
