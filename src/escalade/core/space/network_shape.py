"""What a supernet around one network must hold: the network."""

from __future__ import annotations

from dataclasses import dataclass

from escalade.core.network.architecture import Architecture
from escalade.core.space.choice_shape import ChoiceShape
from escalade.core.space.shape import SupernetShape


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkShape:
    """A supernet that holds a network of any kinds of blocks, and all that are smaller in sizes.

    Attributes:
        largest: what it holds, with what no path changes: kinds, strides, activations.
    """

    largest: Architecture


AnyShape = SupernetShape | ChoiceShape | NetworkShape
