"""What weight sharing costs: a supernet's path against the same network built stand-alone.

    PYTHONPATH=src python benchmarks/supernet_step.py [--threads 2] [--train-only] [--json]

Training is forward, backward and a fused SGD step (Nesterov momentum, weight decay). Evaluation
is recalibration, folding and scoring: of a plain network that exists already, against a frozen
path and against an extracted network, slicing and extraction included. Both sides run in turns on
random paths drawn hierarchically; each path's ratio is between medians, with one thread of the
processor's time, which other processes lengthen less than the clock's.
Targets, of the geometric mean in training: at most 1.02; with batches of 16, at most 1.08.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Callable, Iterable

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from escalade.core.network.architecture import Architecture
from escalade.core.numbers.seeds import generator
from escalade.core.sampling.samplers import Hierarchical
from escalade.core.space.space import Space
from escalade.nets.build import build
from escalade.spaces.load import load
from escalade.supernet.extract import extract
from escalade.supernet.frozen import freeze
from escalade.supernet.recalibrate import fold, recalibrate
from escalade.supernet.supernet import Supernet

FACTORS = (1.0, 2.0, 4.0)  # the ladder of budgets, as multiples of the base's
NUM_CALIBRATION, NUM_SCORED = 4, 16  # batches
MEASURED = ("train", "evaluate", "evaluate_extracted")


def random_paths(space: Space, num: int, *, seed: int) -> list[Architecture]:
    """Networks of paths drawn hierarchically, as training draws them."""
    population = Hierarchical(space).draw(generator(seed, "benchmark"), num)
    return [path.architecture for path in space.paths(population)]


def optimizer(parameters: Iterable[nn.Parameter]) -> torch.optim.SGD:
    """Fused SGD whose momentum buffers exist from the start."""
    made = torch.optim.SGD(
        parameters, lr=1e-3, momentum=0.9, nesterov=True, weight_decay=1e-4, fused=True
    )
    for group in made.param_groups:
        for parameter in group["params"]:
            made.state[parameter]["momentum_buffer"] = torch.zeros_like(parameter)
    return made


def training_step(
    forward: Callable[[Tensor], Tensor], opt: torch.optim.SGD, images: Tensor, labels: Tensor
) -> None:
    """One step, gradients dropped at its end."""
    loss = F.cross_entropy(forward(images), labels, label_smoothing=0.1)
    torch.autograd.backward(loss)
    opt.step()
    opt.zero_grad(set_to_none=True)


@torch.no_grad()
def score(network: Callable[[Tensor], object], images: Tensor) -> None:
    """Forward passes over the search split."""
    for _ in range(NUM_SCORED):
        network(images)


def evaluation(network: nn.Module, images: Tensor) -> None:
    """Recalibrate, fold and score a network."""
    recalibrate(network, [images] * NUM_CALIBRATION)
    score(fold(network), images)


def now() -> float:
    """Seconds, with one thread of the processor: what others take of the core is not ours."""
    return time.process_time() if torch.get_num_threads() == 1 else time.perf_counter()


def ratio_of_medians(
    ours: Callable[[], None], plain: Callable[[], None], *, num_repeats: int
) -> tuple[float, float, float]:
    """Run both in turns, in alternating order; returns ours / plain and both medians (s)."""
    times: dict[str, list[float]] = {"ours": [], "plain": []}
    pair = [("ours", ours), ("plain", plain)]
    for repeat in range(-1, num_repeats):
        for name, run in pair if repeat % 2 else pair[::-1]:
            start = now()
            run()
            if repeat >= 0:
                times[name].append(now() - start)
    medians = {name: statistics.median(found) for name, found in times.items()}
    return medians["ours"] / medians["plain"], medians["ours"], medians["plain"]


def compare(
    supernet: Supernet,
    supernet_optimizer: torch.optim.SGD,
    path: Architecture,
    *,
    batch_size: int,
    num_repeats: int,
    train_only: bool,
) -> dict[str, float | str]:
    """Ratios of training, and of evaluation unless that is left out, for one path."""
    size = (batch_size, path.in_channels, path.resolution, path.resolution)
    images = torch.randn(size).to(memory_format=torch.channels_last)
    labels = torch.randint(path.num_classes, (batch_size,))
    network = build(path).to(memory_format=torch.channels_last)
    plain_optimizer = optimizer(network.parameters())

    def ours() -> None:
        training_step(lambda x: supernet(x, path), supernet_optimizer, images, labels)

    def plain() -> None:
        training_step(network, plain_optimizer, images, labels)

    train, ours_s, plain_s = ratio_of_medians(ours, plain, num_repeats=num_repeats)

    trained = {"key": path.key, "train": train, "train_ours_s": ours_s, "train_plain_s": plain_s}
    if train_only:
        return trained

    def plain_evaluation() -> None:
        evaluation(ready.pop(), images)

    # Folding changes a network, so each repeat evaluates one that was built beforehand.
    ready = [build(path).to(memory_format=torch.channels_last) for _ in range(2 * num_repeats + 2)]
    calibration = [images] * NUM_CALIBRATION
    frozen, frozen_s, plain_evaluation_s = ratio_of_medians(
        lambda: score(freeze(supernet, [path], calibration), images),
        plain_evaluation,
        num_repeats=num_repeats,
    )
    extracted, _, _ = ratio_of_medians(
        lambda: evaluation(extract(supernet, path), images),
        plain_evaluation,
        num_repeats=num_repeats,
    )
    return trained | {
        "evaluate": frozen,
        "evaluate_ours_s": frozen_s,
        "evaluate_plain_s": plain_evaluation_s,
        "evaluate_extracted": extracted,
    }


def main() -> None:
    """Parse, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--space", default="small")
    parser.add_argument("--num-paths", type=int, default=30)
    parser.add_argument("--num-repeats", type=int, default=15)
    parser.add_argument("--batch-size", type=int, default=128)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--train-only", action="store_true", help="leave evaluation out")
    parser.add_argument("--json", action="store_true", help="one JSON object on stdout")
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    torch.manual_seed(args.seed)
    space = load(args.space, factors=FACTORS, in_channels=1, num_classes=10)
    supernet = Supernet(space.shape)
    supernet_optimizer = optimizer(supernet.parameters())
    rows = [
        compare(
            supernet,
            supernet_optimizer,
            path,
            batch_size=args.batch_size,
            num_repeats=args.num_repeats,
            train_only=args.train_only,
        )
        for path in random_paths(space, args.num_paths, seed=args.seed)
    ]
    summary: dict[str, object] = {"settings": vars(args)}
    measured = MEASURED[:1] if args.train_only else MEASURED
    for what in measured:
        ratios = [float(row[what]) for row in rows]
        summary[what] = {
            "geometric_mean": statistics.geometric_mean(ratios),
            "worst": max(ratios),
        }
    if args.json:
        print(json.dumps(summary | {"paths": rows}, indent=2))
        return
    for what in measured:
        found = summary[what]
        assert isinstance(found, dict)
        print(f"{what}: geometric mean {found['geometric_mean']:.3f}, worst {found['worst']:.3f}")


if __name__ == "__main__":
    main()
