"""Layers one after the other, with a shortcut or without: what a block, a stem or a head runs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from escalade.core.network.layers import Conv, Counted, Layer, Size


@dataclass(frozen=True, slots=True, kw_only=True)
class Layers:
    """One layer after the other, and what is added to what comes out.

    Attributes:
        shortcut: what is made of the input before it is added; of no layers it is the input
            itself, and None is no shortcut.
        activation: after the sum.
        shortcut_first: whether the built network has the shortcut's layers before the branch's.
    """

    branch: tuple[Layer, ...]
    shortcut: tuple[Layer, ...] | None = None
    activation: str = "none"
    shortcut_first: bool = False

    @property
    def ways(self) -> tuple[tuple[Layer, ...], ...]:
        """Branch and shortcut, in the built network's order."""
        others = self.shortcut or ()
        return (others, self.branch) if self.shortcut_first else (self.branch, others)

    def counted(self, side: Size) -> Iterator[tuple[Counted, Size]]:
        """All layers with costs, with the sides of their outputs, in the built network's order."""
        for way in self.ways:
            at = side
            for layer in way:
                yield from layer.counted(at)
                at = layer.after(at)

    def after(self, side: Size) -> Size:
        for layer in self.branch:
            side = layer.after(side)
        return side

    @property
    def adds(self) -> bool:
        """Whether there is a shortcut."""
        return self.shortcut is not None

    @property
    def projects(self) -> bool:
        """Whether the shortcut has a convolution."""
        return any(isinstance(layer, Conv) for layer in self.shortcut or ())

    @property
    def convs(self) -> list[Conv]:
        """The convolutions of branch and shortcut in the order they run, but inner ones."""
        run = (*self.branch, *(self.shortcut or ()))
        return [layer for layer in run if isinstance(layer, Conv)]

    @property
    def last_norm(self) -> str:
        """The name of the branch's last batch norm: with gamma 0 the branch is zero."""
        norms = [layer.norm for layer in self.branch if isinstance(layer, Conv) and layer.norm]
        return norms[-1]

    @property
    def ends_active(self) -> bool:
        """Whether the branch ends with an activation."""
        last = self.branch[-1] if self.branch else None
        return isinstance(last, Conv) and last.activation != "none"
