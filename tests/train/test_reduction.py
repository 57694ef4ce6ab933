from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from tiny_training import Training
from torch import Tensor, nn

from escalade.train.reduction import GradientReduction
from escalade.train.step import Batch


class TwoRanks:
    """Another rank with gradients three times as large: averages are twice one's own."""

    def __init__(self) -> None:
        self.sent: list[int] = []
        self.waited = 0

    def begin_sum(self, flat: Tensor) -> Callable[[], object]:
        self.sent.append(flat.numel())
        flat *= 4
        return self.wait

    def wait(self) -> None:
        self.waited += 1


@pytest.fixture(autouse=True)
def small_buckets(monkeypatch: pytest.MonkeyPatch) -> None:
    """One parameter each."""
    monkeypatch.setattr("escalade.train.reduction.BUCKET_BYTES", 1)


def layers() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Linear(2, 3, bias=False), nn.Linear(3, 4, bias=False), nn.Linear(4, 5, bias=False)
    )


def reduction(network: nn.Module, ranks: TwoRanks) -> GradientReduction:
    return GradientReduction([*network.parameters()], num_ranks=2, begin_sum=ranks.begin_sum)


def test_gradients_go_off_while_the_last_pass_goes_on() -> None:
    network, ranks = layers(), TwoRanks()
    with reduction(network, ranks) as averaging:
        images, seen = torch.ones(1, 2), []
        hidden = network[0](images)
        hidden.register_hook(lambda _: seen.append(list(ranks.sent)))
        loss = network[2](network[1](hidden)).sum()
        averaging.begin(loss)
        loss.backward()
        assert seen == [[20, 12]]  # the last layer's went first, before the first one's were there
        assert ranks.sent == [20, 12, 6]
        alone = [p.grad.clone() for p in network.parameters() if p.grad is not None]
        averaging.finish()
    assert ranks.waited == 3
    for parameter, own in zip(network.parameters(), alone, strict=True):
        assert parameter.grad is not None
        assert parameter.grad.equal(2 * own)


def test_what_the_last_pass_does_not_touch_goes_off_before_it() -> None:
    network, ranks = layers(), TwoRanks()
    with reduction(network, ranks) as averaging:
        network[2](torch.ones(1, 4)).sum().backward()
        loss = network[0](torch.ones(1, 2)).sum()
        averaging.begin(loss)
        assert ranks.sent == [20]
        loss.backward()
        assert ranks.sent == [20, 6]
        averaging.finish()
    assert network[1].weight.grad is None
    assert ranks.sent == [20, 6]


def test_what_nobody_announced_goes_off_at_the_end() -> None:
    network, ranks = layers(), TwoRanks()
    with reduction(network, ranks) as averaging:
        for _ in range(2):
            network(torch.ones(1, 2)).sum().backward()
            assert ranks.sent == []
        own = network[0].weight.grad.clone()
        averaging.finish()
    assert ranks.sent == [20, 12, 6]
    assert network[0].weight.grad.equal(2 * own)


def test_two_last_passes_are_refused() -> None:
    network = layers()
    with reduction(network, TwoRanks()) as averaging:
        loss = network(torch.ones(1, 2)).sum()
        averaging.begin(loss)
        with pytest.raises(ValueError, match=r"(?s)two backward passes .* `batch\.passes"):
            averaging.begin(loss)


def test_no_hook_stays() -> None:
    network, ranks = layers(), TwoRanks()
    with reduction(network, ranks) as averaging:
        averaging.begin(network(torch.ones(1, 2)).sum())
    network(torch.ones(1, 2)).sum().backward()
    assert ranks.sent == []


@pytest.mark.parametrize("kind", [{}, {"sandwich": True}, {"fair": True}])
def test_every_step_announces_its_last_pass_alone(kind: dict[str, bool]) -> None:
    """Its gradients were all there when that pass ended, and those that it left before it began."""
    training = Training(**kind)
    announced: list[Tensor] = []
    images, labels = training.batches.at(0)
    ended: list[bool] = []

    def on_last(loss: Tensor) -> None:
        announced.append(loss)
        loss.register_hook(lambda _: ended.append(True))

    batch = Batch(images=images, labels=labels, step=0, share=1.0, on_last=on_last)
    passes = 0

    def count(*_: object) -> None:
        nonlocal passes
        passes += 1
        assert not ended

    training.network.register_forward_pre_hook(count)
    training.step(batch)
    assert (len(announced), len(ended)) == (1, 1)
    assert passes == (4 if kind else 1)
