"""Crops and flips of whole batches of bytes; no loop over images."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from escalade.data.batch_part import BatchPart

# Share of the area and aspect ratio of a random resized crop (timm's and torchvision's ratio).
CROP_SCALE = (0.35, 1.0)
CROP_RATIO = (3 / 4, 4 / 3)

Numbers = NDArray[np.int64]


def padded_crop(
    images: Tensor,
    *,
    padding: int,
    flip: bool,
    rng: np.random.Generator,
    part: BatchPart | None = None,
) -> Tensor:
    """Pad with zeros, crop each image back to its side at a random place, mirror half of them.

    Args:
        images: uint8 (B, C, S, S).
        padding: pixels on each side.
        flip: whether to mirror.
        rng: decides places and mirrors.
        part: of a batch that these images are; None is a batch of them.

    Returns:
        uint8 (B, C, S, S).
    """
    num, num_channels, side, _ = images.shape
    part = part or BatchPart.whole(num)
    wide = side + 2 * padding
    offsets = rng.integers(0, 2 * padding + 1, (2, part.size, 1))[:, part.rows]
    columns = np.arange(side)[None]
    if flip:
        columns = np.where(_mirrored(part, rng), side - 1 - columns, columns)
    places = (offsets[0] + np.arange(side))[:, :, None] * wide + (offsets[1] + columns)[:, None]
    index = torch.from_numpy(places.reshape(num, 1, -1)).to(images.device)
    padded = F.pad(images, (padding,) * 4).flatten(2)
    return padded.gather(2, index.expand(-1, num_channels, -1)).view(images.shape)


def resized_crop(
    images: Tensor, *, flip: bool, rng: np.random.Generator, part: BatchPart | None = None
) -> Tensor:
    """Crop each image to a random box and resize it back (bilinear), mirror half of them.

    A box is never larger than the image, so no antialias is needed.

    Args:
        images: uint8 (B, C, S, S).
        flip: whether to mirror.
        rng: decides boxes and mirrors.
        part: of a batch that these images are; None is a batch of them.

    Returns:
        uint8 (B, C, S, S).
    """
    part = part or BatchPart.whole(len(images))
    num = part.size
    area = rng.uniform(*CROP_SCALE, (num, 1))
    ratio = np.exp(rng.uniform(np.log(CROP_RATIO[0]), np.log(CROP_RATIO[1]), (num, 1)))
    size = np.concatenate([np.sqrt(area * ratio), np.sqrt(area / ratio)], 1).clip(max=1)
    centre = (1 - size) * rng.uniform(-1, 1, (num, 2))  # in -1..1 image coordinates, x then y
    theta = np.zeros((len(part), 2, 3))
    theta[:, [0, 1], [0, 1]] = size[part.rows]
    theta[:, :, 2] = centre[part.rows]
    if flip:
        theta[:, 0, 0] *= np.where(_mirrored(part, rng)[:, 0], -1, 1)
    boxes = torch.from_numpy(theta).to(images.device, torch.float32)
    grid = F.affine_grid(boxes, list(images.shape), align_corners=False)
    sampled = F.grid_sample(images.float(), grid, padding_mode="border", align_corners=False)
    return sampled.round_().to(torch.uint8)


def _mirrored(part: BatchPart, rng: np.random.Generator) -> NDArray[np.bool_]:
    return rng.random((part.size, 1))[part.rows] < 0.5
