from __future__ import annotations

import os
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

from escalade.data.cache import kept_looks
from escalade.data.cache.kept_looks import forget, kept


@dataclass(frozen=True)
class Look:
    """Something measured."""

    seconds: float


def look(folder: Path, key: str = "key", *, seconds: float = 1.0) -> tuple[float, bool]:
    """What comes back, and whether it is new."""
    value, age = kept(Look, folder, [key, 1], lambda: Look(seconds))
    return value.seconds, age == 0


def test_the_same_is_measured_once(tmp_path: Path) -> None:
    assert look(tmp_path) == (1.0, True)
    assert look(tmp_path, seconds=2.0) == (1.0, False)
    assert look(tmp_path, "other", seconds=2.0) == (2.0, True)
    forget(tmp_path)
    assert look(tmp_path, seconds=3.0) == (3.0, True)


@pytest.mark.parametrize("age", [kept_looks.MOST_SECONDS + 60, -3600])
def test_old_measurements_and_those_of_a_clock_put_back_do_not_count(
    tmp_path: Path, age: float
) -> None:
    look(tmp_path)
    (file,) = (tmp_path / kept_looks.FOLDER).iterdir()
    os.utime(file, (time.time() - age,) * 2)
    assert look(tmp_path, seconds=2.0) == (2.0, True)


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"seconds": "x"}'])
def test_a_damaged_file_is_as_none(tmp_path: Path, content: bytes) -> None:
    look(tmp_path)
    (file,) = (tmp_path / kept_looks.FOLDER).iterdir()
    file.write_bytes(content)
    assert look(tmp_path, seconds=2.0) == (2.0, True)
    assert look(tmp_path, seconds=3.0) == (2.0, False)


def test_where_nothing_can_be_written_it_is_measured(tmp_path: Path) -> None:
    (tmp_path / kept_looks.FOLDER).touch()
    assert look(tmp_path) == (1.0, True)
    assert look(tmp_path, seconds=2.0) == (2.0, True)


def test_the_number_of_files_has_a_bound(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept_looks, "MOST_FILES", 3)
    for number in range(5):
        look(tmp_path, str(number), seconds=number)
        for file in (tmp_path / kept_looks.FOLDER).iterdir():
            os.utime(file, (file.stat().st_mtime - 100,) * 2)
    assert len(list((tmp_path / kept_looks.FOLDER).iterdir())) == 3
    assert [look(tmp_path, str(number), seconds=9)[1] for number in (4, 3, 2)] == [False] * 3
