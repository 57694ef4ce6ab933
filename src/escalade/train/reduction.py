"""Gradients averaged over ranks while the step's last backward pass still goes on."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Self

import torch
from torch import Tensor, nn
from torch.utils.hooks import RemovableHandle

BUCKET_BYTES = 8 << 20  # enough that an exchange takes longer than beginning it

# Begins to add up a tensor over ranks, in place; what it gives waits for the end.
BeginSum = Callable[[Tensor], Callable[[], object]]


@dataclass(slots=True)
class _Bucket:
    """Parameters whose gradients travel together."""

    parameters: list[nn.Parameter]
    num_awaited: int = 0
    gradients: list[Tensor] = field(default_factory=list)
    flat: Tensor | None = None
    wait: Callable[[], object] = lambda: None


class GradientReduction:
    """Averages gradients over ranks, once a step, in buckets.

    A step of several backward passes announces its last one (`begin`). Gradients that this pass
    does not touch, and those that it has added its own to, go off as soon as their bucket is full,
    in the same order on all ranks, which draw the same paths and so have the same gradients. What
    nobody announced goes off at the end.

    Hooks are on the parameters while this is entered.

    Args:
        parameters: in the order in which a forward pass meets them.
        num_ranks: that the gradients are of.
        begin_sum: adds up over ranks, in the background.
    """

    def __init__(
        self, parameters: Sequence[nn.Parameter], *, num_ranks: int, begin_sum: BeginSum
    ) -> None:
        self._parameters = parameters[::-1]  # as a backward pass meets them
        self._num_ranks = num_ranks
        self._begin_sum = begin_sum
        self._hooks: list[RemovableHandle] = []
        self._buckets: list[_Bucket] = []
        self._awaited: dict[nn.Parameter, _Bucket] = {}
        self._num_sent = 0

    def __enter__(self) -> Self:
        for parameter in self._parameters if self._num_ranks > 1 else ():
            hook = parameter.register_post_accumulate_grad_hook(self._on_gradient)  # type: ignore[no-untyped-call]
            self._hooks.append(hook)
        return self

    def __exit__(self, *_: object) -> None:
        for hook in self._hooks:
            hook.remove()
        self._hooks.clear()

    def begin(self, loss: Tensor) -> None:
        """The last backward pass of a step is about to begin, from this loss.

        Raises:
            ValueError: if it is not the first of which a step says so.
        """
        if self._buckets:
            raise ValueError(
                "a step said of two backward passes that they are its last; "
                "with several, give each its own of `batch.passes(num)`"
            )
        if self._num_ranks > 1:
            self._fill(touched=_parameters_of(loss))
            self._send()

    def finish(self) -> None:
        """All gradients there are become their averages."""
        if self._num_ranks == 1:
            return
        if not self._buckets:
            self._fill(touched=set())
        self._awaited.clear()
        self._send(all_of_them=True)
        for bucket in self._buckets:
            bucket.wait()
            if bucket.flat is None:
                continue
            bucket.flat /= self._num_ranks
            sizes = [gradient.numel() for gradient in bucket.gradients]
            parts = torch.split(bucket.flat, sizes)
            for gradient, part in zip(bucket.gradients, parts, strict=True):
                gradient.copy_(part.view(gradient.shape))
        self._buckets, self._num_sent = [], 0

    def _fill(self, *, touched: set[nn.Parameter]) -> None:
        """Lay out the buckets of this step."""
        size = BUCKET_BYTES
        for parameter in self._parameters:
            if parameter.grad is None and parameter not in touched:
                continue
            if size + parameter.nbytes > BUCKET_BYTES:
                self._buckets.append(_Bucket([]))
                size = 0
            bucket = self._buckets[-1]
            bucket.parameters.append(parameter)
            size += parameter.nbytes
            if parameter in touched:
                self._awaited[parameter] = bucket
                bucket.num_awaited += 1

    def _on_gradient(self, parameter: nn.Parameter) -> None:
        if (bucket := self._awaited.pop(parameter, None)) is not None:
            bucket.num_awaited -= 1
            if bucket.num_awaited == 0:
                self._send()

    def _send(self, *, all_of_them: bool = False) -> None:
        """Send the buckets that are full, in their order."""
        for bucket in self._buckets[self._num_sent :]:
            if bucket.num_awaited and not all_of_them:
                return
            self._num_sent += 1
            bucket.gradients = [p.grad for p in bucket.parameters if p.grad is not None]
            if bucket.gradients:
                bucket.flat = torch.cat([gradient.reshape(-1) for gradient in bucket.gradients])
                bucket.wait = self._begin_sum(bucket.flat)


def _parameters_of(loss: Tensor) -> set[nn.Parameter]:
    """Those that a loss is computed of, and will send gradients to."""
    found: set[nn.Parameter] = set()
    seen: set[object] = set()
    rest: list[object] = [loss.grad_fn]
    while rest:
        node = rest.pop()
        if node is None or node in seen:
            continue
        seen.add(node)
        variable = getattr(node, "variable", None)  # of a leaf
        if variable is not None:
            found.add(variable)
        rest.extend(_before(node))
    return found


def _before(node: object) -> Iterable[object]:
    return (each for each, _ in getattr(node, "next_functions", ()))
