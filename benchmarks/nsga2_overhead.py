"""What SCARLET's search costs beside the scores: sorting, crowding, controller, records, store.

    PYTHONPATH=src python benchmarks/nsga2_overhead.py [--generations 120] [--json]

The space has the paper's shape, 19 layers of 13 choices. A score is a look-up, and it is written
into an evaluation store as a search writes it. The score's own time is left out.
Target: 5 ms per candidate at most.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path as File

import numpy as np
import numpy.typing as npt

from escalade.core import cost
from escalade.core.architecture import Architecture, Block, Head, SqueezeExcite, Stage, Stem
from escalade.core.path_space import Gene, Path
from escalade.core.population import IntArray, Population
from escalade.evaluate.store import Context, Row, Store
from escalade.search.constraints import Constraint
from escalade.search.nsga2 import NSGA2

# Layers, width and stride of each stage (SCARLET's), and expansion, kernel, SE of each choice.
STAGES = ((2, 32, 2), (4, 40, 2), (4, 80, 2), (4, 96, 1), (4, 192, 2), (1, 320, 1))
CHOICES = tuple((e, k, se) for e in (3.0, 6.0) for k in (3, 5, 7) for se in (False, True))
IDENTITY = len(CHOICES)
NUM_LAYERS = sum(depth for depth, _, _ in STAGES)
KINDS = ("macs", "params", "activations")


class StandIn:
    """A space of the paper's shape, whose first identity of a stage is a small block."""

    name, latency = "stand_in", None
    genes = tuple(Gene(f"layer[{i}]", len(CHOICES) + 1) for i in range(NUM_LAYERS))
    num_genes = NUM_LAYERS
    base_triple = np.zeros(3, dtype=np.int64)
    smallest = np.full(NUM_LAYERS, IDENTITY)
    largest = np.full(NUM_LAYERS, IDENTITY - 1)

    def __init__(self) -> None:
        self._low = self._counts(self.smallest)
        self._tables = np.zeros((len(KINDS), NUM_LAYERS, len(CHOICES) + 1), dtype=np.int64)
        for layer in range(NUM_LAYERS):
            for choice in range(len(CHOICES)):
                row = self.smallest.copy()
                row[layer] = choice
                self._tables[:, layer, choice] = self._counts(row) - self._low

    def sample_genomes(self, rng: np.random.Generator, num: int) -> IntArray:
        return rng.integers(0, len(CHOICES) + 1, (num, NUM_LAYERS))

    def repair(self, genomes: IntArray) -> IntArray:
        return genomes

    def costs(self, population: Population, kind: str = "macs") -> IntArray:
        row = KINDS.index(kind)
        added = self._tables[row][np.arange(NUM_LAYERS), population.genomes]
        return np.asarray(self._low[row] + added.sum(axis=1))

    def path(self, genome: Sequence[int] | IntArray, strategy: Sequence[int] | IntArray) -> Path:
        genes = iter(genome)
        stages = [Stage(blocks=(Block(kind="dsconv", expansion=1.0, width=16),))]
        for depth, width, stride in STAGES:
            blocks = [
                block(int(next(genes)), width=width, stride=stride if k == 0 else 1, first=k == 0)
                for k in range(depth)
            ]
            stages.append(Stage(blocks=tuple(made for made in blocks if made is not None)))
        architecture = Architecture(
            name=self.name,
            resolution=224,
            in_channels=3,
            num_classes=1000,
            stem=Stem(width=32),
            stages=tuple(stages),
            head=Head(width=1280),
        )
        return Path(tuple(int(gene) for gene in genome), (0, 0, 0), architecture)

    def _counts(self, genome: IntArray) -> IntArray:
        counts = cost.of(self.path(genome, self.base_triple).architecture)
        return np.array([getattr(counts, kind) for kind in KINDS])


def block(choice: int, *, width: int, stride: int, first: bool) -> Block | None:
    """The block of a choice; an identity is none, but where the shape changes a small block."""
    if choice == IDENTITY:
        return Block(kernel=3, expansion=1.0, width=width, stride=stride) if first else None
    expansion, kernel, se = CHOICES[choice]
    return Block(
        kernel=kernel,
        expansion=expansion,
        width=width,
        stride=stride,
        se=SqueezeExcite() if se else None,
    )


def accuracy(gains: npt.NDArray[np.float64], genomes: IntArray) -> npt.NDArray[np.float64]:
    """A look-up."""
    return np.asarray(0.2 + 0.6 * gains[np.arange(NUM_LAYERS), genomes].sum(axis=1))


def rows(space: StandIn, population: Population, scores: npt.NDArray[np.float64]) -> list[Row]:
    """What the evaluator writes for scored paths."""
    made = []
    for genome, score in zip(population.genomes, scores.tolist(), strict=True):
        path = space.path(genome, space.base_triple)
        counts = cost.of(path.architecture)
        made.append(
            Row(
                supernet="weights", path=path.key, data="data", settings="settings",
                num_correct=round(1000 * score), num_images=1000, macs=counts.macs,
                params=counts.params, activations=counts.activations, resolution=224, seconds=0.0,
            )
        )  # fmt: skip
    return made


def main() -> None:
    """Parse, search, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--population", type=int, default=70)
    parser.add_argument("--generations", type=int, default=120)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", action="store_true", help="one JSON object on stdout")
    args = parser.parse_args()
    space = StandIn()
    rng = np.random.default_rng(args.seed)
    gains = rng.random((NUM_LAYERS, len(CHOICES) + 1)) / NUM_LAYERS
    context = Context(supernet="weights", data="data", settings="settings")
    searching = storing = 0.0
    with tempfile.TemporaryDirectory() as folder:
        store = Store(File(folder) / "evaluations.sqlite")
        start = time.process_time()
        searcher = NSGA2(
            space,
            seed=args.seed,
            num_images=1000,
            constraints=[Constraint("macs", "<", 450e6), Constraint("accuracy", ">", 0.4)],
            population=args.population,
            generations=args.generations,
            identity_choices={IDENTITY},
        )
        while len(population := searcher.ask()):
            searching += time.process_time() - start
            scores = accuracy(gains, population.genomes)
            start = time.process_time()
            made = rows(space, population, scores)
            store.get(context, [row.path for row in made])
            store.put(made)
            storing += time.process_time() - start
            start = time.process_time()
            searcher.tell(scores)
        searching += time.process_time() - start
    found = searcher.result()
    result = {
        "candidates": found.distinct,
        "search_ms": 1e3 * searching / found.distinct,
        "store_ms": 1e3 * storing / found.distinct,
    }
    if args.json:
        print(json.dumps(result))
    else:
        print(
            f"{result['candidates']} candidates: search {result['search_ms']:.2f} ms and "
            f"store {result['store_ms']:.2f} ms each"
        )


if __name__ == "__main__":
    main()
