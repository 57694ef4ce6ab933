from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from torch import Tensor, nn

from escalade.config.recipe import Recipe
from escalade.train.optimizer import make_optimizer

RECIPE = Recipe(steps=1, learning_rate=0.1, momentum=0.9, weight_decay=0.5)
RMSPROP = replace(RECIPE, optimizer="rmsprop")


def _two_layers(
    recipe: Recipe = RECIPE,
) -> tuple[nn.Linear, nn.Linear, torch.optim.Optimizer]:
    first, second = nn.Linear(2, 2), nn.Linear(2, 2)
    return first, second, make_optimizer(nn.ModuleList([first, second]), recipe=recipe)


@pytest.mark.parametrize("recipe", [RECIPE, RMSPROP], ids=["sgd", "rmsprop"])
def test_untouched_weights_see_neither_momentum_nor_decay(recipe: Recipe) -> None:
    first, second, optimizer = _two_layers(recipe)
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


def _tensorflow(weight: Tensor, gradients: list[Tensor], *, decay: float) -> Tensor:
    """tf.compat.v1.train.RMSPropOptimizer(0.1, decay=0.9, momentum=0.9, epsilon=1e-3), as written:

    mean_square = decay * mean_square + (1 - decay) * gradient^2, beginning at one
    mom = momentum * mom + learning_rate * gradient / sqrt(mean_square + epsilon)
    weight = weight - mom
    """
    square, mom = torch.ones_like(weight), torch.zeros_like(weight)
    for gradient in gradients:
        whole = gradient + decay * weight
        square = 0.9 * square + 0.1 * whole**2
        mom = 0.9 * mom + 0.1 * whole / (square + 1e-3).sqrt()
        weight = weight - mom
    return weight


def test_rmsprop_is_tensorflows_also_after_a_late_first_gradient() -> None:
    first, second, optimizer = _two_layers(RMSPROP)
    starts = [second.weight.clone(), second.bias.clone()]
    inputs = [torch.tensor([[1.0, -2.0]]), torch.tensor([[0.5, 3.0]]), torch.tensor([[-1.0, 0.1]])]
    for number, x in enumerate(inputs):
        optimizer.zero_grad(set_to_none=True)
        first(x).sum().backward()
        if number > 0:
            second(x).sum().backward()
        optimizer.step()
    weights = [x.expand(2, 2) for x in inputs[1:]]  # the gradient of a sum of outputs
    torch.testing.assert_close(second.weight, _tensorflow(starts[0], weights, decay=0.5))
    biases = [torch.ones(2)] * 2
    torch.testing.assert_close(second.bias, _tensorflow(starts[1], biases, decay=0.0))


@pytest.mark.parametrize("recipe", [RECIPE, RMSPROP], ids=["sgd", "rmsprop"])
def test_batch_norm_and_biases_do_not_decay(recipe: Recipe) -> None:
    network = nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2))
    optimizer = make_optimizer(network, recipe=recipe)
    decays = {
        id(parameter): group["weight_decay"]
        for group in optimizer.param_groups
        for parameter in group["params"]
    }
    found = {name: decays[id(p)] for name, p in network.named_parameters()}
    assert found == {"0.weight": 0.5, "0.bias": 0.0, "1.weight": 0.0, "1.bias": 0.0}
