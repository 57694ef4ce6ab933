"""What keeping memory is worth: the same training with glibc's defaults and with ours.

    PYTHONPATH=src python benchmarks/allocator.py [--rounds 3] [--steps 60] [--json]

A network of about 8 M macs at 36 pixels trains on random images, batches of 64, one thread, in a
process of its own, in turns with and without `keep_memory`. Seconds are the process's CPU seconds,
the kernel's included, so that a busy machine disturbs little; the losses must be equal to the bit.
Target: glibc's defaults take at least 1.15 times as long.
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import subprocess
import sys
import time
from dataclasses import replace
from typing import Any

from escalade.core.network.architecture import Architecture
from escalade.core.network.block import Block, Head, Stage, Stem

ARMS = ("default", "kept")
SIDE, BATCH, CLASSES, WARM = 36, 64, 10, 10


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--steps", type=int, default=60)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--arm", choices=ARMS, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.arm is not None:
        print(json.dumps(_trained(options.arm, num_steps=options.steps)))
        return
    found: dict[str, list[dict[str, Any]]] = {arm: [] for arm in ARMS}
    for number in range(options.rounds):
        for arm in ARMS if number % 2 else reversed(ARMS):
            found[arm].append(_apart(arm, num_steps=options.steps))
    losses = {row["loss"] for rows in found.values() for row in rows}
    ratios = [a["seconds"] / b["seconds"] for a, b in zip(*found.values(), strict=True)]
    summary = {
        "ratio": statistics.median(ratios),
        "ratios": ratios,
        "seconds": {arm: statistics.median(r["seconds"] for r in found[arm]) for arm in ARMS},
        "peak_mib": {arm: max(r["peak_mib"] for r in found[arm]) for arm in ARMS},
        "equal": len(losses) == 1,
    }
    if options.json:
        print(json.dumps(summary))
        return
    print(f"glibc's defaults against kept memory: {summary['ratio']:.2f} times the CPU seconds")
    print(f"peak MiB: {summary['peak_mib']}; losses equal: {summary['equal']}")


def _apart(arm: str, *, num_steps: int) -> dict[str, Any]:
    command = [sys.executable, __file__, "--arm", arm, "--steps", str(num_steps)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    row: dict[str, Any] = json.loads(done.stdout)
    return row


def _trained(arm: str, *, num_steps: int) -> dict[str, Any]:
    import torch
    from torch.nn import functional as F

    from escalade.nets.build import build
    from escalade.train.allocator import keep_memory

    if arm == "kept" and not keep_memory():
        raise SystemExit("malloc is not glibc's here, or the environment tunes it")
    torch.set_num_threads(1)
    torch.manual_seed(0)
    network = build(architecture()).to(memory_format=torch.channels_last).train()
    optimizer = torch.optim.SGD(network.parameters(), lr=0.1, momentum=0.9, fused=True)
    images = torch.randn(BATCH, 3, SIDE, SIDE).contiguous(memory_format=torch.channels_last)
    labels = torch.randint(0, CLASSES, (BATCH,))
    start = 0.0
    for step in range(WARM + num_steps):
        if step == WARM:
            start = time.process_time()
        loss = F.cross_entropy(network(images), labels)
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
    return {
        "seconds": time.process_time() - start,
        "loss": loss.item(),
        "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
    }


def architecture() -> Architecture:
    """Three stages of two blocks, 7.9 M macs."""
    stages = []
    for width, stride in ((24, 1), (36, 2), (72, 2)):
        block = Block(kind="mbconv", kernel=3, stride=stride, expansion=4.0, width=width)
        stages.append(Stage(blocks=(block, replace(block, stride=1))))
    return Architecture(
        name="plain",
        resolution=SIDE,
        in_channels=3,
        num_classes=CLASSES,
        stem=Stem(width=24),
        stages=tuple(stages),
        head=Head(width=128),
    )


if __name__ == "__main__":
    main()
