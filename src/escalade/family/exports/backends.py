"""What runs a network that is to be timed: torch as it is, torch's compiler, or ONNX Runtime."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from escalade.evaluate.timing.training_step import training_step
from escalade.evaluate.timing.turns import Run, inference
from escalade.family.exports.exporting import MissingExtra, export_onnx, onnx_session, quiet, trace
from escalade.train.runtime import Runtime

BACKENDS = ("eager", "compile", "onnx")
_COMPILERS = ("g++", "clang++", "c++", "cl")
# Networks of one class share a `forward`, and torch counts compilations by it.
_NUM_COMPILED = 4096


def ready(
    network: nn.Module,
    images: Tensor,
    *,
    backend: str,
    runtime: Runtime,
    train_classes: int | None = None,
) -> Run:
    """One batch of inference, or one training step, ready to be timed.

    - `eager`: the network as it is.
    - `compile`: torch's inductor; for inference of the exported program with batch norm folded.
      Compiled here, which takes a minute and more for a large network.
    - `onnx`: inference by ONNX Runtime on the CPU, batch norm folded.

    Args:
        network: on the runtime's device.
        images: (n, channels, side, side) on the device.
        backend: one of `BACKENDS`.
        runtime: device and precision.
        train_classes: number of classes of a training step; None is inference.

    Raises:
        ValueError: if the backend is unknown, not installed or cannot do this.
    """
    train = train_classes is not None
    check(backend, runtime=runtime, train=train)
    if backend == "eager":
        if train_classes is None:
            return inference(network, images, runtime=runtime)
        return training_step(network, images, num_classes=train_classes, runtime=runtime)
    if backend == "onnx":
        return _onnx(network.eval(), images)
    return _compiled(network, images, runtime=runtime, train_classes=train_classes)


def check(backend: str, *, runtime: Runtime, train: bool) -> None:
    """Whether this device can do it.

    Raises:
        ValueError: if not, saying what would work.
    """
    if backend not in BACKENDS:
        raise ValueError(f"backend: {backend!r} is not known; use {', '.join(BACKENDS)}")
    if backend == "onnx":
        if train:
            raise ValueError("backend: onnx does not train; use eager or compile")
        if runtime.on_cuda or runtime.precision != "fp32":
            raise ValueError("backend: onnx runs on the CPU in fp32 here; use eager or compile")
    if backend == "compile" and not runtime.on_cuda and not _has_compiler():
        raise ValueError(
            "backend: compile needs a C++ compiler and there is none here (g++ or clang++); "
            "install one, name it in CXX, or use eager or onnx"
        )


def _has_compiler() -> bool:
    named = os.environ.get("CXX")
    return any(shutil.which(name) for name in ((named,) if named else _COMPILERS))


def _onnx(network: nn.Module, images: Tensor) -> Run:
    """Exported to a file that is gone again; the export is compared with the network."""
    plain = images.contiguous()
    try:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "model.onnx"
            traced = trace(network, plain)
            export_onnx(network, path, traced=traced, images=plain, facts={})
            session = onnx_session(path.read_bytes())
    except MissingExtra as error:
        raise ValueError(f"backend: onnx: {error}") from None
    return partial(session, plain)


def _compiled(
    network: nn.Module, images: Tensor, *, runtime: Runtime, train_classes: int | None
) -> Run:
    compiled: Callable[[Tensor], Any]
    if train_classes is None:
        exported = trace(network.eval(), images).module()
        compiled = torch.compile(exported, dynamic=False)
        run: Run = partial(_infer, compiled, images, runtime)
    else:
        compiled = torch.compile(network.train(), dynamic=False)
        run = training_step(
            network, images, num_classes=train_classes, runtime=runtime, forward=compiled
        )
    limits = dict.fromkeys(("recompile_limit", "accumulated_recompile_limit"), _NUM_COMPILED)
    with quiet(), torch._dynamo.config.patch(limits):
        run()
    return run


def _infer(network: Callable[[Tensor], Any], images: Tensor, runtime: Runtime) -> None:
    with torch.no_grad(), runtime.autocast():
        network(images)
