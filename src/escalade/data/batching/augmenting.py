"""Crops, flips and AutoAugment on whole batches of bytes, or on the part that one rank makes."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

# Share of the area and aspect ratio of a random resized crop (timm's and torchvision's ratio).
CROP_SCALE = (0.35, 1.0)
CROP_RATIO = (3 / 4, 4 / 3)
Numbers = NDArray[np.int64]
POLICIES = ("imagenet", "cifar10", "svhn")
NUM_LEVELS = 10


@dataclass(frozen=True, slots=True)
class BatchPart:
    """Some images of a batch; what is random is drawn for all of them, whoever makes which.

    Attributes:
        start, stop: of the images.
        size: of the whole batch.
    """

    start: int
    stop: int
    size: int

    @classmethod
    def whole(cls, size: int) -> BatchPart:
        """All of a batch."""
        return cls(0, size, size)

    def __len__(self) -> int:
        return self.stop - self.start

    @property
    def rows(self) -> slice:
        """Where they are in the batch."""
        return slice(self.start, self.stop)


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
    size, centre = size[part.rows], centre[part.rows]
    if flip:
        size[:, 0] *= np.where(_mirrored(part, rng)[:, 0], -1, 1)
    scale, shift = (
        torch.from_numpy(each).to(images.device, torch.float32) for each in (size, centre)
    )
    grid = _upright_grid(scale, shift, side=images.shape[-1])
    sampled = F.grid_sample(images.float(), grid, padding_mode="border", align_corners=False)
    return sampled.round_().to(torch.int32).to(torch.uint8)  # straight takes four times as long


def _upright_grid(scale: Tensor, shift: Tensor, *, side: int) -> Tensor:
    """Where boxes' pixels lie, (N, side, side, 2); scale and shift are (N, 2), x then y.

    To the bit what `F.affine_grid` gives of boxes that are not turned, in an eighth of its time.
    """
    centres = torch.linspace(-1, 1, side, device=scale.device) * (side - 1) / side
    places = scale[:, :, None] * centres + shift[:, :, None]
    grid = places.new_empty(len(scale), side, side, 2)
    grid[..., 0] = places[:, 0, None, :]
    grid[..., 1] = places[:, 1, :, None]
    return grid


def _mirrored(part: BatchPart, rng: np.random.Generator) -> NDArray[np.bool_]:
    return rng.random((part.size, 1))[part.rows] < 0.5


def auto_augment(
    images: Tensor, *, policy: str, rng: np.random.Generator, part: BatchPart | None = None
) -> Tensor:
    """Do to each image the two operations of a pair that is drawn for it alone.

    Images that meet the same operation at the same strength go through torchvision together, so
    a batch takes some tens of calls instead of some hundreds. Empty corners are black, as after
    a padded crop. Grey images have no colour to change: that operation leaves them alone.

    Args:
        images: uint8 (B, C, S, S), with one or three channels.
        policy: one of `POLICIES`.
        rng: draws pairs, whether each operation is done, and signs.
        part: of a batch that these images are; None is a batch of them.

    Returns:
        uint8 (B, C, S, S).
    """
    transform, part = _transform(policy), part or BatchPart.whole(len(images))
    pairs = transform._policies
    drawn = rng.integers(len(pairs), size=part.size)[part.rows]
    chances = rng.random((part.size, 2))[part.rows]
    is_negative = (rng.random((part.size, 2)) < 0.5)[part.rows]
    images = images.clone()
    for place in range(2):
        groups: dict[tuple[str, float], list[int]] = defaultdict(list)
        for row in range(len(part)):
            name, probability, level = pairs[drawn[row]][place]
            if chances[row, place] < probability:
                strength = _strength(transform, name, level, side=images.shape[-1])
                is_signed = transform._AUGMENTATION_SPACE[name][1]
                sign = -1.0 if is_signed and is_negative[row, place] else 1.0
                groups[name, sign * strength].append(row)
        for (name, strength), rows in groups.items():
            index = torch.tensor(rows, device=images.device)
            images[index] = transform._apply_image_or_video_transform(
                images[index],
                name,
                strength,
                interpolation=transform.interpolation,
                fill=transform._fill,
            )
    return images


@cache
def _transform(policy: str) -> Any:
    from torchvision.transforms import v2  # which takes seconds to load

    # Its tables and its one dispatcher have no public names; tests hold what is used of them.
    return v2.AutoAugment(v2.AutoAugmentPolicy(policy))


def _strength(transform: Any, name: str, level: int | None, *, side: int) -> float:
    magnitudes = transform._AUGMENTATION_SPACE[name][0](NUM_LEVELS, side, side)
    return 0.0 if magnitudes is None else float(magnitudes[level])
