"""Images that a network learned from before: taken out, counted, or said to be unknown."""

from __future__ import annotations

import shutil
from dataclasses import replace

import numpy as np
import pytest

from escalade.artefacts import image_list
from escalade.artefacts.image_list import DUPLICATE
from escalade.artefacts.run_folder import RunFolder
from escalade.core.network.architecture import Architecture
from escalade.core.network.block import Block, Head, Stage, Stem
from escalade.data import load
from escalade.data.seen_before import Learned, without_seen
from escalade.data.splits.split import row_digests
from escalade.family.packaging import package
from escalade.family.packaging.package import Package
from escalade.family.packaging.preprocessing import Preprocessing
from escalade.nets.build import build
from escalade.planning.learned_images import (
    NO_LIST,
    images_learned,
    learned_by_member,
)

NETWORK = Architecture(
    name="little", resolution=8, in_channels=3, num_classes=2, stem=Stem(width=8),
    stages=(Stage(blocks=(Block(kind="dsconv", expansion=1.0, width=8),)),), head=Head(width=8),
)  # fmt: skip


def load_here(folder, tmp_path, **options):
    return load(folder, **({"cache_dir": tmp_path / "cache", "side": 8} | options))


@pytest.fixture
def member(make_folder, tmp_path):
    """The folder of a run's member, trained on one folder of images."""
    data = load_here(make_folder({"a": 40, "b": 40}, root="old"), tmp_path)
    run = RunFolder(tmp_path / "run")
    image_list.write(run.images, data.entries())
    steps = Preprocessing(in_channels=3, side=8, resolution=8, mean=data.mean, std=data.std)
    packed = Package(architecture=NETWORK, classes=data.classes, preprocessing=steps)
    package.write(run.family / "S0", package=packed, state=build(NETWORK).state_dict())
    return run.family / "S0"


def splits_of(run):
    return {e.image: e.split for e in image_list.read(run / "images.csv")}


@pytest.fixture
def others(make_folder, member, tmp_path):
    """New images, and among those to test on some that the member's run had."""
    root = make_folder({"train/a": 20, "train/b": 20, "val/a": 9, "val/b": 9}, root="new")
    for name in splits_of(member.parents[1]):
        shutil.copy(tmp_path / "old" / name, root / "val" / name.replace("/", "/old-"))
    return root


def test_what_a_member_learned_from_is_taken_out_of_the_test_split(member, others, tmp_path):
    data = without_seen(load_here(others, tmp_path), learned_by_member(member), policy="drop")
    splits = splits_of(member.parents[1])
    num = sum(split in ("train", "search") for split in splits.values())
    assert (data.seen.by, data.seen.test, data.seen.search, data.seen.unknown) == ("S0", num, 0, "")
    # Those that it was tested on itself had no part in it.
    assert len(data.test) == 18 + 80 - num
    left = {e.image for e in data.entries() if e.split == "test"}
    old = {name.replace("/", "/old-") for name, split in splits.items() if split == "test"}
    assert {name.removeprefix("val/") for name in left if "old-" in name} == old
    double = [e for e in data.entries() if e.split == DUPLICATE]
    assert len(double) == num
    # Images, list and digests agree.
    assert image_list.split_digests(data.entries()) == data.digests
    shown = row_digests(data.test.images)
    assert np.array_equal(shown, data.listed.digests[data.listed.splits["test"]])
    told = f"{num} test images are among those that S0 learned from: taken out"
    assert data.seen.describe() == told


def test_they_are_kept_or_refused_as_duplicates_are(member, others, tmp_path):
    data, learned = load_here(others, tmp_path), learned_by_member(member)
    kept = without_seen(data, learned, policy="keep")
    assert (len(kept.test), kept.seen.kept) == (98, True)
    assert kept.digests == data.digests
    with pytest.raises(ValueError, match=r"duplicates: .* are among those that S0 learned from"):
        without_seen(data, learned, policy="refuse")
    only_old = load_here(tmp_path / "old", tmp_path, seed=1)
    seen = {e.digest for e in only_old.entries()}
    with pytest.raises(ValueError, match="the class 'a' has no search image that S0 had not"):
        without_seen(only_old, replace(learned, train=frozenset(seen)), policy="drop")


def test_the_same_split_loses_nothing(member, tmp_path):
    same = load_here(tmp_path / "old", tmp_path)
    data = without_seen(same, learned_by_member(member), policy="drop")
    assert (data.digests, data.seen.test, data.seen.describe()) == (same.digests, 0, "")


def test_what_cannot_be_compared_is_said(member, others, tmp_path):
    data = load_here(others, tmp_path)
    learned = learned_by_member(member)
    other = without_seen(load_here(others, tmp_path, side=9), learned, policy="drop")
    assert "decoded at 8 pixels and 3 channels, these at 9 and 3" in other.seen.unknown
    assert without_seen(data, Learned(by="x", unknown=NO_LIST), policy="drop").seen.describe() == (
        f"whether x learned from images of the test split is not known: {NO_LIST}"
    )
    listed = member.parents[1] / "images.csv"
    listed.write_bytes(listed.read_bytes()[:-9])
    assert images_learned(str(member)) is None
    listed.unlink()
    assert learned_by_member(member) == Learned(by="S0", unknown=NO_LIST)
    assert images_learned("efficientnet_b0") is None


def test_dropped_duplicates_are_called_so_in_the_list(make_folder, tmp_path):
    root = make_folder({"train/a": 30, "train/b": 30, "val/a": 9, "val/b": 9})
    shutil.copy(root / "train/a/000.png", root / "val/b/copy.png")
    whole = {e.image: e.split for e in load_here(root, tmp_path).entries()}
    assert [name for name, split in whole.items() if split == DUPLICATE] == ["val/b/copy.png"]
