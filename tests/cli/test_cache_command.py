"""`escalade cache`: what it lists, and what it takes away."""

from __future__ import annotations

import json

import pytest
from PIL import Image

from escalade.data import load


@pytest.fixture
def sets(tmp_path):
    """Two decoded sets and a download in the commands' cache."""
    for name in ("cats", "dogs"):
        for label in "ab":
            (tmp_path / name / label).mkdir(parents=True)
            for i in range(4):
                image = Image.new("L", (8, 8), 9 * i + ord(label))
                image.putpixel((0, 0), ord(name[0]))
                image.save(tmp_path / name / label / f"{name}{i}.bmp")
    for name in ("cats", "dogs"):
        load(tmp_path / name, cache_dir=tmp_path / "cache", side=8)
    (tmp_path / "cache/torchvision").mkdir()
    (tmp_path / "cache/torchvision/archive.tar").write_bytes(bytes(5000))
    return tmp_path / "cache"


def test_listing(escalade, sets):
    ended = escalade("cache")
    assert (ended.code, ended.out) == (0, "")
    header, *rows, total, downloads = ended.err.splitlines()
    assert header.split() == ["entry", "data", "images", "side", "size", "used"]
    assert sorted(row.split()[1] for row in rows) == ["cats", "dogs"]
    assert all(row.split()[2:4] == ["8", "8"] and row.endswith("today") for row in rows)
    assert total.startswith(f"{sets}: ")
    assert "of at most 100GB (ESCALADE_CACHE_SIZE)" in total
    assert downloads == f"{sets / 'torchvision'}: 5kB of downloads, which stay"


def test_listing_as_json(escalade, sets):
    ended = escalade("cache", "--format", "json")
    assert (ended.code, ended.err) == (0, "")
    found = json.loads(ended.out)
    assert (found["folder"], found["bound"], found["downloads"]) == (str(sets), 100e9, 5000)
    assert {each["data"] for each in found["sets"]} == {"cats", "dogs"}
    for each in found["sets"]:
        files = (sets / "decoded" / each["entry"]).iterdir()
        assert each["num_bytes"] == sum(path.stat().st_size for path in files)


def test_clearing(escalade, sets):
    ended = escalade("cache", "--clear", "cats")
    assert ended.code == 0
    assert ended.err.startswith("removed cats, ")
    assert [path.name for path in (sets / "decoded").glob("*-v*/images.bin")] == ["images.bin"]
    unknown = escalade("cache", "--clear", "cats")
    assert unknown.code == 2
    assert unknown.err.startswith(f"escalade: 'cats' is not in {sets}; ")
    assert escalade("cache", "--clear", "all").code == 0
    assert list((sets / "decoded").glob("*-v*")) == []
    assert (sets / "torchvision/archive.tar").exists()


def test_nothing_is_there(escalade, tmp_path):
    ended = escalade("cache")
    assert (ended.code, len(ended.err.splitlines())) == (0, 1)
    assert escalade("cache", "--clear", "all").code == 0
    assert not (tmp_path / "cache").exists()
