"""A space small enough to list: six layers of five choices, with an accuracy known exactly."""

from __future__ import annotations

import itertools

import numpy as np

from escalade.core.network import cost
from escalade.core.network.architecture import Architecture
from escalade.core.network.block import Block, Head, Stage, Stem
from escalade.core.space.path import Gene, Path
from escalade.core.space.traits import Traits

CHOICES = ((3, 3.0), (5, 3.0), (3, 6.0), (5, 6.0), (7, 6.0))  # kernel, expansion
WIDTHS = (16, 24, 32)
LAYERS = 6
KINDS = ("macs", "params", "activations")


class Layered:
    """Three stages of two blocks; a gene is a block's kernel and expansion."""

    name, latency = "layered", None
    traits = Traits(noun="space", rises=True)
    num_genes = LAYERS
    genes = tuple(Gene(f"layer[{i}]", CHOICES) for i in range(LAYERS))
    base_triple = np.zeros(3, dtype=np.int64)
    smallest = np.zeros(LAYERS, dtype=np.int64)
    largest = np.full(LAYERS, len(CHOICES) - 1)

    def __init__(self) -> None:
        self.limits: dict[str, float] = {}
        low = cost.of(self.path(self.smallest, self.base_triple).architecture)
        self.low = {kind: getattr(low, kind) for kind in KINDS}
        self.tables = {kind: np.zeros((LAYERS, len(CHOICES)), dtype=np.int64) for kind in KINDS}
        for layer, choice in itertools.product(range(LAYERS), range(len(CHOICES))):
            row = self.smallest.copy()
            row[layer] = choice
            counts = cost.of(self.path(row, self.base_triple).architecture)
            for kind in KINDS:
                self.tables[kind][layer, choice] = getattr(counts, kind) - self.low[kind]

    @property
    def all_genomes(self) -> np.ndarray:
        return np.array(list(itertools.product(range(len(CHOICES)), repeat=LAYERS)))

    def sample_genomes(self, rng, num):
        return rng.integers(0, len(CHOICES), (num, LAYERS))

    def repair(self, genomes):
        return np.clip(genomes, 0, len(CHOICES) - 1)

    def path(self, genome, strategy):
        blocks = [
            Block(
                kernel=CHOICES[choice][0],
                expansion=CHOICES[choice][1],
                width=WIDTHS[layer // 2],
                stride=2 if layer in (2, 4) else 1,
            )
            for layer, choice in enumerate(int(gene) for gene in genome)
        ]
        stages = tuple(Stage(blocks=tuple(blocks[i : i + 2])) for i in range(0, LAYERS, 2))
        architecture = Architecture(
            name=self.name,
            resolution=32,
            in_channels=1,
            num_classes=10,
            stem=Stem(width=16, stride=1),
            stages=stages,
            head=Head(width=64),
        )
        return Path(tuple(int(gene) for gene in genome), (0, 0, 0), architecture)

    def costs(self, population, kind="macs"):
        layers = np.arange(LAYERS)
        return self.low[kind] + self.tables[kind][layers, population.genomes].sum(axis=1)


class Gains:
    """Accuracy as a sum of gains, each choice's own; larger choices gain more on the whole."""

    def __init__(self, seed: int = 0) -> None:
        rng = np.random.default_rng(seed)
        size = np.linspace(0, 1, len(CHOICES))
        self.gains = rng.dirichlet(np.full(LAYERS, 2.0))[:, None] * (
            0.5 * size + 0.5 * rng.random((LAYERS, len(CHOICES)))
        )

    def __call__(self, population) -> np.ndarray:
        return 0.2 + 0.7 * self.gains[np.arange(LAYERS), population.genomes].sum(axis=1)
