"""A network's channels by their importance, the most important first; its function stays.

Narrower paths use the leading channels of every layer, so those had better be the ones that matter
(Once-for-all, section 3.2, sorts by the L1 norm of the weights that read a channel). Channels that
must stay in one order are one bundle: what a depthwise convolution or a gate takes and gives, and
all that shortcuts add up, such as the outputs of a stage. Groups stay whole.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from escalade.core.network.architecture import Architecture
from escalade.core.network.branches import Layers
from escalade.core.network.layers import Conv, Excitation, Layer, Linear, Pad
from escalade.core.network.parts import parts_of

Weights = Mapping[str, Tensor]


def sort_channels(weights: Weights, architecture: Architecture) -> dict[str, Tensor]:
    """The same network with its channels in another order, the most important first.

    A channel's importance is the L1 norm of all weights that read it, times the scale that it has
    there by the batch norms before. Images' channels and classes stay where they are.

    Args:
        weights: every tensor of the network, in timm's names; parameters suffice.
    """
    found = _Reading(weights)
    for prefix, part in parts_of(architecture):
        found.read(part.layers, prefix)
    orders = found.orders()
    made = dict(weights)
    for name, axes in found.axes.items():
        for axis, bundle in enumerate(axes):
            order = orders.get(found.root(bundle))
            if name in made and order is not None:
                made[name] = made[name].index_select(axis, order)
    return made


@dataclass(frozen=True, slots=True)
class _Flow:
    """Channels on their way: their bundle, and how large they are by the last norms."""

    bundle: int
    scale: Tensor


@dataclass(slots=True)
class _Bundle:
    """Channels in one order; `parent` is another bundle that they have to be one with."""

    width: int
    group: int = 1
    fixed: bool = False
    parent: int | None = None
    importance: Tensor = field(default_factory=lambda: torch.zeros(()))


class _Reading:
    """Goes through a network's layers, bundles channels and adds up who reads them.

    Attributes:
        axes: of every tensor, the bundle of each axis that has channels.
    """

    def __init__(self, weights: Weights) -> None:
        self._weights = weights
        self._bundles: list[_Bundle] = []
        self._prefix = ""
        self._at: _Flow | None = None
        self.axes: dict[str, tuple[int, ...]] = {}

    def read(self, layers: Layers, prefix: str) -> None:
        """Take in the next part."""
        self._prefix = prefix
        start = self._at
        end = self._chain(layers.branch, start)
        if layers.shortcut is not None:
            end = self._sum(end, self._chain(layers.shortcut, start))
        self._at = end

    def root(self, bundle: int) -> int:
        """The bundle that stands for all that are one with it."""
        while (parent := self._bundles[bundle].parent) is not None:
            bundle = parent
        return bundle

    def orders(self) -> dict[int, Tensor]:
        """Channels of every bundle that may be sorted, most important first.

        Of equal ones the first stays first.
        """
        found = {}
        for number, bundle in enumerate(self._bundles):
            if bundle.parent is None and not bundle.fixed:
                groups = bundle.importance.reshape(-1, bundle.group)
                order = groups.sum(1).argsort(descending=True, stable=True)
                places = torch.arange(bundle.width).reshape(-1, bundle.group)
                found[number] = places[order].flatten()
        return found

    def _chain(self, layers: tuple[Layer, ...], flow: _Flow | None) -> _Flow:
        for layer in layers:
            take = _TAKES.get(type(layer))
            flow = flow if take is None else take(self, layer, flow)
        assert flow is not None
        return flow

    def _conv(self, conv: Conv, flow: _Flow | None) -> _Flow:
        name = f"{self._prefix}{conv.name}.weight"
        weight = self._weights[name].double()
        flow = flow or self._new(conv.in_width, fixed=True)
        if conv.depthwise:
            bundle = flow.bundle
            self.axes[name] = (bundle,)
        elif conv.reads_all:
            self._is_read(flow, weight.abs().sum((0, 2, 3)))
            bundle = self._new(conv.width).bundle
            self.axes[name] = (bundle, flow.bundle)
        else:
            bundle = self._grouped(flow, conv, weight)
            self.axes[name] = (bundle,)
        self._is_one_axis(conv, bundle)
        scale = weight.flatten(1).norm(dim=1)
        if conv.norm is not None:
            scale = self._weights[f"{self._prefix}{conv.norm}.weight"].double().abs()
        return _Flow(bundle, scale)

    def _grouped(self, flow: _Flow, conv: Conv, weight: Tensor) -> int:
        """Groups are read by the same groups; their channels stay in order."""
        num = conv.in_width // conv.reads
        reads = weight.abs().sum((2, 3)).reshape(num, -1, conv.reads)
        self._is_read(flow, reads.sum(1).flatten())
        made = self._new(conv.width).bundle
        for number in (self.root(flow.bundle), made):
            self._bundles[number].group = conv.reads
        return self._join(flow.bundle, made)

    def _linear(self, linear: Linear, flow: _Flow | None) -> _Flow:
        name = f"{self._prefix}{linear.name}.weight"
        assert flow is not None
        self._is_read(flow, self._weights[name].double().abs().sum(0))
        made = self._new(linear.width, fixed=True)
        self.axes[name] = (made.bundle, flow.bundle)
        return made

    def _excite(self, excitation: Excitation, flow: _Flow | None) -> _Flow:
        assert flow is not None
        gate = self._conv(excitation.expand, self._conv(excitation.reduce, flow))
        self._join(flow.bundle, gate.bundle)
        return flow

    def _pad(self, pad: Pad, flow: _Flow | None) -> _Flow:
        raise ValueError("channels of a network with layers left out cannot be sorted")

    def _sum(self, one: _Flow, other: _Flow) -> _Flow:
        bundle = self._join(one.bundle, other.bundle)
        return _Flow(bundle, (one.scale**2 + other.scale**2).sqrt())

    def _new(self, width: int, *, fixed: bool = False) -> _Flow:
        importance = torch.zeros(width, dtype=torch.float64)
        self._bundles.append(_Bundle(width, fixed=fixed, importance=importance))
        return _Flow(len(self._bundles) - 1, torch.ones(width, dtype=torch.float64))

    def _is_read(self, flow: _Flow, weights: Tensor) -> None:
        bundle = self._bundles[self.root(flow.bundle)]
        bundle.importance = bundle.importance + flow.scale * weights

    def _is_one_axis(self, conv: Conv, bundle: int) -> None:
        for name in _vectors(conv):
            self.axes[self._prefix + name] = (bundle,)

    def _join(self, one: int, other: int) -> int:
        """Make two bundles one."""
        kept, lost = sorted((self.root(one), self.root(other)))
        if kept != lost:
            first, second = self._bundles[kept], self._bundles[lost]
            first.importance = first.importance + second.importance
            first.group, first.fixed = max(first.group, second.group), first.fixed or second.fixed
            second.parent = kept
        return kept


def _vectors(conv: Conv) -> Iterator[str]:
    """Tensors of a convolution and its norm that have one number a channel."""
    yield f"{conv.name}.bias"
    if conv.norm is not None:
        for kind in ("weight", "bias", "running_mean", "running_var"):
            yield f"{conv.norm}.{kind}"


_TAKES: dict[type, Callable[[_Reading, Any, _Flow | None], _Flow]] = {
    Conv: _Reading._conv,
    Linear: _Reading._linear,
    Excitation: _Reading._excite,
    Pad: _Reading._pad,
}
