"""What a layer takes to train beside its macs: steps of small networks, fitted by both.

    PYTHONPATH=src OMP_NUM_THREADS=1 python benchmarks/layer_time.py [--steps 12] [--json]

The plain base of the space `small` by three rules at 0.3 to 5 M macs of one channel, and random
paths of the space near each of these budgets, train on random images in batches of 64, one thread.
Medians of their steps are fitted by macs and layers, none negative, with least relative errors.
Equal device time counts a layer as LAYER_MACS macs (family/trainings/equal_time.py).
"""

from __future__ import annotations

import argparse
import json
import time

import numpy as np
import torch
from scipy.optimize import nnls
from torch.nn.functional import cross_entropy

from escalade.core.network import cost
from escalade.core.network.architecture import Architecture
from escalade.core.numbers.budget import Budget
from escalade.core.numbers.seeds import generator
from escalade.core.scaling.hybrid import scale_within
from escalade.core.space.space_summary import candidate_paths
from escalade.family.trainings.equal_time import LAYER_MACS, RULES
from escalade.nets.build import build
from escalade.spaces.load import load

BUDGETS = (0.3e6, 0.6e6, 1.2e6, 2.4e6, 4.8e6)
BATCH, WARM, DRAWN = 64, 3, 4096


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--steps", type=int, default=12)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    torch.set_num_threads(1)
    shown = networks()
    seconds = np.array([step_seconds(each, steps=options.steps) / BATCH for _, each in shown])
    sizes = np.array([(cost.of(each).macs, len(cost.layers(each))) for _, each in shown], float)
    scale = sizes.mean(axis=0)
    (of_macs, of_layers), _ = nnls(sizes / scale / seconds[:, None], np.ones(len(seconds)))
    per_mac, per_layer = of_macs / scale[0], of_layers / scale[1]
    error = np.abs(sizes @ np.array([per_mac, per_layer]) / seconds - 1)
    alone = nnls(sizes[:, :1] / scale[0] / seconds[:, None], np.ones(len(seconds)))[0][0]
    error_alone = np.abs(sizes[:, 0] * alone / scale[0] / seconds - 1)
    found = {
        "ps_per_mac": 1e12 * per_mac,
        "us_per_layer": 1e6 * per_layer,
        "macs_per_layer": per_layer / per_mac if per_mac else float("inf"),
        "median_error": float(np.median(error)),
        "median_error_by_macs_alone": float(np.median(error_alone)),
        "counted_as": LAYER_MACS,
    }
    if options.json:
        print(json.dumps(found))
        return
    for (name, _), (macs, layers), each in zip(shown, sizes, seconds, strict=True):
        print(
            f"{name:8} {macs / 1e6:5.2f} M macs {layers:3.0f} layers {1e6 * each:7.0f} us an image"
        )
    print(
        f"{found['ps_per_mac']:.0f} ps a mac, {found['us_per_layer']:.1f} us a layer, which is "
        f"{found['macs_per_layer']:,.0f} macs (counted as {LAYER_MACS:,}); median error "
        f"{found['median_error']:.0%}, by macs alone {found['median_error_by_macs_alone']:.0%}"
    )


def networks() -> list[tuple[str, Architecture]]:
    """Plain networks, and paths of the space, near each budget."""
    factors = tuple(each / BUDGETS[0] for each in BUDGETS)
    space = load("small", factors=factors, in_channels=1, num_classes=10)
    found = []
    for i, target in enumerate(BUDGETS):
        budget = Budget(target, "macs", 0.05)
        for rule in RULES:
            plain = scale_within(space.plain_base, rule=rule, budget=budget, stage=i, side=64)
            found.append((rule, plain.architecture))
        drawn = candidate_paths(space, generator(0, "layer_time", i), i, num=DRAWN)
        near = np.abs(np.log(space.costs(drawn, "macs") / target)).argsort()[:3]
        found += [("path", path.architecture) for path in space.paths(drawn[near])]
    return found


def step_seconds(architecture: Architecture, *, steps: int) -> float:
    """The median seconds of a training step."""
    network = build(architecture).to(memory_format=torch.channels_last)
    optimizer = torch.optim.SGD(network.parameters(), lr=0.01, momentum=0.9)
    side = architecture.resolution
    images = torch.randn(BATCH, architecture.in_channels, side, side)
    images = images.contiguous(memory_format=torch.channels_last)
    labels = torch.randint(0, architecture.num_classes, (BATCH,))
    seconds = []
    for _ in range(WARM + steps):
        started = time.perf_counter()
        optimizer.zero_grad()
        cross_entropy(network(images), labels).backward()
        optimizer.step()
        seconds.append(time.perf_counter() - started)
    return float(np.median(seconds[WARM:]))


if __name__ == "__main__":
    main()
