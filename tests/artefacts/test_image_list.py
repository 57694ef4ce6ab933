"""images.csv: what it holds, what damage does, and what changes are called."""

import pytest

from escalade.artefacts import image_list
from escalade.artefacts.image_list import Entry, changes, split_digests
from escalade.core.values.invalid import Invalid


def entry(image, split="train", *, digest=None, label=0):
    """A made-up image; its pixels follow from its name."""
    own = (
        image.encode(errors="surrogateescape").hex()[:32].ljust(32, "0")
        if digest is None
        else digest
    )
    return Entry(split, label, "ab"[label], image, own)


LIST = [
    entry("a/1.png"),
    entry('a/odd, "name"\n2.png', label=0),
    entry("b/\udcff.png", label=1),  # a name that is no UTF-8
    entry("a/3.png", "search"),
    entry("b/4.png", "test", label=1),
    entry("b/5.png", "unreadable", digest="", label=1),
    entry("b/6.png", "unused", digest="", label=1),
]


def test_what_is_written_is_read(tmp_path):
    image_list.write(tmp_path / "images.csv", LIST)
    assert image_list.read(tmp_path / "images.csv") == LIST
    assert (tmp_path / "images.csv").read_bytes().startswith(b"split,label,class_name,image,digest")


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"nothing\n",
        b"split,label,class_name,image,digest\ntrain,0,a\n",
        b"split,label,class_name,image,digest\ntrain,0,a,b,xyz\n",
        b"split,label,class_name,image,digest\ntrain,-1,a,b,\n",
        b"split,label,class_name,image,digest\ntrain,9" + b"9" * 30 + b",a,b,\n",
        b"split,label,class_name,image,digest\ntrain,9" + b"9" * 5000 + b",a,b,\n",
        b'split,label,class_name,image,digest\ntrain,0,a,"b,\n',
        b"split,label,class_name,image,digest\ntrain,0,a," + b"b" * 200_000 + b",\n",
        b"split,label,class_name,image,digest\n\0\n",
    ],
)
def test_what_is_damaged_is_refused(tmp_path, content):
    (tmp_path / "images.csv").write_bytes(content)
    with pytest.raises(Invalid, match=r"images\.csv: damaged"):
        image_list.read(tmp_path / "images.csv")


def test_a_split_is_its_images_their_labels_and_their_order():
    whole = split_digests(LIST)
    assert split_digests([*LIST, entry("b/7.png", "unused", digest="")]) == whole
    others = (
        [LIST[1], LIST[0], *LIST[2:]],
        [LIST[0]._replace(digest="0" * 32), *LIST[1:]],
        [LIST[0]._replace(label=1), *LIST[1:]],
        LIST[1:],
    )
    for other in others:
        found = split_digests(other)
        assert found.train != whole.train
        assert (found.search, found.test) == (whole.search, whole.test)


def as_(image, **values):
    return next(each for each in LIST if each.image == image)._replace(**values)


@pytest.mark.parametrize(
    ("now", "words"),
    [
        (LIST[1:], "1 gone ('a/1.png')"),
        ([*LIST, entry("a/9.png")], "1 new ('a/9.png')"),
        ([*LIST[1:], LIST[0]._replace(image="a/0.png")], "1 renamed ('a/1.png' to 'a/0.png')"),
        ([LIST[0]._replace(digest="1" * 32), *LIST[1:]], "1 with other pixels ('a/1.png')"),
        (
            [as_("a/1.png", split="unreadable", digest=""), *LIST[1:]],
            "1 unreadable now ('a/1.png')",
        ),
        ([*LIST[:5], entry("b/5.png", label=1), LIST[6]], "1 readable now ('b/5.png')"),
        (
            [LIST[3]._replace(split="train"), *LIST],
            "the images are the same, but divided differently",
        ),
        ([], "7 gone ('a/1.png', 'a/3.png', ...)"),
    ],
)
def test_changes_in_words(now, words):
    assert changes(LIST, now).startswith(words)


def test_several_changes_at_once():
    now = [*LIST[1:4], LIST[4]._replace(digest="1" * 32), *LIST[5:], entry("a/9"), entry("a/8")]
    assert changes(LIST, now) == (
        "1 gone ('a/1.png'), 2 new ('a/8', 'a/9'), 1 with other pixels ('b/4.png')"
    )


def test_everything_decoded_in_another_way_is_not_listed():
    now = [each._replace(digest=each.digest and "1" * 32) for each in LIST]
    assert changes(LIST, now).startswith("all 5 decode to other pixels, as with another side")


def test_copies_are_renamed_one_by_one():
    twins = [entry(f"a/{i}.png", digest="7" * 32) for i in range(3)]
    now = [each._replace(image=each.image.replace("a/", "c/")) for each in twins[:2]]
    assert changes(twins, now) == (
        "1 gone ('a/2.png'), 2 renamed ('a/0.png' to 'c/0.png', 'a/1.png' to 'c/1.png')"
    )
