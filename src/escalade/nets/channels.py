"""Weights of a first convolution for images of other channels."""

from __future__ import annotations

import torch
from torch import Tensor


def for_channels(weight: Tensor, num: int) -> Tensor:
    """The weights, (width, channels, k, k), for so many channels.

    For one channel they are summed: a grey image gives the response that it gives as three equal
    channels. For others they are repeated in turn, and divided by how many more there are.
    """
    before = weight.shape[1]
    if num == 1:
        return weight.sum(1, keepdim=True)
    return weight[:, torch.arange(num) % before] * before / num
