"""The per-layer search space (BigNAS, section 4.1): one supernet, no scaling strategies.

Resolution is a choice of the network, depth of the stage, width and kernel of the layer. Layers
beyond a stage's depth do not run, and `repair` sets their genes to 0, so equal networks have equal
genomes. Choices rise, so gene 0 is the smallest of everything.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from escalade.core.network.architecture import Architecture
from escalade.core.space import layer_genome, layer_network
from escalade.core.space.laddered import Laddered, pricing
from escalade.core.space.layer_choices import LayerData
from escalade.core.space.layer_cost import layer_costs, layer_tables
from escalade.core.space.layer_genome import RESOLUTION, StageColumns
from escalade.core.space.path import Gene, Path
from escalade.core.space.population import IntArray, Population
from escalade.core.space.price_tables import PriceTables
from escalade.core.space.shape import SupernetShape
from escalade.core.space.traits import Traits
from escalade.core.space.unscaled import UNSCALED, Unscaled


class LayerSpace(Laddered[LayerData], Unscaled):
    """A space of staged networks of depthwise blocks whose layers choose width and kernel alone.

    It offers what a `SearchSpace` does (`core.space.space`), with one scaling stage, whose
    only strategy changes nothing, whatever the ladder.

    Args: those of `Laddered`.
    """

    traits = Traits(noun="per-layer space", rises=True, steps=("single_path", "sandwich"))

    def with_transitions(self, on: bool) -> LayerSpace:
        """The same space with a shortcut around every block that changes the shape, or none."""
        stages = tuple(replace(stage, transition=on) for stage in self.data.stages)
        return self._of(replace(self.data, stages=stages))

    @cached_property
    def training(self) -> LayerSpace:
        """The space restricted to the resolutions that a supernet trains on.

        Its resolution gene counts those only; `encode` brings a network from one to the other.
        """
        return self._of(replace(self.data, selection_step=None))

    # Genomes

    identity_choices = None

    @cached_property
    def resolutions(self) -> tuple[int, ...]:
        """Those that the resolution gene chooses from, rising."""
        return layer_genome.selection(self.data)

    @cached_property
    def genes(self) -> tuple[Gene, ...]:
        return layer_genome.genes(self.data, self.resolutions)

    @property
    def num_genes(self) -> int:
        return len(self.genes)

    @cached_property
    def num_genomes(self) -> int:
        """Legal (canonical) genomes, an exact integer."""
        return layer_genome.num_genomes(self.data, self.resolutions)

    @cached_property
    def columns(self) -> tuple[StageColumns, ...]:
        """Where the genes of each stage stand."""
        return layer_genome.columns(self.data)

    @cached_property
    def _num_choices(self) -> IntArray:
        return np.array([gene.num_choices for gene in self.genes])

    @property
    def smallest(self) -> IntArray:
        """The genome with the smallest of every choice: (num_genes,)."""
        return np.zeros(self.num_genes, dtype=np.int64)

    @property
    def largest(self) -> IntArray:
        """The genome with the largest of every choice: (num_genes,)."""
        return self._num_choices - 1

    def sample_genomes(self, rng: np.random.Generator, num: int) -> IntArray:
        """Legal genomes, every gene uniform before repair: (num, num_genes)."""
        drawn = rng.random((num, self.num_genes))
        drawn *= self._num_choices
        return self.repair(drawn.astype(np.int64))

    def sample_spread(self, rng: np.random.Generator, num: int) -> IntArray:
        """Legal genomes from the smallest to the largest path, which are the first two.

        Every gene is uniform before repair, but the genes of a network rise and fall together, so
        that costs reach over the whole range: (num, num_genes).
        """
        level = rng.random((num, 1))
        genomes = rng.binomial(self._num_choices - 1, level)
        genomes[:2] = np.stack([self.smallest, self.largest])[:num]
        return self.repair(genomes)

    def repair(self, genomes: IntArray) -> IntArray:
        """The canonical legal genome of each row: genes of layers that do not run are 0."""
        repaired: IntArray = np.clip(genomes, 0, self._num_choices - 1).astype(np.int64, copy=False)
        for stage, at in zip(self.data.stages, self.columns, strict=True):
            runs = np.arange(stage.depth[1]) < stage.depth[0] + repaired[:, at.depth, None]
            for where in at.layers:
                repaired[:, where] *= runs
        return repaired

    def encode(self, architecture: Architecture) -> IntArray:
        """The genome of one of the space's networks: (num_genes,).

        Raises:
            ValueError: if it is none, naming a field of the network.
        """
        try:
            genome = layer_genome.encode(self.data, self.resolutions, architecture)
            if self.path(genome).key != architecture.key:
                raise ValueError(
                    "stem, stages, head, in_channels or num_classes: something differs that the "
                    "space fixes, such as a stride or an activation"
                )
        except ValueError as error:
            raise ValueError(f"no network of the space {self.name}: {error}") from None
        return genome

    # Realisation

    def path(
        self, genome: Sequence[int] | IntArray, strategy: Sequence[int] | IntArray | None = None
    ) -> Path:
        """Realise a genome as one concrete network."""
        row = np.asarray(genome, dtype=np.int64)
        architecture = layer_network.architecture(self.data, self.resolutions, row)
        return Path(tuple(row.tolist()), UNSCALED, architecture)

    @property
    def largest_side(self) -> int:
        """The largest resolution of any path."""
        return self.resolutions[-1]

    def sides(self, population: Population) -> IntArray:
        """Resolution of every path: (n,)."""
        return np.array(self.resolutions)[population.genomes[:, RESOLUTION]]

    def depths(self, population: Population) -> IntArray:
        """Blocks of every path: (n,)."""
        least = sum(stage.depth[0] for stage in self.data.stages)
        more = population.genomes[:, [at.depth for at in self.columns]]
        depths: IntArray = least + more.sum(axis=1)
        return depths

    def costs(self, population: Population, kind: str = "macs") -> npt.NDArray[Any]:
        """Macs, params or activations of every path, exactly as `cost.of` counts them: (n,).

        Of kind latency, predicted seconds, exactly as the table predicts each network.

        Raises:
            ValueError: for latency without a table.
        """
        price, total = pricing(kind, self.latency, space=self.name)
        if kind not in self._tables:
            self._tables[kind] = layer_tables(self.data, self.resolutions, price)
        return total(layer_costs(self.data, self._tables[kind], population.genomes))

    @cached_property
    def _tables(self) -> dict[str, PriceTables]:
        """By kind of cost, those made so far."""
        return {}

    @cached_property
    def shape(self) -> SupernetShape:
        """What a supernet of this space must hold: the largest of everything."""
        return layer_network.supernet_shape(self.data)
