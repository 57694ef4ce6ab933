"""The supernet of a choice space: every choice of every layer has weights of its own."""

from __future__ import annotations

from torch import Tensor

from escalade.core.network.architecture import Architecture
from escalade.core.space.choice_shape import ChoiceShape
from escalade.supernet import shapes
from escalade.supernet.elastic import Side
from escalade.supernet.shared_weights import SharedWeights


class ChoiceSupernet(SharedWeights):
    """The weight-sharing network of SCARLET: paths share a choice, never a part of one.

    The weights of choice c of layer k in stage i are under `blocks.i.k.choice_c.`, those of the
    stem, the first block and the head under timm's names.

    Args:
        shape: the choices of every layer.
    """

    def __init__(self, shape: ChoiceShape) -> None:
        super().__init__(_held(shape))
        self.shape = shape

    def slices(self, architecture: Architecture, *, side: Side = "left") -> dict[str, Tensor]:
        """The weights that a path uses, each of them whole, under timm's names.

        Raises:
            ValueError: if the supernet does not hold the architecture, or for the right side.
        """
        if side == "right":
            raise ValueError("side: the supernet of a choice space has none but the left")
        choices = _choices(self.shape, architecture)
        found: dict[str, Tensor] = {}
        for name, size in shapes.of_network(architecture).items():
            blocks, *at = name.split(".", 3)
            key = name
            if blocks == "blocks" and at[0] != "0":
                i, k, rest = at
                key = f"blocks.{i}.{k}.choice_{choices[int(i), int(k)]}.{rest}"
            found[name] = self._held(key)
            if found[name].shape != size:
                raise ValueError(f"{key}: the supernet has {tuple(found[name].shape)}, not {size}")
        return found


def _held(shape: ChoiceShape) -> shapes.Shapes:
    """Shapes of all parameters of a supernet, by name."""
    stem, head = shape.stem, shape.head
    found = shapes.of_stem(stem.width, in_channels=shape.in_channels, kernel=stem.kernel)
    for name, size in shapes.of_block(shape.first, stem.width).items():
        found[f"blocks.0.0.{name}"] = size
    for i, k, layer in shape.layers:
        for choice, block in enumerate(layer.blocks):
            for name, size in shapes.of_block(block, layer.in_width).items():
                found[f"blocks.{i}.{k}.choice_{choice}.{name}"] = size
    width = shape.stages[-1][-1].width
    assert head.width is not None
    return found | shapes.of_head(head.width, in_width=width, num_classes=shape.num_classes)


def _choices(shape: ChoiceShape, architecture: Architecture) -> dict[tuple[int, int], int]:
    """Which choice runs at every stage and position."""
    for field in ("in_channels", "num_classes"):
        held, asked = getattr(shape, field), getattr(architecture, field)
        if held != asked:
            raise ValueError(f"{field}: the supernet has {held}, the architecture {asked}")
    choices = shape.choices_of(architecture)
    if architecture.stages[0].blocks[0] != shape.first:
        raise ValueError("stages[0].blocks[0]: the supernet holds no such block")
    return {(i, k): choice for (i, k, _), choice in zip(shape.layers, choices, strict=True)}
