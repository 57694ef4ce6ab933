"""Paths as a tree: those that begin with the same weights share their beginning.

A node is a part of a network. Two paths share one where they share all before it, and where it
has the same layers and the very same slices of the supernet's weights: what comes out of it is
then the same to the last bit.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass, field

from torch import Tensor

from escalade.core.network.architecture import Architecture
from escalade.core.network.block import Conventions
from escalade.core.network.branches import Layers
from escalade.core.network.parts import Part, parts_of
from escalade.supernet import shapes
from escalade.supernet.elastic import Side, copied
from escalade.supernet.shared_weights import SharedWeights

Key = tuple[Hashable, ...]
NOTHING = Layers(branch=())


@dataclass(slots=True, kw_only=True, eq=False)
class Node:
    """A part that some paths share, after all that they share before it.

    Attributes:
        prefix: what stands before its layers' names.
        layers: what it is made of; of none at a root, which stands for the images.
        conventions: of the networks.
        sides: copies of the supernet's weights that it uses, by timm's names, of every side.
        size: numbers in its output, of one image.
        paths: those that end with it, by their place.
        after: what follows.
    """

    prefix: str = ""
    layers: Layers = NOTHING
    conventions: Conventions
    sides: tuple[dict[str, Tensor], ...]
    size: int
    paths: list[int] = field(default_factory=list)
    after: dict[Key, Node] = field(default_factory=dict)

    @property
    def kept(self) -> int:
        """Numbers, of one image, that wait at most while a walk is below: outputs of forks."""
        below = max((node.kept for node in self.after.values()), default=0)
        return below + (self.size if len(self.after) > 1 else 0)

    def all(self) -> Iterator[Node]:
        """This node and all below it."""
        yield self
        for node in self.after.values():
            yield from node.all()


def plant(
    supernet: SharedWeights, architectures: Sequence[Architecture], *, most_kept: int
) -> list[Node]:
    """The roots of the trees that hold some paths; one, where a walk may keep enough.

    Args:
        supernet: whose slices they run; a coupled one runs both sides.
        architectures: of one resolution.
        most_kept: numbers that a walk may keep, of one image. A path that would make it keep more
            stands in another tree.

    Raises:
        ValueError: if the supernet does not hold an architecture.
    """
    sides: tuple[Side, ...] = ("left", "right") if supernet.coupled else ("left",)
    roots: list[Node] = []
    for path, architecture in enumerate(architectures):
        slices = [supernet.slices(architecture, side=side) for side in sides]
        steps = [
            _Step.of(prefix, part, slices, architecture.conventions)
            for prefix, part in parts_of(architecture)
        ]
        if not any(_grow(root, steps, path, most_kept) for root in roots):
            size = architecture.in_channels * architecture.resolution**2
            none = tuple[dict[str, Tensor], ...]({} for _ in sides)
            roots.append(Node(sides=none, size=size, conventions=architecture.conventions))
            _grow(roots[-1], steps, path, most_kept)
    return roots


@dataclass(frozen=True, slots=True)
class _Step:
    """A part of one path, with its slices of the supernet's weights.

    `key` is what makes it the same as another path's part whose input is the same.
    """

    prefix: str
    part: Part
    slices: tuple[dict[str, Tensor], ...]
    conventions: Conventions
    key: Key

    @classmethod
    def of(
        cls,
        prefix: str,
        part: Part,
        held: Sequence[dict[str, Tensor]],
        conventions: Conventions,
    ) -> _Step:
        names = shapes.of_parts([(prefix, part)])
        slices = tuple({name: weights[name] for name in names} for weights in held)
        views = (weight for weights in slices for weight in weights.values())
        weights = ((view.data_ptr(), view.shape) for view in views)
        return cls(prefix, part, slices, conventions, (prefix, part.layers, conventions, *weights))

    def node(self) -> Node:
        width = self.part.in_width
        for layer in self.part.layers.branch:
            width = layer.channels(width)
        return Node(
            prefix=self.prefix,
            layers=self.part.layers,
            conventions=self.conventions,
            sides=tuple({name: copied(view) for name, view in s.items()} for s in self.slices),
            size=width * self.part.after**2,
        )


def _grow(root: Node, steps: Sequence[_Step], path: int, most_kept: int) -> bool:
    """Add a path to a tree, unless a walk would then keep too much."""
    fork, num_shared = root, 0
    while num_shared < len(steps) and steps[num_shared].key in fork.after:
        fork = fork.after[steps[num_shared].key]
        num_shared += 1
    node = fork
    for step in steps[num_shared:]:
        branch = step.node()
        node.after[step.key] = branch
        node = branch
    node.paths.append(path)
    if root.kept <= most_kept:
        return True
    node.paths.pop()
    del fork.after[steps[num_shared].key]
    return False
