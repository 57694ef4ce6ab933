"""Folders that Escalade made are never read as classes, wherever they lie."""

import pytest
from PIL import Image

from escalade.artefacts.owning import mark
from escalade.data import load
from escalade.data.listing.listing import list_images


def run_in(folder):
    """A run's folder as it may lie there."""
    (folder / "family/S0").mkdir(parents=True)
    (folder / "config.yaml").write_text("data: .\n")
    mark(folder)
    return folder


def classes(folder, **options):
    return list_images(folder, **options).classes


def test_runs_in_the_folder_of_images(make_folder):
    folder = make_folder({"cat": 4, "dog": 4})
    run_in(folder / "result")
    run_in(folder / "runs/images")
    run_in(folder / "runs/deeper/images-2")
    (folder / "runs/log.txt").write_text("what the run said")
    (folder / "runs/empty").mkdir()
    said = []
    assert classes(folder, say=said.append) == ("cat", "dog")
    assert [line.split()[1] for line in said] == [str(folder / "result"), str(folder / "runs")]


def test_runs_beside_classes_of_a_split_and_beside_splits(make_folder):
    layout = {f"{part}/{name}": 4 for part in ("train", "val") for name in ("cat", "dog")}
    folder = make_folder(layout)
    run_in(folder / "runs/images")
    run_in(folder / "train/runs/images")
    run_in(folder / "val/mine")
    found = list_images(folder)
    assert found.classes == ("cat", "dog")
    assert len(found.paths) == 16


def test_a_class_may_be_called_runs_and_hold_one(make_folder):
    folder = make_folder({"runs": 4, "walks": 4})
    run_in(folder / "runs/images")
    Image.new("L", (4, 4)).save(folder / "runs/images/report.png")
    found = list_images(folder)
    assert found.classes == ("runs", "walks")
    assert len(found.paths) == 8


def test_an_empty_class_is_still_refused(make_folder):
    folder = make_folder({"cat": 4, "dog": 4, "zebra": 0})
    with pytest.raises(ValueError, match="zebra holds no images"):
        list_images(folder)


def test_a_runs_folder_holds_no_images(make_folder):
    folder = make_folder({"cat": 4, "dog": 4})
    run_in(folder)
    with pytest.raises(ValueError, match="is a folder that Escalade made"):
        list_images(folder)


def test_the_cache_may_lie_in_the_folder_of_images(make_folder):
    folder = make_folder({"cat": 4, "dog": 4})
    for cache in (folder, folder / "cache"):
        first = load(folder, cache_dir=cache, side=8)
        assert load(folder, cache_dir=cache, side=8).digests == first.digests
