from __future__ import annotations

import pytest
import torch
from tiny_members import tiny, trained
from torch import nn

from escalade.family.trainings.warm_start import carried, warm_start

SMALL = {"widths": (8, 16), "depths": (1, 2), "stem": 8}
GROWTHS = {
    "nothing": {},
    "depth": {"depths": (2, 4)},
    "width": {"widths": (16, 40), "stem": 16},
    "kernel": {"kernel": 7},
    "expansion": {"expansion": 6.0},
    "head": {"head": 40},
    "all": {"widths": (24, 32), "depths": (3, 5), "stem": 24, "kernel": 5, "expansion": 4.0},
}


def _start(growth, *, seed=1):
    small, large = tiny(**SMALL), tiny(**SMALL | growth)
    old, new = trained(small), trained(large, seed=seed)
    found = warm_start(new, large, state=old.state_dict(), of=small)
    return old.double(), new.double(), found


@pytest.mark.parametrize("growth", GROWTHS.values(), ids=GROWTHS)
def test_a_grown_network_computes_the_function_of_the_small_one(growth):
    old, new, found = _start(growth)
    images = torch.randn(4, 1, 12, 12, dtype=torch.float64)
    assert found.breaks == ()
    torch.testing.assert_close(new(images), old(images), rtol=1e-9, atol=1e-9)


def test_every_parameter_came_over_and_new_blocks_are_counted():
    old, _, found = _start(GROWTHS["all"])
    floats = [t for t in old.state_dict().values() if t.is_floating_point()]
    assert found.num_carried == sum(t.numel() for t in floats)
    assert found.num_new_blocks == 2 + 3


def test_also_with_batch_statistics():
    old, new, _ = _start(GROWTHS["all"])
    images = torch.randn(8, 1, 12, 12, dtype=torch.float64)
    torch.testing.assert_close(new.train()(images), old.train()(images), rtol=1e-8, atol=1e-8)


def test_gradients_reach_every_weight_within_three_steps():
    _, new, _ = _start(GROWTHS["all"])
    optimizer = torch.optim.SGD(new.train().parameters(), lr=0.05)
    images, labels = torch.randn(16, 1, 12, 12, dtype=torch.float64), torch.arange(16) % 3
    before = {
        name: p.detach().clone() for name, p in new.named_parameters() if name.endswith("weight")
    }
    for _ in range(3):
        optimizer.zero_grad()
        nn.functional.cross_entropy(new(images), labels).backward()
        optimizer.step()
    still = [name for name in before if torch.equal(new.get_parameter(name), before[name])]
    assert still == []


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"widths": (8, 8)}, "narrower"),
        ({"depths": (1, 1)}, "is gone"),
        ({"widths": (16, 16)}, "only one of the two has a shortcut"),
    ],
)
def test_what_cannot_be_preserved_is_said(change, why):
    _, _, found = _start(change)
    assert any(why in line for line in found.breaks)


def test_a_smaller_kernel_is_the_centre_and_a_larger_one_has_a_border_of_zeros():
    kernel = torch.arange(25.0).reshape(1, 1, 5, 5)
    assert torch.equal(carried(torch.ones(1, 1, 3, 3), kernel), kernel[:, :, 1:4, 1:4])
    larger = carried(torch.ones(1, 1, 7, 7), kernel)
    assert torch.equal(larger[:, :, 1:6, 1:6], kernel)
    assert larger.sum() == kernel.sum()


def test_old_outputs_read_nothing_new_and_new_outputs_keep_their_initialisation():
    made = carried(torch.full((3, 4), 7.0), torch.ones(2, 2))
    assert made.tolist() == [[1, 1, 0, 0], [1, 1, 0, 0], [7, 7, 7, 7]]


def test_other_classes_are_refused():
    small = tiny(num_classes=2)
    with pytest.raises(ValueError, match="num_classes is 3 here and 2 there"):
        warm_start(trained(tiny()), tiny(), state=trained(small).state_dict(), of=small)
