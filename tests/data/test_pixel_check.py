"""A file that was found sound is not read again while it is what it was."""

from __future__ import annotations

import os
import time
from pathlib import Path

import numpy as np
import pytest
import torch

from escalade.data.cache import pixel_check
from escalade.data.cache.pixel_check import SOUND, DamagedSet, check_pixels
from escalade.data.splits.split import row_digests

IMAGES = torch.arange(48, dtype=torch.uint8).view(4, 3, 2, 2)
DIGESTS = row_digests(IMAGES)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    (tmp_path / "set").mkdir()
    path = tmp_path / "set/images.bin"
    path.write_bytes(IMAGES.numpy().tobytes())
    return path


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The images that are read, each time that the file is."""
    found: list[int] = []
    pread = os.pread

    def counted(file: int, num: int, start: int) -> bytes:
        found.append(num // 12)
        return pread(file, num, start)

    monkeypatch.setattr(os, "pread", counted)
    return found


def check(path: Path, *, seal: str = "seal") -> None:
    check_pixels(path, DIGESTS, num_bytes=12, seal=seal)


def days_later(monkeypatch: pytest.MonkeyPatch) -> None:
    later = time.time_ns() + 10**14
    monkeypatch.setattr(pixel_check.time, "time_ns", lambda: later)


def test_what_was_sound_is_read_once(
    file: Path, reads: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    days_later(monkeypatch)
    check(file)
    check(file)
    assert reads == [4]
    check(file, seal="other")  # it was compared with other digests
    assert reads == [4, 4]


def test_what_has_just_been_written_could_change_unseen(file: Path, reads: list[int]) -> None:
    check(file)
    check(file)
    assert reads == [4, 4]
    assert not file.with_name(SOUND).exists()


def test_a_file_that_was_changed_is_read_and_damage_found(
    file: Path, reads: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    days_later(monkeypatch)
    check(file)
    before = file.stat()
    content = bytearray(file.read_bytes())
    content[20] ^= 1
    time.sleep(0.02)
    file.write_bytes(content)
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
    with pytest.raises(DamagedSet, match=r"1 of 4 images in images\.bin are not what"):
        check(file)
    assert reads == [4, 4]


@pytest.mark.parametrize("text", ["", "{}", "[1]", '{"seal": "seal", "stamp": [1, 2]}'])
def test_a_note_that_says_nothing_is_none(
    file: Path, reads: list[int], monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    days_later(monkeypatch)
    file.with_name(SOUND).write_text(text)
    check(file)
    check(file)
    assert reads == [4]


def test_a_file_that_is_shorter(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-1])
    with pytest.raises(DamagedSet, match="has 47 of 48 bytes"):
        check(file)
    assert np.array_equal(row_digests(IMAGES), DIGESTS)
