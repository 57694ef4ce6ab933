from __future__ import annotations

import os
from pathlib import Path

import pytest
import torch

from escalade.data.batching.batches import evaluation_batches
from escalade.data.splits.split import Split
from escalade.evaluate.batch_cache import BatchCache

SIDE, NUM = 12, 10


def split(channels: int) -> Split:
    rng = torch.Generator().manual_seed(0)
    size = (NUM, channels, SIDE, SIDE)
    images = torch.randint(0, 256, size, generator=rng, dtype=torch.uint8)
    return Split(images, torch.randint(0, 3, (NUM,), generator=rng))


def cache(channels: int, folder: Path | None, *, max_bytes: int = 1 << 20) -> BatchCache:
    return BatchCache(
        split(channels),
        name="search",
        batch_size=4,
        mean=(0.5,) * channels,
        std=(0.3,) * channels,
        device=torch.device("cpu"),
        folder=folder,
        max_bytes=max_bytes,
    )


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("side", [8, SIDE, 15])
def test_kept_batches_are_those_made_anew(tmp_path: Path, channels: int, side: int) -> None:
    """In value and in memory layout, which may decide the last bit of what is made of them."""
    anew = evaluation_batches(
        split(channels),
        resolution=side,
        mean=(0.5,) * channels,
        std=(0.3,) * channels,
        device=torch.device("cpu"),
        batch_size=4,
    )
    kept, again = (list(cache(channels, tmp_path).at(side)) for _ in range(2))
    for expected, *others in zip(anew, kept, again, strict=True):
        for images, labels in others:
            assert torch.equal(images, expected[0])
            assert images.stride() == expected[0].stride()
            assert torch.equal(labels, expected[1])
    assert [file.name for file in tmp_path.iterdir()] == [f"search-{side}"]


def test_processes_share_one_copy(tmp_path: Path) -> None:
    one, other = (cache(1, tmp_path) for _ in range(2))
    list(one.at(8))
    (file,) = tmp_path.iterdir()
    inode = file.stat().st_ino
    list(other.at(8))
    assert [each.stat().st_ino for each in tmp_path.iterdir()] == [inode]


def test_what_was_used_last_is_kept_within_the_limit(tmp_path: Path) -> None:
    made = cache(1, tmp_path, max_bytes=NUM * (10**2 + 8**2 + 6**2) * 4)
    for number, side in enumerate((9, 8, 10)):
        list(made.at(side))
        os.utime(tmp_path / f"search-{side}", ns=(number, number))
    list(made.at(6))
    assert sorted(file.name for file in tmp_path.iterdir()) == ["search-10", "search-6", "search-8"]
    list(made.at(20))  # too large to be kept at all
    assert not (tmp_path / "search-20").exists()


def test_no_folder_or_no_room_makes_them_anew(tmp_path: Path) -> None:
    expected = list(cache(3, tmp_path).at(8))
    for folder in (None, tmp_path / "gone"):
        for ours, theirs in zip(cache(3, folder).at(8), expected, strict=True):
            assert torch.equal(ours[0], theirs[0])
