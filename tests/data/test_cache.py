"""The decode cache: what its key is, what is verified, written whole, bounded and cleared."""

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from escalade.data import load
from escalade.data.cache import (
    cache,
    cache_room,
    decoded_set,
    file_digests,
    partial_set,
    set_making,
)
from escalade.data.cache.cache_lock import locked
from escalade.data.cache.cache_room import cached_sets, clear
from escalade.data.decoding import decoding
from escalade.data.decoding import source as sources

EPOCH = (0, 0)  # times as in archives that are made reproducibly


@pytest.fixture
def said():
    return []


@pytest.fixture
def decode(tmp_path, said):
    """Loads a folder with a cache of its own, counting decoded images."""

    def here(folder, **options):
        return load(
            folder, **({"cache_dir": tmp_path / "cache", "side": 8, "say": said.append} | options)
        )

    return here


@pytest.fixture
def calls(monkeypatch):
    found = []

    def counted(image, **options):
        found.append(1)
        return decoding.to_square(image, **options)

    monkeypatch.setattr(sources, "to_square", counted)
    return found


def uncompressed(folder: Path, value: int) -> None:
    """Two classes of BMP files, all of one size."""
    for label, name in enumerate("ab"):
        (folder / name).mkdir(parents=True)
        for i in range(5):
            picture(value + 100 * label + i).save(folder / name / f"{i}.bmp")


def picture(value: int) -> Image.Image:
    """A grey one with a dark corner: those of one colour are left out."""
    image = Image.new("L", (8, 8), value)
    image.putpixel((0, 0), 0)
    return image


def set_times(folder: Path, times: tuple[int, int] = EPOCH) -> None:
    for path in folder.rglob("*"):
        os.utime(path, ns=times)


def only_set(tmp_path: Path) -> Path:
    (found,) = cached_sets(tmp_path / "cache")
    return found.folder


# The key


def test_folders_with_the_same_names_sizes_and_times_share_nothing(decode, tmp_path):
    for name, value in (("one", 10), ("two", 60)):
        uncompressed(tmp_path / name / "photos", value)
        set_times(tmp_path / name / "photos")
    first, second = (decode(tmp_path / name / "photos") for name in ("one", "two"))
    assert first.train.images.max() < 160 <= second.train.images.max()
    assert first.train_digest != second.train_digest


def test_an_edit_that_keeps_size_and_time_is_seen(decode, tmp_path, monkeypatch):
    monkeypatch.setattr(file_digests, "_TICKS", 0)  # so that looks are remembered at once
    uncompressed(tmp_path / "photos", 10)
    set_times(tmp_path / "photos")
    decode(tmp_path / "photos")
    time.sleep(0.05)  # longer than a tick of the file system's clock
    path = tmp_path / "photos/a/0.bmp"
    before = path.stat()
    with path.open("r+b") as file:
        file.seek(-64, os.SEEK_END)
        file.write(bytes([9] + [255] * 63))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert (path.stat().st_size, path.stat().st_mtime_ns) == (before.st_size, before.st_mtime_ns)
    data = decode(tmp_path / "photos")
    parts = (data.train, data.search, data.test)
    assert max(int(part.images.max()) for part in parts) == 255


def test_a_copy_and_a_touch_are_the_same_images(decode, tmp_path, calls):
    uncompressed(tmp_path / "photos", 10)
    first = decode(tmp_path / "photos")
    set_times(tmp_path / "photos", (10**18, 10**18))
    shutil.copytree(tmp_path / "photos", tmp_path / "moved", copy_function=shutil.copy)
    for name in ("photos", "moved"):
        assert decode(tmp_path / name).digests == first.digests
    assert len(calls) == 10


def test_files_that_did_not_change_are_not_read_again(decode, tmp_path, monkeypatch):
    read = []
    digest = file_digests._digest
    monkeypatch.setattr(file_digests, "_digest", lambda path: read.append(path) or digest(path))
    uncompressed(tmp_path / "photos", 10)
    decode(tmp_path / "photos")
    decode(tmp_path / "photos")
    assert len(read) == 20  # they are as young as the clock is coarse
    monkeypatch.setattr(file_digests, "_TICKS", 0)
    decode(tmp_path / "photos")
    read.clear()
    decode(tmp_path / "photos")
    assert read == []
    picture(77).save(tmp_path / "photos/b/3.bmp")
    decode(tmp_path / "photos")
    assert [path.name for path in read] == ["3.bmp"]


def test_a_damaged_look_is_made_again(decode, tmp_path, monkeypatch):
    monkeypatch.setattr(file_digests, "_TICKS", 0)
    uncompressed(tmp_path / "photos", 10)
    first = decode(tmp_path / "photos")
    (look,) = (tmp_path / "cache" / file_digests.FOLDER).glob("*.npz")
    content = look.read_bytes()
    for damaged in (content[:100], b"", content[:-200] + bytes(200), b"nothing"):
        look.write_bytes(damaged)
        assert decode(tmp_path / "photos").digests == first.digests


def test_files_that_change_while_they_are_decoded_are_refused(decode, tmp_path, monkeypatch):
    uncompressed(tmp_path / "photos", 10)

    def meddling(image, **options):
        Image.new("L", (8, 8), 255).save(tmp_path / "photos/b/4.bmp")
        return decoding.to_square(image, **options)

    monkeypatch.setattr(sources, "to_square", meddling)
    with pytest.raises(ValueError, match=r"b/4\.bmp changed while it was read"):
        decode(tmp_path / "photos")
    assert cached_sets(tmp_path / "cache") == []


def test_a_pipe_among_the_images_is_no_file(decode, tmp_path):
    uncompressed(tmp_path / "photos", 10)
    os.mkfifo(tmp_path / "photos/a/pipe.png")
    data = decode(tmp_path / "photos", in_channels=1)
    assert (data.skipped, len(data.remarks)) == ((), 1)
    assert "a/pipe.png" in data.remarks[0]


# What is read is what was written


def zero_half(path: Path) -> None:
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2] + bytes(len(content) - len(content) // 2))


def flip_bit(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 3] ^= 1
    path.write_bytes(content)


DAMAGES = {
    "zeroed": zero_half,
    "flipped": flip_bit,
    "short": lambda path: os.truncate(path, path.stat().st_size - 1),
    "long": lambda path: path.write_bytes(path.read_bytes() + b"x"),
    "empty": lambda path: path.write_bytes(b""),
    "gone": lambda path: path.unlink(),
}


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("name", [decoded_set.IMAGES, decoded_set.ROWS, cache_room.META])
def test_a_damaged_set_is_decoded_again_and_told_of(
    decode, tmp_path, said, calls, name, damage, make_folder
):
    folder = make_folder({"a": 5, "b": 5})
    whole = decode(folder)
    images = whole.train.images.clone()
    DAMAGES[damage](only_set(tmp_path) / name)
    again = decode(folder)
    assert again.digests == whole.digests
    assert again.train.images.equal(images)
    assert len(calls) == 20
    (line,) = said
    assert str(only_set(tmp_path)) in line
    assert "the images are decoded again" in line
    said.clear()
    decode(folder)
    assert (said, len(calls)) == ([], 20)


def test_images_that_another_pillow_may_read_are_tried_again(decode, tmp_path, monkeypatch):
    uncompressed(tmp_path / "photos", 10)
    (tmp_path / "photos/a/0.bmp").write_bytes(b"a format of tomorrow")
    assert len(decode(tmp_path / "photos").skipped) == 1
    monkeypatch.setattr(set_making, "_decoder", lambda: "tomorrow's")
    noise = np.random.default_rng(0).integers
    square = lambda image, **_: noise(0, 256, (1, 8, 8)).astype(np.uint8)  # noqa: E731
    monkeypatch.setattr(sources, "to_square", square)
    monkeypatch.setattr("escalade.data.folder.open_image", lambda path: Image.new("L", (8, 8)))
    assert decode(tmp_path / "photos").skipped == ()


def test_a_disk_that_fails_makes_no_image_unreadable(decode, tmp_path, monkeypatch):
    uncompressed(tmp_path / "photos", 10)

    def failing(path):
        raise OSError(5, "Input/output error")

    monkeypatch.setattr("escalade.data.folder.open_image", failing)
    with pytest.raises(ValueError, match=r"may not read the image a/0\.bmp: input/output error"):
        decode(tmp_path / "photos", in_channels=1)
    assert not any(each.is_whole for each in cached_sets(tmp_path / "cache"))


# Whole or not at all


@pytest.fixture
def small_chunks(monkeypatch):
    """Of three images."""
    monkeypatch.setattr(partial_set, "CHUNK_IMAGES", 3)
    monkeypatch.setattr(partial_set, "CHUNK_BYTES", 0)


def ends_at(monkeypatch, number, error):
    """The decoder of the image that is read so many-th ends with an error."""
    read = []

    def ending(image, **options):
        read.append(1)
        if len(read) == number:
            raise error
        return decoding.to_square(image, **options)

    monkeypatch.setattr(sources, "to_square", ending)
    monkeypatch.setattr(set_making, "MAX_THREADS", 1)


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit])
def test_what_was_decoded_before_a_kill_is_not_decoded_again(
    decode, tmp_path, monkeypatch, calls, small_chunks, error
):
    uncompressed(tmp_path / "photos", 10)
    straight = decode(tmp_path / "photos", cache_dir=tmp_path / "other")
    with monkeypatch.context() as patch:
        ends_at(patch, 8, error)
        with pytest.raises(error):
            decode(tmp_path / "photos")
    (left,) = cached_sets(tmp_path / "cache")
    assert (left.is_whole, left.data, left.num) == (False, "photos", 10)
    calls.clear()
    data = decode(tmp_path / "photos")
    assert len(calls) == 10 - 6  # two chunks were whole
    assert data.digests == straight.digests
    assert data.train.images.equal(straight.train.images)
    assert only_set(tmp_path).name == left.folder.name.removesuffix(cache_room.PARTIAL)
    files = {path.name for path in only_set(tmp_path).iterdir()}
    assert files == {decoded_set.IMAGES, decoded_set.ROWS, decoded_set.META}


def test_no_room_for_the_rest_of_a_set(decode, tmp_path, monkeypatch, small_chunks):
    """What is there is not counted again."""
    uncompressed(tmp_path / "photos", 10)
    with monkeypatch.context() as patch:
        ends_at(patch, 8, KeyboardInterrupt)
        with pytest.raises(KeyboardInterrupt):
            decode(tmp_path / "photos")
    with monkeypatch.context() as patch:
        patch.setattr(cache_room, "_free", lambda folder: 255)
        with pytest.raises(OSError, match=r"256B are needed, 255B are free"):
            decode(tmp_path / "photos")
        patch.setattr(cache_room, "_free", lambda folder: 256)
        assert len(decode(tmp_path / "photos").train) == 6


def test_a_set_begun_by_another_pillow_is_begun_anew(
    decode, tmp_path, monkeypatch, calls, small_chunks
):
    uncompressed(tmp_path / "photos", 10)
    with monkeypatch.context() as patch:
        ends_at(patch, 8, KeyboardInterrupt)
        patch.setattr(set_making, "_decoder", lambda: "yesterday's")
        with pytest.raises(KeyboardInterrupt):
            decode(tmp_path / "photos")
    decode(tmp_path / "photos")
    assert len(calls) == 10


def test_processes_decode_a_set_together(tmp_path, make_folder):
    """Each chunk once, and all of them end with the same images."""
    folder = make_folder({"a": 40, "b": 40}, size=(300, 200))
    script = [sys.executable, "-c", DECODING, str(folder), str(tmp_path / "cache")]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    processes = [subprocess.Popen(script, **pipes) for _ in range(3)]
    for process in processes:
        assert process.stdout.readline() == b"ready\n"
    for process in processes:
        process.stdin.write(b"go\n")
        process.stdin.flush()
    found = [process.communicate(timeout=120)[0].split() for process in processes]
    assert [process.returncode for process in processes] == [0, 0, 0]
    assert len({digest for _, digest in found}) == 1
    nums = [int(num) for num, _ in found]
    assert sum(nums) == 80
    assert sum(num > 0 for num in nums) > 1


DECODING = """
import sys, time
from pathlib import Path
from escalade.data.decoding import decoding
from escalade.data.cache import partial_set
from escalade.data.decoding import source
from escalade.data import load
done = []
def counted(image, **options):
    done.append(1)
    time.sleep(0.02)  # the others take chunks meanwhile, on a busy machine too
    return decoding.to_square(image, **options)
source.to_square = counted
partial_set.CHUNK_IMAGES, partial_set.CHUNK_BYTES = 2, 0
print("ready", flush=True)
sys.stdin.readline()
data = load(sys.argv[1], cache_dir=Path(sys.argv[2]), side=64)
print(len(done), data.train_digest)
"""


def test_a_large_set_is_told_of_before_it_is_decoded(decode, tmp_path, monkeypatch, said):
    uncompressed(tmp_path / "photos", 10)
    monkeypatch.setattr(set_making, "TOLD_BYTES", 640)
    decode(tmp_path / "photos")
    (line,) = said
    assert line.startswith("cache: 10 of 10 images of photos are to be decoded into ")
    assert line.endswith(", 640B")


def test_everything_is_on_the_disk_before_it_has_its_name(decode, tmp_path, monkeypatch):
    uncompressed(tmp_path / "photos", 10)
    order = []
    sync, rename = decoded_set._sync, Path.rename

    def renamed(self, target):
        order.append("rename")
        return rename(self, target)

    monkeypatch.setattr(decoded_set, "_sync", lambda path: order.append(path.name) or sync(path))
    monkeypatch.setattr(Path, "rename", renamed)
    decode(tmp_path / "photos")
    at = order.index("rename")
    names = {decoded_set.IMAGES, decoded_set.ROWS, cache_room.META}
    assert names < set(order[:at])
    assert order[at - 1].endswith(cache_room.PARTIAL)
    assert order[at + 1 :] == [cache_room.DECODED]


# Its size


def sized(tmp_path: Path, decode, num: int) -> list[Path]:
    """Folders that were decoded one after another, each days after the last."""
    folders = []
    for i in range(num):
        folder = tmp_path / f"set{i}"
        uncompressed(folder, 10 + 5 * i)
        decode(folder)
        folders.append(folder)
        newest = next(each for each in cached_sets(tmp_path / "cache") if each.data == folder.name)
        then = time.time() - 86400 * (num - i)
        os.utime(newest.folder / cache_room.META, (then, then))
    return folders


def test_what_was_used_longest_ago_is_removed_first(decode, tmp_path, monkeypatch, said, calls):
    folders = sized(tmp_path, decode, 3)
    decode(folders[0])  # is used now
    one = cached_sets(tmp_path / "cache")[0].num_bytes
    monkeypatch.setenv(cache_room.SIZE_VARIABLE, f"{3 * one + 10}")
    uncompressed(tmp_path / "new", 100)
    decode(tmp_path / "new")
    assert [each.data for each in cached_sets(tmp_path / "cache")] == ["new", "set0", "set2"]
    (line,) = said
    assert line.startswith("cache: the decoded images of set1 are removed")
    assert "used last 2 days ago" in line
    num = len(calls)
    assert decode(folders[1]).train.images.shape[1:] == (1, 8, 8)
    assert len(calls) == num + 10


def test_a_set_beyond_the_bound_is_still_decoded_and_costs_no_other(
    decode, tmp_path, monkeypatch, said
):
    monkeypatch.setenv(cache_room.SIZE_VARIABLE, "100")
    sized(tmp_path, decode, 2)
    assert [each.data for each in cached_sets(tmp_path / "cache")] == ["set1", "set0"]
    assert (
        said
        == [
            "cache: 640B are to be decoded, more than ESCALADE_CACHE_SIZE allows (100B); "
            "nothing is removed to keep to it"
        ]
        * 2
    )


@pytest.mark.parametrize(
    ("text", "value"), [("2G", 2e9), ("1.5TB", 1.5e12), ("300 MB", 3e8), ("10GiB", 1e10)]
)
def test_the_bound_as_people_write_it(monkeypatch, text, value):
    monkeypatch.setenv(cache_room.SIZE_VARIABLE, text)
    assert cache_room.largest() == value


def test_a_bound_that_is_no_amount(decode, tmp_path, monkeypatch):
    monkeypatch.setenv(cache_room.SIZE_VARIABLE, "plenty")
    uncompressed(tmp_path / "photos", 10)
    with pytest.raises(ValueError, match="ESCALADE_CACHE_SIZE: cannot read 'plenty'"):
        decode(tmp_path / "photos")


def test_too_small_a_disk_is_told_of_before_anything_is_removed(
    decode, tmp_path, monkeypatch, calls
):
    sized(tmp_path, decode, 2)
    uncompressed(tmp_path / "new", 100)
    calls.clear()
    old = sum(each.num_bytes for each in cached_sets(tmp_path / "cache"))
    monkeypatch.setattr(cache_room, "_free", lambda folder: 100)
    needed = 10 * 64**2
    assert needed > old + 100
    with pytest.raises(
        OSError, match=r"disk is full .*40\.96kB are needed, 100B are free, .*could"
    ):
        decode(tmp_path / "new", side=64)
    assert calls == []
    assert len(cached_sets(tmp_path / "cache")) == 2


def test_only_as_much_is_removed_as_a_small_disk_needs(decode, tmp_path, monkeypatch, calls):
    sized(tmp_path, decode, 3)
    uncompressed(tmp_path / "new", 100)
    cache_dir = tmp_path / "cache"

    def free(folder: Path) -> int:
        """A disk with room for three sets, of which one more needs 640 bytes."""
        return 700 * (3 - len(cached_sets(cache_dir)))

    monkeypatch.setattr(cache_room, "_free", free)
    decode(tmp_path / "new")
    assert [each.data for each in cached_sets(cache_dir)] == ["new", "set2", "set1"]


def test_what_is_being_written_is_not_counted_as_room(decode, tmp_path, monkeypatch, calls):
    sized(tmp_path, decode, 1)
    uncompressed(tmp_path / "new", 100)
    monkeypatch.setattr(cache_room, "_free", lambda folder: 100)
    with locked(only_set(tmp_path)), pytest.raises(OSError, match="100B are free"):
        decode(tmp_path / "new")
    assert len(cached_sets(tmp_path / "cache")) == 1


def test_clearing_by_name_takes_nothing_else(decode, tmp_path):
    sized(tmp_path, decode, 3)
    decoded = tmp_path / "cache" / cache_room.DECODED
    (decoded / "mine").mkdir()
    (decoded / "mine/notes.txt").write_text("mine")
    (decoded / "link-8x8x1-v2").symlink_to(tmp_path / "set0")
    with pytest.raises(ValueError, match=r"'set9' is not in .*did you mean set"):
        clear(tmp_path / "cache", ["set9"])
    assert [each.data for each in clear(tmp_path / "cache", ["set1"])] == ["set1"]
    by_folder = cached_sets(tmp_path / "cache")[0]
    assert clear(tmp_path / "cache", [by_folder.folder.name]) == [by_folder]
    assert len(clear(tmp_path / "cache", ["all"])) == 1
    assert cached_sets(tmp_path / "cache") == []
    assert (decoded / "mine/notes.txt").read_text() == "mine"
    assert len(list((tmp_path / "set0").rglob("*.bmp"))) == 10


def test_sets_of_any_key_are_found(tmp_path):
    """A key may tell more than the content, such as between which values images are."""
    source = sources.Source(num=1, read=lambda row: (Image.new("L", (4, 4)), 0), label=str)
    for key in ("abc", "abc-0-1e+06", "abc-0.5-1.5", "torchvision-a_b"):
        made = cache.decoded(
            key, lambda: source, name=key, cache_dir=tmp_path, side=4, in_channels=1, say=print
        )
        assert len(made.store.labels) == 1
    killed = tmp_path / cache_room.DECODED / "abc-0.5-1.5-4x4x1-v2.partial"
    killed.mkdir()
    assert len(cached_sets(tmp_path)) == 5
    assert len(clear(tmp_path, ["all"])) == 5


def test_what_is_being_written_stays(decode, tmp_path):
    sized(tmp_path, decode, 1)
    with locked(only_set(tmp_path)):
        assert clear(tmp_path / "cache", ["all"]) == []
    assert len(clear(tmp_path / "cache", ["all"])) == 1


def test_those_who_read_a_set_keep_it_when_it_is_cleared(decode, tmp_path, monkeypatch):
    monkeypatch.setattr("escalade.data.splits.split.COPIED_BYTES", 0)  # so that it stays mapped
    (folder,) = sized(tmp_path, decode, 1)
    data = decode(folder)
    clear(tmp_path / "cache", ["all"])
    assert data.train.images.float().std() > 0
