"""Weights that come under any names, fitted to a network; channels of images changed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from escalade.core.values.invalid import Invalid
from escalade.nets.channels import for_channels
from escalade.seeds.seed import Seed

Shapes = Mapping[str, torch.Size]
COUNT = "num_batches_tracked"  # of a batch norm, which nothing depends on
REMEDY = "name the architecture that the weights are of"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sizes:
    """What weights were trained for, as far as they tell."""

    channels: int | None
    num_classes: int | None


def sizes_of(state: Mapping[str, Tensor], *, first: str, last: str, ordered: bool) -> Sizes:
    """Channels of the images and classes, by the first and the last layer's weights.

    Args:
        first, last: names of the first convolution and the classifier.
        ordered: whether the state's first and last tensors are theirs, whatever their names.
    """
    names = list(state)
    begin, end = f"{first}.weight", f"{last}.weight"
    if ordered and not {begin, end} & state.keys() and len(names) > 1:
        begin, end = names[0], names[-2]  # its bias comes last
    image, classes = state.get(begin), state.get(end)
    return Sizes(
        channels=image.shape[1] if image is not None and image.dim() == 4 else None,
        num_classes=classes.shape[0] if classes is not None and classes.dim() == 2 else None,
    )


def fitted(state: Mapping[str, Tensor], expected: Shapes, *, ordered: bool) -> dict[str, Tensor]:
    """The tensors of a network among those of a file, in single precision.

    By name; or, where names are others', by their order, if last names (`weight`, `running_mean`)
    and shapes are the same throughout.

    Args:
        expected: of the network, in its order.
        ordered: whether the file keeps the order in which its network has them.

    Raises:
        Invalid: naming the first tensor that does not fit.
    """
    if ordered and not expected.keys() & state.keys():
        state = _by_order(state, expected)
    for name in _values(expected):
        if name not in state:
            raise Invalid(f"{name} is missing", remedy=REMEDY)
        if state[name].shape != expected[name]:
            found, wanted = tuple(state[name].shape), tuple(expected[name])
            raise Invalid(f"{name} is {found}, and {wanted} in the network", remedy=REMEDY)
    for name in _values(state):
        if name not in expected:
            raise Invalid(f"{name} is no part of the network", remedy=REMEDY)
    return {
        name: torch.zeros(shape, dtype=torch.long)
        if name.endswith(COUNT)
        else state[name].detach().float().cpu()
        for name, shape in expected.items()
    }


def _values(names: Iterable[str]) -> list[str]:
    """Names of tensors that logits depend on."""
    return [name for name in names if not name.endswith(COUNT)]


def _by_order(state: Mapping[str, Tensor], expected: Shapes) -> dict[str, Tensor]:
    """Tensors under the names of those that stand where they stand."""
    theirs, ours = _values(state), _values(expected)
    for name, wanted in zip(theirs, ours, strict=False):
        found, shape = tuple(state[name].shape), tuple(expected[wanted])
        if _last(name) != _last(wanted) or found != shape:
            problem = f"{name} {found} stands where the network has {wanted} {shape}"
            raise Invalid(problem, remedy=REMEDY)
    if len(theirs) != len(ours):
        problem = f"{len(theirs)} tensors, and the network has {len(ours)}"
        raise Invalid(problem, remedy=REMEDY)
    return {wanted: state[name] for name, wanted in zip(theirs, ours, strict=True)}


def _last(name: str) -> str:
    return name.rsplit(".", 1)[-1]


def with_channels(seed: Seed, num: int | None) -> Seed:
    """The same seed for images of other channels; its notes say what was done to its weights."""
    before = seed.architecture.in_channels
    if num is None or num == before:
        return seed
    name, images = next(iter(seed.tensors)), seed.images  # the first convolution's weight
    mean, std = (_of_channels(values, num) for values in (images.mean, images.std))
    how = "summed" if num == 1 else "repeated"
    note = f"the weights of the first convolution were {how}: from {before} channels to {num}"
    return replace(
        seed,
        architecture=replace(seed.architecture, in_channels=num),
        tensors=seed.tensors | {name: for_channels(seed.tensors[name], num)},
        images=replace(images, mean=mean, std=std),
        notes=(*seed.notes, note),
    )


def _of_channels(values: tuple[float, ...], num: int) -> tuple[float, ...]:
    """Means or deviations of other channels: their mean for one, in turn for more."""
    if num == 1:
        return (sum(values) / len(values),)
    return tuple(values[i % len(values)] for i in range(num))
