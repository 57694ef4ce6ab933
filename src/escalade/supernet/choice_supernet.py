"""The supernet of a choice space: every choice of every layer has weights of its own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

from escalade.core.network.architecture import Architecture
from escalade.core.space.shape import ChoiceShape
from escalade.supernet import shapes
from escalade.supernet.shared_weights import SharedWeights


class ChoiceSupernet(SharedWeights):
    """The weight-sharing network of SCARLET: paths share a choice, never a part of one.

    The weights of choice c of layer k in stage i are under `blocks.i.k.choice_c.`, those of the
    stem, the first block and the head under timm's names.
    """

    def __init__(self, shape: ChoiceShape) -> None:
        super().__init__(_held(shape))
        self.shape = shape

    def _keys(self, architecture: Architecture) -> Callable[[str], str]:
        return partial(_key, choices=_choices(self.shape, architecture))


def _held(shape: ChoiceShape) -> shapes.Weights:
    found = shapes.of_stem(shape.stem, in_channels=shape.in_channels)
    for name, weight in shapes.of_block(shape.first, shape.stem.width).items():
        found[f"blocks.0.0.{name}"] = weight
    for i, k, layer in shape.layers:
        for choice, block in enumerate(layer.blocks):
            for name, weight in shapes.of_block(block, layer.in_width).items():
                found[f"blocks.{i}.{k}.choice_{choice}.{name}"] = weight
    return found | shapes.of_head(
        shape.head,
        in_width=shape.stages[-1][-1].width,
        num_classes=shape.num_classes,
        num_stages=1 + len(shape.stages),
    )


def _key(name: str, choices: Mapping[tuple[int, int], int]) -> str:
    """Where the supernet holds a parameter of a network."""
    blocks, *at = name.split(".", 3)
    choice = choices.get((int(at[0]), int(at[1]))) if blocks == "blocks" else None
    return name if choice is None else f"blocks.{at[0]}.{at[1]}.choice_{choice}.{at[2]}"


def _choices(shape: ChoiceShape, architecture: Architecture) -> dict[tuple[int, int], int]:
    """Which choice runs at every stage and position."""
    for field in ("in_channels", "num_classes"):
        held, asked = getattr(shape, field), getattr(architecture, field)
        if held != asked:
            raise ValueError(f"{field}: the supernet has {held}, the architecture {asked}")
    choices = shape.choices_of(architecture)
    for where, held, asked in (
        ("stem", shape.stem, architecture.stem),
        ("stages[0].blocks[0]", shape.first, architecture.stages[0].blocks[0]),
        ("head", shape.head, architecture.head),
    ):
        if held != asked:
            raise ValueError(f"{where}: the supernet has another, the same in every path")
    return {(i, k): choice for (i, k, _), choice in zip(shape.layers, choices, strict=True)}
