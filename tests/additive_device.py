"""A timer that measures nothing: it adds up what a made-up device takes, everywhere the same."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import nn

from escalade.evaluate.timing.part_times import Timed


class Additive:
    """A device that takes a fixed time a layer and a nanosecond a multiply-add.

    A whole network takes `overhead` more.
    """

    def __init__(self, *, overhead: float = 0.0) -> None:
        self.overhead = overhead
        self.asked: list[str] = []

    def __call__(self, modules: Sequence[Timed]) -> list[float]:
        self.asked += [f"{module} {shape}" for module, shape in modules]
        return [self._seconds(module, shape) for module, shape in modules]

    def _seconds(self, module: nn.Module, shape: tuple[int, int, int]) -> float:
        is_network = hasattr(module, "conv_stem") or hasattr(module, "stem")
        found = self.overhead if is_network else 0.0

        def count(layer: nn.Module, _: object, output: torch.Tensor) -> None:
            nonlocal found
            found += 5e-6
            if isinstance(layer, nn.Conv2d):
                area = output.shape[-1] * output.shape[-2]
                found += 1e-9 * layer.weight.numel() * area
            elif isinstance(layer, nn.Linear):
                found += 1e-9 * layer.weight.numel()

        layers = [each for each in module.modules() if not list(each.children())]
        hooks = [each.register_forward_hook(count) for each in layers]
        with torch.inference_mode():
            module(torch.zeros(1, *shape))
        for hook in hooks:
            hook.remove()
        return found
