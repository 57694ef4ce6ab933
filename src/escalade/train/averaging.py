"""The average of the weights over the last part of a training."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel


class WeightAverage:
    """An exponential moving average of all weights and batch-norm statistics.

    Every step counts, also for weights that a supernet's path left alone: the average is one of
    whole networks, over the same steps for all weights.

    The average weighs the past by exp(-steps / window), with a window of `share` of the training,
    so that it means the same for any length and batch size. While the learning rate warms up it
    is a copy.

    Args:
        network: on its device, in its memory format; read, never changed, by `update`.
        share: of the training that the average looks back on, in (0, 1].
        num_copied: steps at the beginning that it only copies.
    """

    def __init__(
        self, network: nn.Module, *, share: float, num_steps: int, num_copied: int
    ) -> None:
        self._network = network
        self._num_copied = num_copied
        self._weight = min(1.0, 1.0 / (share * num_steps))
        self._model = AveragedModel(network, multi_avg_fn=self._blend, use_buffers=True)

    def update(self, *, step: int) -> None:
        """Take in the network's weights after this step, counted from 0."""
        if step < self._num_copied:
            self._model.n_averaged.zero_()
        self._model.update_parameters(self._network)

    @torch.no_grad()
    def give(self) -> None:
        self._network.load_state_dict(self._model.module.state_dict())

    def state_dict(self) -> dict[str, Any]:
        return self._model.state_dict()

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self._model.load_state_dict(state)

    @torch.no_grad()
    def _blend(
        self,
        averages: tuple[Tensor, ...] | list[Tensor],
        values: tuple[Tensor, ...] | list[Tensor],
        num_averaged: Tensor | int,
    ) -> None:
        if averages[0].is_floating_point():
            torch._foreach_lerp_(averages, values, self._weight)
        else:  # counters of batches
            torch._foreach_copy_(averages, values)
