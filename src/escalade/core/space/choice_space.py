"""The choice space (SCARLET, Table 1): every layer is one of the same choices, or the identity.

A genome has one gene a layer, an index into the choices in Table 1's order. Position decides which
weights run, so every genome is a path of its own, although many leave the same stand-alone network.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from escalade.core.network.architecture import Architecture
from escalade.core.space import choice_network
from escalade.core.space.choice_cost import (
    ChoiceTables,
    cheapest,
    choice_costs,
    choice_tables,
    costliest,
)
from escalade.core.space.choice_data import ChoiceData, check_identity
from escalade.core.space.choice_shape import ChoiceShape
from escalade.core.space.laddered import Laddered, pricing
from escalade.core.space.path import Gene, Path
from escalade.core.space.population import IntArray, Population
from escalade.core.space.traits import Traits
from escalade.core.space.unscaled import UNSCALED, Unscaled


class ChoiceSpace(Laddered[ChoiceData], Unscaled):
    """A space of networks whose layers are chosen from one list (`core.space.space`).

    Args: those of `Laddered`.
    """

    traits = Traits(
        noun="choice space",
        shares=False,
        leaves_out=True,
        steps=("fair", "single_path"),
        member_weights="retrain",
    )

    @property
    def identity(self) -> str:
        """How a supernet runs an identity: let, let_relu or plain."""
        return self.data.identity

    @property
    def folds(self) -> bool:
        """Whether layers directly after an identity have no shortcut."""
        return self.data.folds

    def with_identity(self, identity: str) -> ChoiceSpace:
        """The same space whose supernet runs identities so; stand-alone networks stay.

        Raises:
            ValueError: if it is none of let, let_relu and plain.
        """
        check_identity(identity, "identity")
        return self._of(replace(self.data, identity=identity))

    def with_folds(self, on: bool) -> ChoiceSpace:
        """The same space without shortcuts directly after identities, or with them."""
        return self._of(replace(self.data, folds=on))

    # Genomes

    @cached_property
    def genes(self) -> tuple[Gene, ...]:
        return tuple(
            Gene(f"stages[{i - 1}].choice[{k}]", self.data.choices) for i, k, _ in self.shape.layers
        )

    @property
    def num_choices(self) -> int:
        """Choices of every layer."""
        return len(self.data.choices)

    @property
    def num_genes(self) -> int:
        return self.data.num_layers

    @property
    def num_genomes(self) -> int:
        """Paths, an exact integer."""
        num: int = self.num_choices**self.num_genes
        return num

    @property
    def identity_choices(self) -> frozenset[int] | None:
        """Choices of every gene that are identities; None if there is none."""
        return self.data.identities or None

    @cached_property
    def smallest(self) -> IntArray:
        """The genome of fewest macs: (num_genes,)."""
        return np.array(cheapest(self._table("macs")))

    @cached_property
    def largest(self) -> IntArray:
        """The genome of most macs: (num_genes,)."""
        return np.array(costliest(self._table("macs")))

    def sample_genomes(self, rng: np.random.Generator, num: int) -> IntArray:
        """Genomes, every gene uniform: (num, num_genes)."""
        return rng.integers(0, self.num_choices, (num, self.num_genes))

    def sample_spread(self, rng: np.random.Generator, num: int) -> IntArray:
        """Genomes from the smallest to the largest path, which are the first two.

        Every gene is uniform, but the genes of a network rise and fall together in what their
        choices cost, so that costs reach over the whole range: (num, num_genes).
        """
        level = rng.random((num, 1))
        ranks = rng.binomial(self.num_choices - 1, np.broadcast_to(level, (num, self.num_genes)))
        genomes = np.take_along_axis(self._by_macs, ranks.T, axis=1).T
        genomes[:2] = np.stack([self.smallest, self.largest])[:num]
        return genomes

    @cached_property
    def _by_macs(self) -> IntArray:
        """The choices of every layer, cheapest first: (num_genes, num_choices)."""
        in_widths = [layer.in_width for *_, layer in self.shape.layers]
        widths = sorted({self.data.first.width, *(stage.width for stage in self.data.stages)})
        rows = [widths.index(width) for width in in_widths]
        prices = self._table("macs").layers[range(self.num_genes), 0, rows]
        order: IntArray = np.argsort(prices, axis=1, kind="stable")
        return order

    def repair(self, genomes: IntArray) -> IntArray:
        """Every genome within the choices is legal, and none stands for another."""
        repaired: IntArray = np.clip(genomes, 0, self.num_choices - 1).astype(np.int64, copy=False)
        return repaired

    def encode(self, running: Architecture) -> IntArray:
        """The genome of a path's running network: (num_genes,).

        Of a stand-alone network it is not known where the identities were.

        Raises:
            ValueError: if it is none, naming a field of the network.
        """
        try:
            genome = np.array(self.shape.choices_of(running))
            if self.path(genome).key != running.key:
                raise ValueError(
                    "resolution, stem, stages, head, in_channels or num_classes: something "
                    "differs that the space fixes, such as a shortcut or an activation"
                )
        except ValueError as error:
            raise ValueError(f"no running network of the space {self.name}: {error}") from None
        return genome

    # Realisation

    def path(
        self, genome: Sequence[int] | IntArray, strategy: Sequence[int] | IntArray | None = None
    ) -> Path:
        """Realise a genome as the network that runs and the one that stands alone."""
        row = tuple(np.asarray(genome, dtype=np.int64).tolist())
        return Path(
            row,
            UNSCALED,
            choice_network.standalone(self.data, self.shape, row),
            choice_network.running(self.data, self.shape, row),
        )

    @property
    def largest_side(self) -> int:
        """The resolution of every path."""
        return self.data.resolution

    def sides(self, population: Population) -> IntArray:
        """Resolution of every path: (n,)."""
        return np.full(len(population), self.data.resolution)

    def depths(self, population: Population) -> IntArray:
        """Blocks of every stand-alone network, max poolings included: (n,)."""
        pools = np.array([layer.stride > 1 for *_, layer in self.shape.layers])
        left = pools | ~np.isin(population.genomes, list(self.data.identities))
        depths: IntArray = 1 + left.sum(axis=1)
        return depths

    def costs(self, population: Population, kind: str = "macs") -> npt.NDArray[Any]:
        """Macs, params or activations of every stand-alone network, as `cost.of` counts: (n,).

        Of kind latency, predicted seconds, exactly as the table predicts each network.

        Raises:
            ValueError: for latency without a table.
        """
        _, total = pricing(kind, self.latency, space=self.name)
        return total(choice_costs(self._table(kind), population.genomes))

    def _table(self, kind: str) -> ChoiceTables:
        price, _ = pricing(kind, self.latency, space=self.name)
        if kind not in self._tables:
            self._tables[kind] = choice_tables(self.data, self.shape, price)
        return self._tables[kind]

    @cached_property
    def _tables(self) -> dict[str, ChoiceTables]:
        """By kind of cost, those made so far."""
        return {}

    @cached_property
    def shape(self) -> ChoiceShape:
        """What a supernet of this space must hold: every choice of every layer."""
        return choice_network.choice_shape(self.data)
