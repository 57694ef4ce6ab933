"""A run and its images are one: what a folder of images may become, and what is then refused."""

import shutil

import numpy as np
import pytest
from PIL import Image

from escalade.api.beginning.same_images import check_same_classes, check_same_images, keep_images
from escalade.artefacts import image_list
from escalade.artefacts.image_list import split_digests
from escalade.core.values.invalid import Invalid
from escalade.data import load


@pytest.fixture
def folder(tmp_path):
    """Three classes of twelve images."""
    rng = np.random.default_rng(0)
    for name in ("apple", "pear", "plum"):
        (tmp_path / "fruit" / name).mkdir(parents=True)
        for i in range(12):
            pixels = rng.integers(0, 256, (9, 9, 3)).astype(np.uint8)
            Image.fromarray(pixels).save(tmp_path / "fruit" / name / f"{i:02}.png")
    return tmp_path / "fruit"


@pytest.fixture
def begun(folder, tmp_path):
    """Loads the images again and compares them with what there was; both ways of knowing."""
    listed = tmp_path / image_list.FILE
    before = loaded(folder, tmp_path)
    keep_images(before, listed)

    def check(now=None, *, is_trained=True):
        data = loaded(now or folder, tmp_path)
        for began in (before.digests, None):
            check_same_images(
                data, began=began, listed=listed, where=tmp_path / "run", is_trained=is_trained
            )

    return check


def loaded(folder, tmp_path, **options):
    return load(folder, cache_dir=tmp_path / "cache", **({"side": 9} | options))


def refused(check, *words):
    with pytest.raises(Invalid) as caught:
        check()
    message = str(caught.value)
    assert "its images are not those that it began with" in message
    assert message.count("\n") == 1
    for word in words:
        assert word in message
    return message


def test_the_list_gives_the_digests_of_the_splits(folder, tmp_path):
    (folder / "pear/03.png").write_bytes(b"no image")
    for options in ({}, {"limit": 9}):
        data = loaded(folder, tmp_path, **options)
        assert split_digests(data.entries()) == data.digests
        assert len(list(data.entries())) == 36
    kinds = [each.split for each in data.entries()]
    assert [kinds.count(name) for name in ("train", "search", "test")] == [
        len(data.train), len(data.search), len(data.test)
    ]  # fmt: skip


def test_named_sets_have_a_list_too(tmp_path):
    data = load("demo", cache_dir=tmp_path, limit=60)
    entries = list(data.entries())
    assert split_digests(entries) == data.digests
    assert len(entries) == 180
    assert entries[0].image.startswith("demo[")
    assert entries[0].class_name in data.classes


def test_the_same_images_go_on(begun):
    begun()


def test_touched_files_and_another_place_go_on(begun, folder, tmp_path):
    for path in folder.rglob("*.png"):
        path.touch()
    begun()
    shutil.copytree(folder, tmp_path / "elsewhere", copy_function=shutil.copy)
    begun(tmp_path / "elsewhere")
    (tmp_path / "linked").symlink_to(folder)
    begun(tmp_path / "linked")


def test_the_same_pixels_in_another_file_go_on(begun, folder):
    path = folder / "plum/05.png"
    Image.open(path).save(path, compress_level=1)
    begun()


def test_a_file_that_is_no_image_goes_on(begun, folder):
    (folder / "plum/notes.txt").write_text("bought in May")
    begun()


def delete(folder):
    (folder / "plum/03.png").unlink()


def add(folder):
    Image.radial_gradient("L").convert("RGB").save(folder / "plum/new.png")


def edit(folder):
    Image.radial_gradient("L").convert("RGB").save(folder / "plum/03.png")


def rename(folder):
    (folder / "plum/03.png").rename(folder / "plum/zz.png")


def reclassify(folder):
    (folder / "plum/03.png").rename(folder / "pear/zz.png")


def damage(folder):
    (folder / "plum/03.png").write_bytes(b"no image")


def swap(folder):
    for old, new in (("03", "x"), ("04", "03"), ("x", "04")):
        (folder / f"plum/{old}.png").rename(folder / f"plum/{new}.png")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (delete, "1 gone ('plum/03.png')"),
        (add, "1 new ('plum/new.png')"),
        (edit, "1 with other pixels ('plum/03.png')"),
        (rename, "1 renamed ('plum/03.png' to 'plum/zz.png')"),
        (reclassify, "1 renamed ('plum/03.png' to 'pear/zz.png')"),
        (damage, "1 unreadable now ('plum/03.png')"),
        (swap, "2 with other pixels ('plum/03.png', 'plum/04.png')"),
    ],
)
def test_what_changed_is_refused_by_name(begun, folder, change, words):
    change(folder)
    message = refused(begun, words, "another run with --out")
    assert message.startswith(str(folder.parent / "run"))


def test_an_image_that_is_put_back_goes_on(begun, folder):
    content = (folder / "plum/03.png").read_bytes()
    delete(folder)
    refused(begun)
    (folder / "plum/03.png").write_bytes(content)
    begun()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"seed": 1}, "divided differently"),
        ({"search_size": 2}, "divided differently"),
        ({"side": 8}, "all 36 decode to other pixels"),
        ({"in_channels": 1}, "all 36 decode to other pixels"),
    ],
)
def test_settings_that_were_edited_are_refused(folder, tmp_path, options, words):
    before = loaded(folder, tmp_path)
    keep_images(before, tmp_path / image_list.FILE)
    now = loaded(folder, tmp_path, **options)
    with pytest.raises(Invalid, match=words):
        check_same_images(
            now, began=before.digests, listed=tmp_path / image_list.FILE, where=tmp_path,
            is_trained=True,
        )  # fmt: skip


@pytest.mark.parametrize("content", [None, b"nothing", b""])
def test_without_the_list_it_is_still_refused(begun, folder, tmp_path, content):
    listed, before = tmp_path / image_list.FILE, loaded(folder, tmp_path)
    listed.unlink()
    if content is not None:
        listed.write_bytes(content)
    delete(folder)
    now = loaded(folder, tmp_path)
    where = {"listed": listed, "where": tmp_path}
    with pytest.raises(Invalid, match=r"\(train, search, test\): nobody knows any more"):
        check_same_images(now, began=before.digests, is_trained=True, **where)
    with pytest.raises(Invalid, match=r"plan\.json and images\.csv are lost or damaged"):
        check_same_images(now, began=None, is_trained=True, **where)
    check_same_images(now, began=None, is_trained=False, **where)


def test_a_list_that_was_edited_names_nothing(begun, folder, tmp_path):
    """What it would name may be anybody's invention."""
    listed, before = tmp_path / image_list.FILE, loaded(folder, tmp_path)
    entries = image_list.read(listed)
    image_list.write(listed, entries[1:])
    delete(folder)
    with pytest.raises(Invalid, match="nobody knows any more"):
        check_same_images(
            loaded(folder, tmp_path), began=before.digests, listed=listed, where=tmp_path,
            is_trained=True,
        )  # fmt: skip


@pytest.mark.parametrize(
    ("before", "words"),
    [
        (("apple", "pear"), "2 classes, now there are 3: 'plum' is new"),
        (("apple", "fig", "pear"), "3 classes, now there are 3: 'fig' is gone, 'plum' is new"),
        (("pear", "apple", "plum"), "3 classes, now there are 3: in another order"),
    ],
)
def test_other_classes_are_named(folder, tmp_path, before, words):
    data = loaded(folder, tmp_path)
    check_same_classes(data.classes, data, where=tmp_path)
    with pytest.raises(Invalid, match=words):
        check_same_classes(before, data, where=tmp_path)
