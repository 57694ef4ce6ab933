"""A network for ExecuTorch, where its package is installed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor, nn

from escalade.family.exports.exporting import MissingExtra, checked, trace
from escalade.family.exports.parity import Parity

PTE_FILE = "model.pte"
INSTALL = "pip install executorch"


def export_executorch(network: nn.Module, path: Path, *, images: Tensor) -> Parity:
    """Save a network for ExecuTorch on CPUs (XNNPACK), for images one at a time.

    Raises:
        ExportMismatch: if ExecuTorch computes something else; the file is removed.
        MissingExtra: if executorch is not installed.
    """
    try:
        from executorch.backends.xnnpack.partition.xnnpack_partitioner import XnnpackPartitioner
        from executorch.exir import to_edge_transform_and_lower
        from executorch.runtime import Runtime
    except ImportError as error:
        raise MissingExtra(
            f"ExecuTorch export needs {error.name}, which is not installed: {INSTALL}"
        ) from None

    def make() -> bytes:
        traced = trace(network, images, one=True)
        lowered = to_edge_transform_and_lower(traced, partitioner=[XnnpackPartitioner()])
        return bytes(lowered.to_executorch().buffer)

    def load(content: bytes) -> Callable[[Tensor], Tensor]:
        forward = Runtime.get().load_program(content).load_method("forward")

        def one(image: Tensor) -> Tensor:
            made: Tensor = forward.execute([image])[0]
            return made.clone()

        return lambda some: torch.cat([one(image) for image in some[:, None]])

    return checked(network, path, make=make, load=load, images=images)
