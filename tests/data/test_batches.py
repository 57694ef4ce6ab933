"""Training batches are a function of the step; preparing agrees with torchvision."""

from functools import partial

import numpy as np
import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torchvision.transforms.v2 import functional as tv

from escalade.data import Augmentation, Split, TrainBatches, evaluation_batches, prepare
from escalade.data.batching.augmenting import BatchPart, padded_crop, resized_crop

NONE = Augmentation()
ALL = Augmentation(padding=2, flip=True)


def make_split(num=50, channels=3, side=12, seed=0):
    rng = torch.Generator().manual_seed(seed)
    images = torch.randint(0, 256, (num, channels, side, side), generator=rng, dtype=torch.uint8)
    return Split(images, torch.arange(num))


def batches(split=None, *, augmentation=NONE, batch_size=8, seed=0):
    return TrainBatches(
        split or make_split(), batch_size=batch_size, seed=seed, augmentation=augmentation
    )


def test_an_epoch_shows_each_image_once_and_drops_the_rest():
    loader = batches()
    assert loader.num_per_epoch == 6
    orders = []
    for epoch in range(2):
        labels = torch.cat([loader.at(6 * epoch + i)[1] for i in range(6)])
        assert len(labels.unique()) == 48
        orders.append(labels.tolist())
    assert orders[0] != orders[1]


def test_without_augmentation_images_are_as_stored():
    split = make_split()
    images, labels = batches(split).at(3)
    assert images.equal(split.images[labels])


@pytest.mark.parametrize("augmentation", [ALL, Augmentation(random_resized_crop=True, flip=True)])
def test_a_batch_depends_on_the_step_alone(augmentation):
    straight, resumed = batches(augmentation=augmentation), batches(augmentation=augmentation)
    wanted = {step: straight.at(step) for step in range(15)}
    for step in (14, 2, 2, 7):
        images, labels = resumed.at(step)
        assert images.equal(wanted[step][0])
        assert labels.equal(wanted[step][1])
    assert not wanted[0][1].equal(wanted[6][1])
    assert not batches(augmentation=augmentation, seed=1).at(0)[0].equal(wanted[0][0])


EVERY = [
    NONE,
    ALL,
    Augmentation(random_resized_crop=True, flip=True),
    Augmentation(padding=1, auto_augment="cifar10"),
]


@pytest.mark.parametrize("augmentation", EVERY)
@pytest.mark.parametrize("num_crops", [1, 2])
def test_parts_of_a_batch_make_the_batch(augmentation, num_crops):
    def make(part):
        return TrainBatches(
            make_split(),
            batch_size=8,
            seed=0,
            augmentation=augmentation,
            num_crops=num_crops,
            part=part,
        )

    whole = make(None)
    parts = [make(BatchPart(start, start + 4, 8)) for start in (0, 4)]
    for step in (0, 7):
        made = [part.at(step) for part in parts]
        assert torch.cat([images for images, _ in made]).equal(whole.at(step)[0])
        assert torch.cat([labels for _, labels in made]).equal(whole.at(step)[1])


@pytest.mark.parametrize("augmentation", EVERY)
def test_images_that_stay_where_they_are_make_the_same_batches(augmentation):
    """They are gathered one batch ahead; a step that nobody foresaw is made all the same."""
    store, rows = make_split(80), torch.arange(79, 29, -1)
    here = Split(store.images[rows], store.labels[rows])
    mapped = Split(store.images, store.labels[rows], rows=rows)
    assert (mapped.is_mapped, here.is_mapped) == (True, False)
    expected, found = (
        batches(here, augmentation=augmentation),
        batches(mapped, augmentation=augmentation),
    )
    for step in (0, 1, 2, 3, 9, 10, 4, 4, 20):
        for one, other in zip(expected.at(step), found.at(step), strict=True):
            assert one.equal(other)


def test_what_fails_while_images_are_gathered_is_told():
    split = Split(make_split().images, torch.arange(50), rows=torch.arange(50) + 1)  # one too far
    loader = batches(split)
    with pytest.raises(IndexError, match="out of range"):
        [loader.at(step) for step in range(6)]


@pytest.mark.parametrize("augmentation", [ALL, Augmentation(random_resized_crop=True, flip=True)])
def test_several_crops_are_of_the_same_images(augmentation):
    def make(num_crops):
        return TrainBatches(
            make_split(), batch_size=8, seed=0, augmentation=augmentation, num_crops=num_crops
        )

    one, three = make(1), make(3)
    for step in (9, 2, 9):
        (image, label), (images, labels) = one.at(step), three.at(step)
        assert labels.equal(label)
        assert images.shape == (8, 3, 3, 12, 12)
        assert images[:, 0].equal(image)
        for k, other in ((0, 1), (0, 2), (1, 2)):
            assert not images[:, k].equal(images[:, other])
        assert images.equal(make(3).at(step)[0])
    with pytest.raises(ValueError, match="num_crops: 0 is not positive"):
        make(0)


def test_padded_crops_are_shifted_and_mirrored_originals():
    images = make_split(200, side=6).images
    cropped = padded_crop(images, padding=1, flip=True, rng=np.random.default_rng(0))
    padded = torch.nn.functional.pad(images, (1,) * 4)
    seen = set()
    for image, source in zip(cropped, padded, strict=True):
        for y in range(3):
            for x in range(3):
                window = source[:, y : y + 6, x : x + 6]
                seen |= {(y, x, 0)} if image.equal(window) else set()
                seen |= {(y, x, 1)} if image.equal(window.flip(-1)) else set()
    assert len(seen) == 18


def test_no_padding_only_mirrors():
    images = make_split(100, side=6).images
    out = padded_crop(images, padding=0, flip=True, rng=np.random.default_rng(0))
    same = (out == images).flatten(1).all(1)
    mirrored = (out == images.flip(-1)).flatten(1).all(1)
    assert (same ^ mirrored).all()
    assert 25 < int(same.sum()) < 75


def test_resized_crops_are_boxes_of_the_image():
    ramp = torch.arange(0, 240, 4, dtype=torch.uint8).expand(60, 60)
    images = torch.stack([ramp, ramp.T]).expand(300, 2, 60, 60).contiguous()
    out = resized_crop(images, flip=False, rng=np.random.default_rng(0)).double()
    across = (out[:, 0, :, 50] - out[:, 0, :, 10]).mean(1) / 160  # 1 when the box is whole
    down = (out[:, 1, 50] - out[:, 1, 10]).mean(1) / 160
    area = across * down
    assert area.min() > 0.33
    assert area.max() < 1.02
    assert 0.6 < float(area.mean()) < 0.75
    assert (across / down).min() > 0.73
    assert (across / down).max() < 1.37
    assert (out.diff(dim=3)[:, 0] >= 0).all()
    mirrored = resized_crop(images, flip=True, rng=np.random.default_rng(0)).int()
    falls = (mirrored[:, 0, 30, -1] < mirrored[:, 0, 30, 0]).float().mean()
    assert 0.35 < float(falls) < 0.65


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("resolution", [6, 9, 12, 20])
def test_prepare_agrees_with_torchvision(channels, resolution):
    images = make_split(4, channels).images
    mean, std = (0.3, 0.4, 0.5)[:channels], (0.2, 0.3, 0.25)[:channels]
    resized = tv.resize(images.float() / 255, [resolution] * 2, antialias=True)
    expected = tv.normalize(resized, list(mean), list(std))
    got = prepare(images, resolution=resolution, mean=mean, std=std)
    torch.testing.assert_close(got, expected, atol=1e-5, rtol=1e-5)
    size = resolution
    assert got.stride() == (size * size * channels, 1, size * channels, channels)


def test_prepare_leaves_its_argument_alone():
    images = make_split(2).images.float()
    before = images.clone()
    got = prepare(images, resolution=12, mean=(0.5,) * 3, std=(0.5,) * 3)
    assert images.equal(before)
    assert got.dtype == torch.float32


def test_evaluation_batches_cover_the_split_in_order():
    split = make_split(10, channels=1)
    made = list(evaluation_batches(split, resolution=8, mean=(0.5,), std=(0.25,), batch_size=4))
    assert [len(labels) for _, labels in made] == [4, 4, 2]
    assert torch.cat([labels for _, labels in made]).tolist() == list(range(10))
    whole = prepare(split.images, resolution=8, mean=(0.5,), std=(0.25,))
    torch.testing.assert_close(torch.cat([images for images, _ in made]), whole)


@pytest.mark.parametrize("batch_size", [0, 51])
def test_batches_larger_than_the_split_are_refused(batch_size):
    with pytest.raises(ValueError, match=r"outside 1\.\.50"):
        batches(batch_size=batch_size)


def test_augmentations_that_contradict_are_refused():
    with pytest.raises(ValueError, match="negative"):
        Augmentation(padding=-1)
    with pytest.raises(ValueError, match="crop already"):
        Augmentation(padding=2, random_resized_crop=True)


class Operations(TorchDispatchMode):
    """Counts what torch is asked to do."""

    num = 0

    def __torch_dispatch__(self, function, types, arguments=(), options=None):
        self.num += 1
        return function(*arguments, **options or {})


@pytest.mark.parametrize("augmentation", [ALL, Augmentation(random_resized_crop=True, flip=True)])
def test_a_batch_takes_as_many_operations_however_large_it_is(augmentation):
    """No loop over images; benchmarks/augmentation.py tells what that is worth."""
    nums = []
    for batch_size in (2, 128):
        loader = batches(make_split(200), augmentation=augmentation, batch_size=batch_size)
        with Operations() as operations:
            loader.at(0)
        nums.append(operations.num)
    assert 0 < nums[0] == nums[1]


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
@pytest.mark.parametrize("augmentation", [ALL, Augmentation(random_resized_crop=True)])
def test_a_gpu_makes_the_same_batches(augmentation):
    split = make_split()
    here = batches(split, augmentation=augmentation).at(3)
    there = TrainBatches(split, batch_size=8, seed=0, augmentation=augmentation, device="cuda").at(
        3
    )
    assert there[0].is_cuda
    assert (here[0].int() - there[0].cpu().int()).abs().max() <= 1
    assert here[1].equal(there[1].cpu())


def unequal_split():
    """Classes 0, 2 and 5 of 40, 7 and 3 images; each image tells its row."""
    labels = torch.tensor([0] * 40 + [2] * 7 + [5] * 3)[torch.randperm(50)]
    images = torch.arange(50, dtype=torch.uint8).view(50, 1, 1, 1).expand(50, 1, 4, 4)
    return Split(images.contiguous(), labels)


@pytest.mark.parametrize("batch_size", [8, 7, 50])  # 48, 49 and 50 images an epoch
def test_equal_classes_are_drawn_equally_often_and_so_is_each_image_of_one(batch_size):
    split = unequal_split()
    loader = TrainBatches(
        split, batch_size=batch_size, seed=0, augmentation=NONE, equal_classes=True
    )
    num = loader.num_per_epoch
    epochs = [[loader.at(num * epoch + i) for i in range(num)] for epoch in range(7)]
    rows = torch.cat([images[:, 0, 0, 0].long() for batches in epochs for images, _ in batches])
    labels = torch.cat([labels for batches in epochs for _, labels in batches])
    assert labels.equal(split.labels[rows])
    for epoch in labels.chunk(7):
        counts = epoch.unique(return_counts=True)[1]
        assert len(counts) == 3
        assert counts.max() - counts.min() <= 1
    for label in (0, 2, 5):
        drawn = torch.bincount(rows, minlength=50)[split.labels == label]
        assert drawn.max() - drawn.min() <= 1
    first, second = (torch.cat([labels for _, labels in batches]) for batches in epochs[:2])
    assert not first.equal(second)
    assert len(first[:6].unique()) > 1


def test_batches_of_equal_classes_depend_on_the_step_alone_and_are_made_in_parts():
    split, make = unequal_split(), partial(TrainBatches, batch_size=8, augmentation=ALL)
    straight = make(split, seed=0, equal_classes=True)
    wanted = {step: straight.at(step) for step in range(20)}
    resumed = make(split, seed=0, equal_classes=True)
    parts = [
        make(split, seed=0, equal_classes=True, part=BatchPart(start, start + 4, 8))
        for start in (0, 4)
    ]
    for step in (17, 3, 3, 9):
        made = [part.at(step) for part in parts]
        for place, expected in enumerate(wanted[step]):
            assert resumed.at(step)[place].equal(expected)
            assert torch.cat([each[place] for each in made]).equal(expected)
    assert not make(split, seed=1, equal_classes=True).at(3)[0].equal(wanted[3][0])
