"""Whether memory stays flat over a long selection: resident bytes over 2,000 scored slices.

    PYTHONPATH=src python benchmarks/memory.py [--space bignas_small] [--num-paths 2000] [--json]

The evaluator of a run scores random paths, all different: a slice of the weights, a recalibration
on training images, one pass over search images, a row in the store. Everything runs in this
process, so that its resident memory is all there is (Linux). Memory rises while the caches fill
(batches of every resolution, kernels for every shape, up to a bound); then it has to stay.
Before that, so many sandwich steps on the same weights (`--num-steps`), measured alike.
A whole run's peak, all processes together and against its plan, is `own_folder.py`'s.
"""

from __future__ import annotations

import argparse
import json
import resource
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path as File

import numpy as np
import torch

from escalade.config.recipe import Recipe
from escalade.core.sampling.samplers import Uniform
from escalade.core.sampling.sandwich_paths import Sandwich
from escalade.core.space.path import Path
from escalade.data.image_data import ImageData
from escalade.data.loading import load
from escalade.evaluate.evaluator import Evaluator
from escalade.evaluate.path_meter import EvaluationSettings
from escalade.evaluate.store import EvaluationStore
from escalade.spaces.load import load as load_space
from escalade.supernet.supernet import Supernet
from escalade.train.optimizer import make_optimizer
from escalade.train.runtime import Runtime
from escalade.train.step import Batch, TrainingObjective
from escalade.train.steps.sandwich import SandwichStep

NUM_MARKS = 20
BATCH_SIZE = 128
MEGABYTE = 1 << 20


def resident(work: Iterator[None], num: int) -> list[float]:
    """Resident megabytes of this process at `NUM_MARKS` evenly spaced moments of `num` units."""
    marks = {round(num * (k + 1) / NUM_MARKS) for k in range(NUM_MARKS)}
    return [_resident_now() for done, _ in enumerate(work, start=1) if done in marks]


def _resident_now() -> float:
    pages = int(File("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / MEGABYTE


def slope(megabytes: list[float]) -> float:
    """Megabytes from one mark to the next over the second half, by least squares."""
    late = megabytes[len(megabytes) // 2 :]
    return float(np.polyfit(np.arange(len(late)), late, 1)[0])


class Work:
    """Real weights, images and paths; what is done with them is real, too."""

    def __init__(self, *, space: str, data: str, num_images: int, seed: int, cache: File) -> None:
        self.data: ImageData = load(data, cache_dir=cache, seed=seed)
        torch.manual_seed(seed)
        self.space = load_space(
            space, in_channels=self.data.in_channels, num_classes=self.data.num_classes
        )
        self.runtime = Runtime(device="cpu", threads=1)
        self.supernet = Supernet(self.space.training.shape).to(memory_format=torch.channels_last)
        self.settings = EvaluationSettings(num_recalibration=num_images)
        self.seed = seed

    def steps(self, num: int) -> Iterator[None]:
        """Sandwich steps."""
        recipe = Recipe(learning_rate=0.01)
        space = self.space.training
        objective = TrainingObjective(
            mean=self.data.mean,
            std=self.data.std,
            label_smoothing=0.1,
            autocast=self.runtime.autocast,
        )
        step = SandwichStep(
            self.supernet.train(),
            sandwich=Sandwich(space, sampler=Uniform(space), seed=self.seed),
            objective=objective,
            recipe=recipe,
        )
        optimizer = make_optimizer(self.supernet, recipe=recipe)
        rows = np.random.default_rng(self.seed)
        for number in range(num):
            chosen = torch.from_numpy(rows.integers(0, len(self.data.train), BATCH_SIZE))
            images, labels = self.data.train.take(chosen)
            optimizer.zero_grad(set_to_none=True)
            step(Batch(images=images, labels=labels, step=number, share=1.0))
            optimizer.step()
            yield

    def scores(self, num: int, folder: File) -> Iterator[None]:
        """Scores of different random paths."""
        space = self.space
        rng = np.random.default_rng(self.seed)
        genomes = np.unique(space.repair(space.sample_genomes(rng, 2 * num)), axis=0)
        rng.shuffle(genomes)
        paths: list[Path] = [space.path(genome, space.base_triple) for genome in genomes[:num]]
        with Evaluator(
            self.supernet.eval(),
            data=self.data,
            store=EvaluationStore(folder / "evaluations.sqlite"),
            runtime=self.runtime,
            settings=self.settings,
            num_workers=1,
        ) as evaluator:
            for path in paths:
                evaluator.score([path])
                yield
            assert evaluator.count.num_measured == len(paths)


def main() -> None:
    """Parse, work, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--space", default="bignas_small")
    parser.add_argument("--data", default="demo")
    parser.add_argument("--num-paths", type=int, default=2000)
    parser.add_argument("--num-steps", type=int, default=500)
    parser.add_argument("--num-images", type=int, default=512, help="of a recalibration")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", action="store_true", help="one JSON object on stdout")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        work = Work(
            space=args.space,
            data=args.data,
            num_images=args.num_images,
            seed=args.seed,
            cache=File(name),
        )
        kinds: dict[str, Callable[[], tuple[Iterator[None], int]]] = {
            "steps": lambda: (work.steps(args.num_steps), args.num_steps),
            "scores": lambda: (work.scores(args.num_paths, File(name)), args.num_paths),
        }
        found = {kind: resident(*make()) for kind, make in kinds.items()}
    if args.json:
        print(json.dumps({"settings": vars(args), "megabytes": found}, indent=2))
        return
    for kind, megabytes in found.items():
        middle, last = megabytes[len(megabytes) // 2 - 1], megabytes[-1]
        print(
            f"{kind}: {megabytes[0]:.0f} MB after a twentieth, {middle:.0f} MB after half, "
            f"{last:.0f} MB at the end; {slope(megabytes):+.2f} MB a twentieth in the second half"
        )


if __name__ == "__main__":
    main()
