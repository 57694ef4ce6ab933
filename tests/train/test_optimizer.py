from __future__ import annotations

import torch
from torch import nn

from escalade.train.optimizer import make_optimizer
from escalade.train.recipe import Recipe

RECIPE = Recipe(steps=1, learning_rate=0.1, momentum=0.9, weight_decay=0.5)


def _two_layers() -> tuple[nn.Linear, nn.Linear, torch.optim.SGD]:
    first, second = nn.Linear(2, 2), nn.Linear(2, 2)
    return first, second, make_optimizer(nn.ModuleList([first, second]), recipe=RECIPE)


def test_untouched_weights_see_neither_momentum_nor_decay() -> None:
    first, second, optimizer = _two_layers()
    for layer in (first, second):  # both have momentum now
        layer(torch.ones(1, 2)).sum().backward()
    optimizer.step()
    kept = second.weight.clone(), second.bias.clone()
    before = first.weight.clone()
    optimizer.zero_grad(set_to_none=True)
    first(torch.ones(1, 2)).sum().backward()
    optimizer.step()
    assert torch.equal(second.weight, kept[0])
    assert torch.equal(second.bias, kept[1])
    assert not torch.equal(first.weight, before)


def test_a_late_first_gradient_is_a_first_step() -> None:
    first, second, optimizer = _two_layers()
    first(torch.ones(1, 2)).sum().backward()
    optimizer.step()
    optimizer.zero_grad(set_to_none=True)
    weight, bias = second.weight.clone(), second.bias.clone()
    second(torch.ones(1, 2)).sum().backward()
    optimizer.step()
    # Nesterov's first step: lr * (1 + momentum) * gradient; biases without decay.
    assert torch.allclose(second.weight, weight - 0.1 * 1.9 * (1 + 0.5 * weight))
    assert torch.allclose(second.bias, bias - 0.1 * 1.9)


def test_batch_norm_and_biases_do_not_decay() -> None:
    network = nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2))
    optimizer = make_optimizer(network, recipe=RECIPE)
    decays = {
        id(parameter): group["weight_decay"]
        for group in optimizer.param_groups
        for parameter in group["params"]
    }
    found = {name: decays[id(p)] for name, p in network.named_parameters()}
    assert found == {"0.weight": 0.5, "0.bias": 0.0, "1.weight": 0.0, "1.bias": 0.0}
