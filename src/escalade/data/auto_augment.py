"""AutoAugment (Cubuk et al.) on whole batches, with torchvision's policies and operations."""

from __future__ import annotations

from collections import defaultdict
from functools import cache
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torchvision.transforms import v2

from escalade.data.batch_part import BatchPart

POLICIES = tuple(policy.value for policy in v2.AutoAugmentPolicy)
NUM_LEVELS = 10


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
    # Its tables and its one dispatcher have no public names; tests hold what is used of them.
    return v2.AutoAugment(v2.AutoAugmentPolicy(policy))


def _strength(transform: Any, name: str, level: int | None, *, side: int) -> float:
    magnitudes = transform._AUGMENTATION_SPACE[name][0](NUM_LEVELS, side, side)
    return 0.0 if magnitudes is None else float(magnitudes[level])
