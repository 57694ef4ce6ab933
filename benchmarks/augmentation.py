"""What a training batch costs: crops and flips of whole batches against torchvision's, per image.

    PYTHONPATH=src python benchmarks/augmentation.py [--batch-size 128] [--json]

`TrainBatches.at` takes a batch by its step, crops and mirrors it. The peer is what a data loader
does with torchvision's v2 transforms: the same images, each cropped and mirrored on its own, then
stacked. Both run in turns, in changing order, on bytes, with one thread; the figure is the median
of the rounds' ratios of processor time. Targets: at most a fifth of the peer's time for crop and
flip, and less than the peer's for resized crops.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor
from torchvision.transforms import v2

from escalade.data.batching.augmenting import CROP_RATIO, CROP_SCALE
from escalade.data.batching.batches import Augmentation, TrainBatches
from escalade.data.splits.split import Split

NUM_IMAGES = 4096
NUM_WARM = 3  # rounds that are not counted


@dataclass(frozen=True)
class Case:
    """Images of a size, and how both sides augment them."""

    name: str
    channels: int
    side: int
    ours: Augmentation
    theirs: Callable[[Tensor], Tensor]


FLIP = v2.RandomHorizontalFlip()
CASES = (
    Case(
        "crop and flip, 1 x 28 x 28",
        1,
        28,
        Augmentation(padding=2, flip=True),
        v2.Compose([v2.RandomCrop(28, padding=2), FLIP]),
    ),
    Case(
        "crop and flip, 3 x 32 x 32",
        3,
        32,
        Augmentation(padding=4, flip=True),
        v2.Compose([v2.RandomCrop(32, padding=4), FLIP]),
    ),
    Case(
        "resized crop and flip, 3 x 64 x 64",
        3,
        64,
        Augmentation(random_resized_crop=True, flip=True),
        v2.Compose([v2.RandomResizedCrop(64, CROP_SCALE, CROP_RATIO, antialias=False), FLIP]),
    ),
)


def contest(case: Case, *, batch_size: int, num_rounds: int, seed: int) -> dict[str, float]:
    """Medians: milliseconds of both sides, and of the rounds' ratios."""
    rng = torch.Generator().manual_seed(seed)
    size = (NUM_IMAGES, case.channels, case.side, case.side)
    split = Split(
        torch.randint(0, 256, size, generator=rng, dtype=torch.uint8),
        torch.zeros(NUM_IMAGES).long(),
    )
    plain, augmented = (
        TrainBatches(split, batch_size=batch_size, seed=seed, augmentation=kind)
        for kind in (Augmentation(), case.ours)
    )

    def per_image(step: int) -> Tensor:
        images, _ = plain.at(step)
        return torch.stack([case.theirs(image) for image in images])

    sides: list[Callable[[int], object]] = [augmented.at, per_image]
    rounds = []
    for step in range(NUM_WARM + num_rounds):
        order = (0, 1) if step % 2 else (1, 0)
        rounds.append({i: _seconds(sides[i], step) for i in order})
    counted = rounds[NUM_WARM:]
    return {
        "ours_ms": 1e3 * statistics.median(found[0] for found in counted),
        "torchvision_ms": 1e3 * statistics.median(found[1] for found in counted),
        "ratio": statistics.median(found[0] / found[1] for found in counted),
    }


def _seconds(side: Callable[[int], object], step: int) -> float:
    start = time.process_time()
    side(step)
    return time.process_time() - start


def main() -> None:
    """Parse, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--batch-size", type=int, default=128)
    parser.add_argument("--num-rounds", type=int, default=40)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", action="store_true", help="one JSON object on stdout")
    args = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(args.seed)
    found = {
        case.name: contest(
            case, batch_size=args.batch_size, num_rounds=args.num_rounds, seed=args.seed
        )
        for case in CASES
    }
    if args.json:
        print(json.dumps({"settings": vars(args), "cases": found}, indent=2))
        return
    for name, row in found.items():
        print(
            f"{name}: {row['ours_ms']:.2f} ms a batch, torchvision image by image "
            f"{row['torchvision_ms']:.2f} ms, ratio {row['ratio']:.3f}"
        )


if __name__ == "__main__":
    main()
