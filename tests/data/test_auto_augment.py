"""AutoAugment on batches is torchvision's AutoAugment on each image."""

from functools import partial

import numpy as np
import pytest
import torch
from torchvision.transforms import v2

from escalade.data import Augmentation, Split, TrainBatches
from escalade.data.batching.augmenting import POLICIES, auto_augment


def make_images(num=60, channels=3, side=20, seed=0):
    """Smooth pictures with noise: every operation changes them."""
    rng = torch.Generator().manual_seed(seed)
    coarse = torch.rand(num, channels, 4, 4, generator=rng)
    smooth = torch.nn.functional.interpolate(coarse, size=(side, side), mode="bilinear")
    noise = torch.rand(num, channels, side, side, generator=rng)
    return (30 + 150 * smooth + 40 * noise).to(torch.uint8)


class Draws:
    """What torchvision draws from torch's global generator, from the batch's draws instead."""

    def __init__(self, policy, num, seed):
        self.transform = v2.AutoAugment(v2.AutoAugmentPolicy(policy))
        rng = np.random.default_rng(seed)
        self.drawn = rng.integers(len(self.transform._policies), size=num)
        self.chances = rng.random((num, 2))
        self.is_negative = rng.random((num, 2)) < 0.5

    def apply(self, image, row, monkeypatch):
        pair = self.transform._policies[self.drawn[row]]
        values = []
        for place, (name, probability, _) in enumerate(pair):
            done = self.chances[row, place] < probability
            values.append(0.0 if done else 1.0)
            if done and self.transform._AUGMENTATION_SPACE[name][1]:
                values.append(0.0 if self.is_negative[row, place] else 1.0)
        left = iter(values)
        with monkeypatch.context() as patch:
            patch.setattr(torch, "randint", lambda *_: torch.tensor(int(self.drawn[row])))
            patch.setattr(torch, "rand", lambda *_: torch.tensor(next(left)))
            out = self.transform(image)
        assert next(left, None) is None
        return out


def test_the_policies_are_torchvisions():
    assert list(POLICIES) == [policy.value for policy in v2.AutoAugmentPolicy]


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("policy", POLICIES)
def test_each_image_gets_what_torchvision_does_to_it(policy, channels, monkeypatch):
    images = make_images(200, channels)
    out = auto_augment(images, policy=policy, rng=np.random.default_rng(5))
    draws = Draws(policy, len(images), 5)
    for row in range(len(images)):
        expected = draws.apply(images[row], row, monkeypatch)
        assert out[row].equal(expected), draws.transform._policies[draws.drawn[row]]
    assert out.dtype == torch.uint8
    assert float((out != images).flatten(1).any(1).float().mean()) > 0.5


@pytest.mark.slow
def test_its_distribution_is_torchvisions():
    image = make_images(1)
    mine = auto_augment(
        image.expand(3000, -1, -1, -1), policy="imagenet", rng=np.random.default_rng(0)
    )
    theirs_of = v2.AutoAugment(v2.AutoAugmentPolicy.IMAGENET)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        theirs = torch.stack([theirs_of(image[0]) for _ in range(3000)])
    for statistic in (
        lambda out: (out == image).flatten(1).all(1).double(),
        lambda out: out.double().mean((1, 2, 3)),
        lambda out: out.double().std((1, 2, 3)),
        lambda out: out[:, :, 0, 0].double().mean(1),
    ):
        one, two = statistic(mine), statistic(theirs)
        error = ((one.var() + two.var()) / 3000).sqrt()
        assert abs(one.mean() - two.mean()) < 4 * error


def test_images_are_drawn_for_one_by_one():
    images = make_images(1).expand(100, -1, -1, -1)
    out = auto_augment(images, policy="imagenet", rng=np.random.default_rng(0))
    assert len(out.flatten(1).unique(dim=0)) > 25  # there are 25 pairs
    assert images.equal(make_images(1).expand(100, -1, -1, -1))


def test_a_batch_depends_on_the_step_alone():
    kind = Augmentation(padding=2, flip=True, auto_augment="imagenet")
    make = partial(TrainBatches, Split(make_images(), torch.arange(60)), batch_size=8, seed=0)
    straight, resumed, plain = (
        make(augmentation=each) for each in (kind, kind, Augmentation(padding=2, flip=True))
    )
    wanted = {step: straight.at(step)[0] for step in range(9)}
    for step in (8, 2, 2, 5):
        assert resumed.at(step)[0].equal(wanted[step])
    # The same crops as without it: images whose draw does nothing are equal.
    same = [
        bool(a.equal(b))
        for step in wanted
        for a, b in zip(wanted[step], plain.at(step)[0], strict=True)
    ]
    assert 0 < sum(same) < len(same) / 2


def test_an_unknown_policy_is_refused():
    with pytest.raises(ValueError, match="auto_augment: 'imagnet' is not known; use imagenet"):
        Augmentation(auto_augment="imagnet")
