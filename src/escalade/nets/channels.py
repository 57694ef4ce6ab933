"""Weights made ready for other data: for images of other channels, and for other classes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import torch
from torch import Tensor

from escalade.core.network.architecture import Architecture
from escalade.nets.build import end_layers


def for_channels(weight: Tensor, num: int) -> Tensor:
    """The weights, (width, channels, k, k), for so many channels.

    For one channel they are summed: a grey image gives the response that it gives as three equal
    channels. For others they are repeated in turn, and divided by how many more there are.
    """
    before = weight.shape[1]
    if num == 1:
        return weight.sum(1, keepdim=True)
    return weight[:, torch.arange(num) % before] * before / num


def adapt(
    state: Mapping[str, Tensor], of: Architecture, *, num_classes: int, in_channels: int
) -> tuple[dict[str, Tensor], Architecture]:
    """Weights of `of` for a data set with these classes and channels, and what they are then of.

    If the number of classes differs, the classifier is left out, to be trained anew; equal
    numbers keep it. If the channels differ, the first convolution's weights are summed or repeated
    (`for_channels`), so that a grey image gives the same response in either form.

    Args:
        state: in timm's names.
        of: the architecture the weights are of.
    """
    made, names = dict(state), end_layers(of)
    if num_classes != of.num_classes:
        for kind in ("weight", "bias"):
            made.pop(f"{names['classifier']}.{kind}", None)
    if in_channels != of.in_channels:
        stem = f"{names['first_conv']}.weight"
        made[stem] = for_channels(made[stem], in_channels)
    return made, replace(of, num_classes=num_classes, in_channels=in_channels)
