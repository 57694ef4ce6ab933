"""How the networks of a space are laid out: what a `Space` is made of."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator
from functools import cached_property
from typing import Any, ClassVar, Self

import numpy as np

from escalade.core.network.architecture import TORCHS, Architecture
from escalade.core.network.block import Block, Conventions, Head, Rounding, Stage, Stem
from escalade.core.network.cost import Counting
from escalade.core.scaling.ratios import Scaling
from escalade.core.space.path import Gene, IntArray, Population, chunks
from escalade.core.space.plain_network import PLAIN, HandMade, Plain, plain_base
from escalade.core.space.scaling_stages import ONE, Ratios, Realised
from escalade.core.space.shape import AnyShape
from escalade.core.space.traits import Traits
from escalade.core.values.invalid import Invalid, shown, within

Counter = Callable[[Population], IntArray]
DRAWN_AT_ONCE = 4096  # genomes


class Layout(ABC):
    """Choices, as a space's file has them, and what follows from them; a value.

    A layout is a frozen dataclass whose fields are the file's (`core.space.layouts` lists them
    all). What depends on strategies is told the ratios of all of them, which are 1 alone where
    there is no scaling.

    Attributes:
        width_divisor, resolution_divisor: steps in which networks are scaled.
        plain: the plain base; None where the file names none.
        bases: others that a person would write by hand, where the file names any.
        traits: what is true of such spaces.
    """

    name: str
    in_channels: int
    num_classes: int
    width_divisor: int
    resolution_divisor: int
    description: str
    plain: Plain | None
    bases: tuple[HandMade, ...] = ()
    traits: ClassVar[Traits]

    @abstractmethod
    def check(self) -> None:
        """Raise an `Invalid` for choices that make no networks, at the field's path."""

    # Genomes

    @property
    @abstractmethod
    def genes(self) -> tuple[Gene, ...]: ...

    @cached_property
    def num_choices(self) -> IntArray:
        """Of every gene: (num_genes,)."""
        return np.array([gene.num_choices for gene in self.genes])

    @property
    @abstractmethod
    def num_genomes(self) -> int:
        """Legal genomes, an exact integer."""

    @property
    def num_distinct(self) -> int | None:
        """Paths among them; None where copies are not counted."""
        return self.num_genomes

    def repair(self, genomes: IntArray) -> IntArray:
        """The canonical legal genome of each row."""
        inside = np.clip(genomes, 0, self.num_choices - 1).astype(np.int64, copy=False)
        return self.canonical(inside)

    def canonical(self, genomes: IntArray) -> IntArray:
        """`repair` of genomes whose genes are among the choices; may write into them."""
        return genomes

    @property
    def smallest(self) -> IntArray:
        """The genome with the smallest of every choice: (num_genes,)."""
        return self._end(min)

    @property
    def largest(self) -> IntArray:
        """The genome with the largest of every choice: (num_genes,)."""
        return self._end(max)

    def _end(self, of: Callable[[Any], Any]) -> IntArray:
        genes = np.array([[gene.choices.index(of(gene.choices)) for gene in self.genes]])
        genome: IntArray = self.repair(genes)[0]
        return genome

    def sample_genomes(self, rng: np.random.Generator, num: int) -> IntArray:
        """Legal genomes, mostly every gene uniform before repair: (num, num_genes)."""
        genomes, start = np.empty((num, len(self.genes)), dtype=np.int64), 0
        for some in self.draw_genomes(rng, num):
            genomes[start : start + len(some)] = some
            start += len(some)
        return genomes

    def draw_genomes(self, rng: np.random.Generator, num: int) -> Iterator[IntArray]:
        """The genomes of `sample_genomes`, some at a time, so that they stay in the cache."""
        for rows in chunks(num, size=DRAWN_AT_ONCE):
            drawn = rng.random((len(range(num)[rows]), len(self.genes)))
            drawn *= self.num_choices
            yield self.canonical(drawn.astype(np.int64))

    def sample_spread(self, rng: np.random.Generator, num: int) -> IntArray:
        """Legal genomes that reach over the whole range of costs: (num, num_genes)."""
        return self.sample_genomes(rng, num)

    def encode(self, running: Architecture) -> IntArray:
        """The genome of a network as a supernet runs it, by its sizes alone: (num_genes,).

        Raises:
            ValueError: if it is none, naming a field of the network.
        """
        raise ValueError("genomes cannot be read from its networks")

    # Networks

    @abstractmethod
    def realise(
        self, genome: IntArray, scaling: Scaling
    ) -> tuple[Architecture, Architecture | None]:
        """The stand-alone network, and what a supernet runs where that is another one."""

    @property
    def middle(self) -> Architecture:
        genome = self.repair(((self.num_choices - 1) // 2)[None])[0]
        return self.realise(genome, Scaling())[0]

    @cached_property
    def plain_base(self) -> Architecture:
        """The plain base that the file names, or what is plainest in the middle of the choices.

        Raises:
            ValueError: if there is no such network.
        """
        return plain_base(self.plain, middle=self.middle)

    @cached_property
    def hand_made(self) -> dict[str, Architecture]:
        """The bases that a person would write by hand, by name, the plain one first.

        Raises:
            ValueError: if one of them is no network.
        """
        made = {PLAIN: self.plain_base}
        for i, base in enumerate(self.bases):
            with within("bases", i):
                if base.name in made:
                    problem = f"{shown(base.name)} is already the name of another base"
                    raise Invalid(problem, path=("name",), remedy="give it a name of its own")
                made[base.name] = plain_base(base, middle=self.middle)
        return made

    def network(
        self,
        *,
        resolution: int,
        stem: Stem,
        stages: Iterable[Iterable[Block]],
        head: Head,
        conventions: Conventions = TORCHS,
    ) -> Architecture:
        """A network for the data, which carries the steps it may be scaled in."""
        return Architecture(
            name=self.name,
            resolution=resolution,
            in_channels=self.in_channels,
            num_classes=self.num_classes,
            stem=stem,
            stages=tuple(Stage(blocks=tuple(blocks)) for blocks in stages),
            head=head,
            rounding=Rounding(width=self.width_divisor, resolution=self.resolution_divisor),
            conventions=conventions,
        )

    @abstractmethod
    def sides(self, population: Population, ratios: Ratios) -> IntArray:
        """Resolution of every path: (n,)."""

    @abstractmethod
    def depths(self, population: Population, ratios: Ratios) -> IntArray:
        """Blocks of every stand-alone network: (n,)."""

    @abstractmethod
    def largest_side(self, ratios: Ratios) -> int:
        """The largest resolution of any path."""

    @abstractmethod
    def counter(self, counting: Counting, ratios: Ratios) -> Counter:
        """What every path's stand-alone network costs by its parts."""

    def shape(self, ratios: Ratios) -> AnyShape:
        """What a supernet must hold.

        Raises:
            ValueError: if there is no supernet.
        """
        raise ValueError(
            f"space: {self.name} is a {self.traits.noun}, whose networks are trained alone; name "
            "one with a supernet, such as small"
        )

    # Scaling

    def stage_ratios(self, factors: tuple[float, ...] | None) -> tuple[Ratios, ...]:
        """The ratios of every scaling stage of a ladder.

        Raises:
            ValueError: if there are none for this ladder.
        """
        return (ONE,)

    @property
    def slack(self) -> float | None:
        """How far strategies may miss their stage's factor; None where that is not asked."""
        return None

    @property
    def needs_ladder(self) -> bool:
        """Whether strategies are made for a ladder, so that there is no space without one."""
        return self.slack is not None

    def realised(self, ratios: Ratios) -> Realised:
        """Per axis and ratio, what it makes of everything that it scales."""
        return ((None,), (None,), (None,))

    # Variants

    @property
    def training(self) -> Self:
        """The choices that a supernet trains on: all of them."""
        return self

    @property
    def identity(self) -> str | None:
        """How a supernet runs layers left out; None where none is."""
        return None

    @property
    def identity_choices(self) -> frozenset[int] | None:
        """Choices of every gene that leave its layer out; None where a gene has no such choice."""
        return None

    def with_identity(self, identity: str) -> Self:
        """The same choices with layers left out run so."""
        raise Invalid(
            f"the space {self.name} has no identities",
            remedy="leave it out, or name a choice space, such as scarlet_small",
        )
