"""What training takes beside macs: steps of small networks, fitted by what they count.

    PYTHONPATH=src OMP_NUM_THREADS=1 python benchmarks/layer_time.py [--steps 12] [--json]

The bases of the space `small` that are made by hand, by three rules at 0.3 to 5 M macs of one
channel, and random paths of the space near each of these budgets, train on random images in batches
of 64, one thread. Medians of their steps are fitted by macs, activations and layers, none negative,
with least relative errors. Equal device time counts an activation as ACTIVATION_MACS macs and a
layer as LAYER_MACS (family/trainings/equal_time.py).
"""

from __future__ import annotations

import argparse
import json
import time
from itertools import product

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
from escalade.family.trainings.equal_time import ACTIVATION_MACS, LAYER_MACS, RULES
from escalade.nets.build import build
from escalade.spaces.load import load

BUDGETS = (0.3e6, 0.6e6, 1.2e6, 2.4e6, 4.8e6)
BATCH, WARM, DRAWN = 64, 3, 4096
COUNTS = ("macs", "activations", "layers")
FITTED = {"by all": [0, 1, 2], "by macs and layers": [0, 2], "by macs": [0]}


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
    counted = np.array([counts(each) for _, each in shown])
    found: dict[str, object] = {"counted_as": [1, ACTIVATION_MACS, LAYER_MACS]}
    for name, columns in FITTED.items():
        per, errors = fitted(counted[:, columns], seconds)
        found[name] = {
            "ps": {COUNTS[i]: 1e12 * each for i, each in zip(columns, per, strict=True)},
            "in_macs": [each / per[0] if per[0] else float("inf") for each in per],
            "median_error": float(np.median(errors)),
        }
    as_counted = counted @ np.array([[1.0], [ACTIVATION_MACS], [LAYER_MACS]])
    found["as counted"] = {"median_error": float(np.median(fitted(as_counted, seconds)[1]))}
    if options.json:
        print(json.dumps(found))
        return
    for (name, _), (macs, activations, layers), each in zip(shown, counted, seconds, strict=True):
        print(
            f"{name:12} {macs / 1e6:5.2f} M macs {activations / 1e3:5.0f} k activations "
            f"{layers:3.0f} layers {1e6 * each:7.0f} us an image"
        )
    for name, fit in found.items():
        print(name, json.dumps(fit))


def counts(network: Architecture) -> tuple[float, float, float]:
    """Macs, activations and layers."""
    costs = cost.of(network)
    return costs.macs, costs.activations, len(cost.layers(network))


def fitted(counted: np.ndarray, seconds: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Seconds by each count, and every network's relative error."""
    scale = counted.mean(axis=0)
    per = nnls(counted / scale / seconds[:, None], np.ones(len(seconds)))[0] / scale
    return per, np.abs(counted @ per / seconds - 1)


def networks() -> list[tuple[str, Architecture]]:
    """Networks by hand, and paths of the space, near each budget."""
    factors = tuple(each / BUDGETS[0] for each in BUDGETS)
    space = load("small", factors=factors, in_channels=1, num_classes=10)
    found = []
    for i, target in enumerate(BUDGETS):
        budget = Budget(target, "macs", 0.05)
        for (name, base), rule in product(space.layout.hand_made.items(), RULES):
            made = scale_within(base, rule=rule, budget=budget, stage=i, side=64)
            found.append((f"{name} {rule}", made.architecture))
        drawn = candidate_paths(space, generator(0, "layer_time", i), i, num=DRAWN)
        near = np.abs(np.log(space.costs(drawn, "macs") / target)).argsort()[:3]
        found += [("path", path.architecture) for path in space.paths(drawn[near])]
    return found


def step_seconds(architecture: Architecture, *, steps: int) -> float:
    """The median seconds of the processor of a training step."""
    network = build(architecture).to(memory_format=torch.channels_last)
    optimizer = torch.optim.SGD(network.parameters(), lr=0.01, momentum=0.9)
    side = architecture.resolution
    images = torch.randn(BATCH, architecture.in_channels, side, side)
    images = images.contiguous(memory_format=torch.channels_last)
    labels = torch.randint(0, architecture.num_classes, (BATCH,))
    seconds = []
    for _ in range(WARM + steps):
        started = time.process_time()
        optimizer.zero_grad()
        cross_entropy(network(images), labels).backward()
        optimizer.step()
        seconds.append(time.process_time() - started)
    return float(np.median(seconds[WARM:]))


if __name__ == "__main__":
    main()
