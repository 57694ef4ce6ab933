"""An export is compared with the torch network on real images, and refused if they differ."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

TOLERANCE = 1e-4
BATCH_SIZES = (1, 7)


class ExportMismatch(RuntimeError):
    """An exported file does not compute what the network computes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parity:
    """What a comparison found.

    Attributes:
        name: the export, such as `model.onnx`.
        num_images: images compared.
        batch_sizes: the batch sizes that were run.
        max_difference: largest difference of a logit, relative to the largest logit.
        inside: whether the export does the preprocessing, so that it takes bytes.
    """

    name: str
    num_images: int
    batch_sizes: tuple[int, ...]
    max_difference: float
    inside: bool = False


def compare(
    network: Callable[[Tensor], Tensor],
    exported: Callable[[Tensor], Tensor],
    images: Tensor,
    *,
    name: str,
    batch_sizes: Sequence[int] = BATCH_SIZES,
    tolerance: float = TOLERANCE,
) -> Parity:
    """Run `network` and `exported` on the same images, once per batch size.

    Args:
        network: in evaluation mode.
        exported: takes and gives what `network` does.
        images: (n, channels, side, side), real and as both take them; repeated if n is too small.
        name: what to call the export in errors.
        batch_sizes: at least two show that the batch is dynamic.
        tolerance: on the largest difference, relative to the largest absolute logit.

    Raises:
        ExportMismatch: if a shape or a logit differs, or another class wins although its lead is
            above the tolerance; the message has the numbers.
    """
    worst = 0.0
    for size in batch_sizes:
        batch = images[torch.arange(size) % len(images)].contiguous()
        with torch.no_grad():
            expected = network(batch)
            try:
                got = exported(batch)
            except Exception as error:
                raise ExportMismatch(f"{name}: fails on a batch of {size}: {error}") from error
        worst = max(worst, _difference(expected, got, f"{name}, batch of {size}", tolerance))
    return Parity(
        name=name,
        num_images=min(max(batch_sizes), len(images)),
        batch_sizes=tuple(batch_sizes),
        max_difference=worst,
    )


def _difference(expected: Tensor, got: Tensor, where: str, tolerance: float) -> float:
    if got.shape != expected.shape:
        raise ExportMismatch(
            f"{where}: gives logits of shape {tuple(got.shape)}, "
            f"the torch network {tuple(expected.shape)}"
        )
    scale = float(expected.abs().max().clamp_min(torch.finfo(expected.dtype).tiny))
    difference = float((got - expected).abs().max()) / scale
    if not difference <= tolerance:  # a NaN is a mismatch too
        raise ExportMismatch(
            f"{where}: logits differ by {difference:.2e} of the largest, allowed is {tolerance:.0e}"
        )
    top = expected.topk(2, dim=1).values
    clear = (top[:, 0] - top[:, 1]) / scale > tolerance
    wrong = int((clear & (got.argmax(1) != expected.argmax(1))).sum())
    if wrong:
        raise ExportMismatch(f"{where}: {wrong} of {len(got)} images get another class")
    return difference
