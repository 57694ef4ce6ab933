"""The sandwich rule: each step's largest, smallest and random paths (BigNAS, section 3.1)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from escalade.core.numbers.seeds import generator
from escalade.core.sampling.samplers import Hierarchical, PathSampler, Window
from escalade.core.space.path import Population

if TYPE_CHECKING:
    from escalade.core.space.path import Path
    from escalade.core.space.space import Space

STEPS_PER_DRAW = 512


class WindowedSampler(PathSampler, Protocol):
    """A path sampler that may keep its draws near the budgets."""

    @property
    def window(self) -> Window | None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class SandwichPaths:
    """The paths of one step; a sandwich without ends has no largest and no smallest."""

    largest: Path | None
    smallest: Path | None
    random: tuple[Path, ...]

    @property
    def all(self) -> tuple[Path, ...]:
        """Every path, in the order in which they train: the largest, which teaches, comes first."""
        ends = (self.largest, self.smallest)
        return (*(path for path in ends if path is not None), *self.random)


class StepPaths(Protocol):
    """The paths of every step, a pure function of the step: a `Sandwich` or a `Pair`."""

    @property
    def with_ends(self) -> bool:
        """Whether a largest path trains."""
        ...

    @property
    def num_paths(self) -> int: ...

    def at(self, step: int) -> SandwichPaths: ...


class Sandwich:
    """The paths of every step: a pure function of the seed and the step.

    In a space with one scaling stage the largest and the smallest path are always the space's own.
    With a ladder the largest is drawn from the last scaling stage and the smallest from stage 0,
    so that all sizes of the largest budget teach, and none beyond it.

    Paths are drawn in blocks, because samplers are vectorised; the last block is kept.

    Args:
        space: what the supernet trains on (`space.training` of a space whose selection has more
            resolutions).
        sampler: draws the random paths; the ends keep to its window too.
        num_random: random paths a step (N; 2 in the paper).
        with_ends: whether the largest and the smallest path train; without, for ablations, only
            the random ones do.

    Raises:
        ValueError: if a step would have no path, or in a choice space, where no path holds another.
    """

    def __init__(
        self,
        space: Space,
        *,
        sampler: WindowedSampler,
        seed: int,
        num_random: int = 2,
        with_ends: bool = True,
    ) -> None:
        least = 0 if with_ends else 1
        if num_random < least:
            raise ValueError(
                f"num_random: {num_random} random paths a step are too few; use {least} or more"
            )
        if with_ends and not space.traits.shares:
            raise ValueError(
                "supernet.step: sandwich trains a largest path, whose weights the others share, "
                f"and in the {space.traits.noun} {space.name} choices share none; use "
                "fair or single_path"
            )
        self.with_ends = with_ends
        self.num_paths = num_random + 2 * with_ends
        self._space = space
        self._num_random = num_random
        self._seed = seed
        self._samplers: dict[str, PathSampler] = {"random": sampler} if num_random else {}
        self._fixed: dict[str, Path] = {}
        if with_ends and space.num_stages == 1:
            base = space.base_triple
            self._fixed["largest"] = space.path(space.largest, base)
            self._fixed["smallest"] = space.path(space.smallest, base)
        elif with_ends:
            for name, stage in (("largest", space.num_stages - 1), ("smallest", 0)):
                only = [float(j == stage) for j in range(space.num_stages)]
                self._samplers[name] = Hierarchical(space, weights=only, window=sampler.window)
        self._block = -1
        self._drawn: dict[str, Population] = {}

    def at(self, step: int) -> SandwichPaths:
        block, index = divmod(step, STEPS_PER_DRAW)
        if block != self._block:
            self._drawn = {name: self._draw(name, block) for name in self._samplers}
            self._block = block
        start = index * self._num_random
        return SandwichPaths(
            largest=self._end("largest", index),
            smallest=self._end("smallest", index),
            random=tuple(self._path("random", start + i) for i in range(self._num_random)),
        )

    def _draw(self, name: str, block: int) -> Population:
        rng = generator(self._seed, "sandwich", name, block)
        num = STEPS_PER_DRAW * (1 if name in ("largest", "smallest") else self._num_random)
        return self._samplers[name].draw(rng, num)

    def _end(self, name: str, index: int) -> Path | None:
        if not self.with_ends:
            return None
        return self._fixed[name] if name in self._fixed else self._path(name, index)

    def _path(self, name: str, row: int) -> Path:
        drawn = self._drawn[name]
        return self._space.path(drawn.genomes[row], drawn.strategies[row])


class Pair:
    """The same two paths in every step: one teaches the other (BigNAS, Table 3, distillation B).

    Args:
        largest: learns from the labels, and teaches.
        child: learns from its soft labels.

    Raises:
        ValueError: if they are the same network.
    """

    with_ends = True
    num_paths = 2

    def __init__(self, *, largest: Path, child: Path) -> None:
        if largest.key == child.key:
            raise ValueError("child: it is the network that teaches; name a smaller one")
        self._paths = SandwichPaths(largest=largest, smallest=None, random=(child,))

    def at(self, step: int) -> SandwichPaths:
        """The two paths, whatever the step."""
        return self._paths
