"""Sets known by name: the embedded one, Fashion-MNIST, torchvision's; and mistyped names."""

import hashlib
import inspect
import lzma

import numpy as np
import pytest
import torch
from PIL import Image
from torchvision import datasets

from escalade.data import NAMES, fashion_mnist, load
from escalade.data.fashion_mnist import idx_bytes, read_idx
from escalade.data.named_sets import TORCHVISION, TorchvisionSet

has_fashion_mnist = pytest.mark.skipif(
    not fashion_mnist.DEBIAN.is_dir(), reason="package dataset-fashion-mnist is not installed"
)


def test_the_demo_set(tmp_path):
    data = load("demo", cache_dir=tmp_path / "unused", search_size=100)
    assert torch.bincount(data.train.labels).tolist() == [900] * 10
    assert torch.bincount(data.search.labels).tolist() == [100] * 10
    assert torch.bincount(data.test.labels).tolist() == [200] * 10
    assert data.train.images.shape == (9000, 1, 28, 28)
    assert data.classes[9] == "Ankle boot"
    assert data.flip
    assert data.mean[0] == pytest.approx(0.2868, abs=5e-4)
    assert not (tmp_path / "unused").exists()


def test_the_embedded_files_are_those_the_script_made():
    folder = fashion_mnist.EMBEDDED
    content = lzma.decompress((folder / "train-images-idx3-ubyte.xz").read_bytes())
    assert hashlib.sha256(content).hexdigest().startswith("735cb580f8e786e6")
    assert "Zalando" in (folder / "LICENSE").read_text()
    assert sum(path.stat().st_size for path in folder.iterdir()) < 8e6


@pytest.mark.slow
@has_fashion_mnist
def test_fashion_mnist_holds_the_demo_set(tmp_path):
    whole = load("fashion-mnist", cache_dir=tmp_path)
    assert [len(part) for part in (whole.train, whole.search, whole.test)] == [59500, 500, 10000]
    assert [len(load("demo", cache_dir=tmp_path).test), whole.in_channels] == [2000, 1]
    for part in ("train", "t10k"):
        all_of = read_idx(fashion_mnist.DEBIAN / f"{part}-images-idx3-ubyte.gz")
        some = read_idx(fashion_mnist.EMBEDDED / f"{part}-images-idx3-ubyte.xz")
        known = {image.tobytes() for image in all_of}
        assert {image.tobytes() for image in some} <= known


@pytest.mark.slow
def test_other_sides_channels_and_limits(tmp_path):
    native = load("demo", cache_dir=tmp_path, limit=50)
    data = load("demo", cache_dir=tmp_path, limit=50, side=14, in_channels=3)
    assert data.train.images.shape == (50, 3, 14, 14)
    assert torch.bincount(data.train.labels, minlength=10).tolist() == [5] * 10
    assert data.train.images[:, 0].equal(data.train.images[:, 2])
    assert data.train.labels.equal(native.train.labels)
    assert data.mean[0] == pytest.approx(native.mean[0], abs=0.01)


def test_idx_round_trip_and_damage(tmp_path):
    array = np.arange(24, dtype=np.uint8).reshape(2, 3, 4)
    path = tmp_path / "images"
    path.write_bytes(idx_bytes(array))
    assert read_idx(path).tolist() == array.tolist()
    path.write_bytes(idx_bytes(array)[:-1])
    with pytest.raises(ValueError, match="damaged"):
        read_idx(path)
    path.write_bytes(b"PNG something")
    with pytest.raises(ValueError, match="not an IDX file"):
        read_idx(path)
    for name in ("images.gz", "images.xz", "missing"):
        if name != "missing":
            (tmp_path / name).write_bytes(b"\0\0\x08\x01 is not compressed")
        with pytest.raises(ValueError, match="cannot read"):
            read_idx(tmp_path / name)


class Fake:
    """A data set in torchvision's form that draws its images."""

    classes = ("dark", "bright")

    def __init__(self, root, *, train, download):
        assert download
        self.num = 60 if train else 20

    def __len__(self):
        return self.num

    def __getitem__(self, index):
        if index >= self.num:
            raise IndexError(index)
        if self.num == 60 and index == 7:
            raise OSError("truncated")
        return Image.new("RGB", (20, 10), (index, self.num, 200 * (index % 2))), index % 2


def test_a_torchvision_set_is_decoded_once(tmp_path, monkeypatch):
    made = []

    def make(*arguments, **options):
        made.append(1)
        return Fake(*arguments, **options)

    entry = TorchvisionSet(
        named="CIFAR10", train={"train": True}, test={"train": False}, flip=False
    )
    monkeypatch.setitem(TORCHVISION, "cifar10", entry)
    monkeypatch.setattr(datasets, "CIFAR10", make)
    data = load("CIFAR10", cache_dir=tmp_path, side=8)
    assert load("cifar10", cache_dir=tmp_path, side=8).train_digest == data.train_digest
    assert len(made) == 2
    assert [len(part) for part in (data.train, data.search, data.test)] == [48, 11, 20]
    assert data.skipped == (("cifar10[7]", "truncated"),)
    assert (data.classes, data.flip) == (("dark", "bright"), False)
    assert (data.train.images[:, 2, 0, 0] > 0).long().equal(data.train.labels)
    assert set(data.test.images[:, 0, 0, 0].tolist()) == set(range(20))
    with pytest.raises(ValueError, match="side: 'cifar10' has images of many sizes"):
        load("cifar10", cache_dir=tmp_path)


@pytest.mark.parametrize(
    ("given", "expected"),
    [((), ("0", "1")), ((("tench", "Tinca tinca"), ("dog",)), ("tench", "dog"))],
)
def test_class_names_torchvision_lacks_or_has_several_of(given, expected, tmp_path, monkeypatch):
    monkeypatch.setattr(Fake, "classes", given)
    entry = TorchvisionSet(named="GTSRB", train={"train": True}, test={"train": False}, side=4)
    monkeypatch.setitem(TORCHVISION, "gtsrb", entry)
    monkeypatch.setattr(datasets, "GTSRB", Fake)
    assert load("gtsrb", cache_dir=tmp_path).classes == expected


def test_a_set_that_cannot_be_fetched(tmp_path, monkeypatch):
    def make(*arguments, **options):
        raise OSError("no route to host")

    monkeypatch.setattr(datasets, "EuroSAT", make)
    with pytest.raises(ValueError, match=r"cannot fetch the data set 'eurosat' .*no route"):
        load("eurosat", cache_dir=tmp_path)


def test_known_sets_name_real_arguments():
    for entry in TORCHVISION.values():
        for options in (entry.train, entry.test or {}):
            inspect.signature(getattr(datasets, entry.named)).bind("root", **options, download=True)
    assert not any(TORCHVISION[name].flip for name in ("mnist", "svhn", "kmnist"))


@pytest.mark.parametrize(
    ("name", "suggestion"),
    [("fashionmnist", "fashion_mnist"), ("cifar-11", "cifar10"), ("demos", "demo")],
)
def test_a_mistyped_name(name, suggestion, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    told = rf"no folder {name} in {tmp_path} and .*did you mean {suggestion}\?"
    with pytest.raises(ValueError, match=told):
        load(name, cache_dir=tmp_path)


def test_a_mistyped_folder(tmp_path):
    (tmp_path / "flowers").mkdir()
    (tmp_path / "archive.zip").write_bytes(b"")
    with pytest.raises(ValueError, match=r"did you mean .*flowers\?"):
        load(tmp_path / "flower", cache_dir=tmp_path)
    with pytest.raises(ValueError, match="is a file"):
        load(tmp_path / "archive.zip", cache_dir=tmp_path)


@pytest.mark.parametrize(
    "arguments", [{"side": 0}, {"in_channels": 2}, {"limit": 0}, {"max_skipped": 1.5}]
)
def test_arguments_out_of_range(arguments, tmp_path):
    with pytest.raises(ValueError, match=next(iter(arguments))):
        load("demo", cache_dir=tmp_path, **arguments)


def test_names_are_unique():
    assert len(set(NAMES)) == len(NAMES)
