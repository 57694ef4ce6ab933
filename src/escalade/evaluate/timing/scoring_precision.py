"""Which precision scores faster on this device: a short look before a run begins."""

from __future__ import annotations

import torch

from escalade.config.settings import Precision
from escalade.core.network.architecture import Architecture
from escalade.evaluate.score import BATCH_SIZE
from escalade.evaluate.timing.turns import inference, random_images, take_turns
from escalade.nets.build import build
from escalade.supernet.recalibrate import fold
from escalade.train.runtime import Runtime

MOST_SHARE = 0.9  # of fp32's time that bf16 may take to be chosen: a look is short
NUM_REPEATS, NUM_WARMUP = 7, 2


def faster_precision(architecture: Architecture, *, runtime: Runtime) -> Precision:
    """bf16 where it is clearly faster than fp32; nothing is timed where the device lacks it.

    Args:
        architecture: a network like those that will be scored.
    """
    if not (runtime.on_cuda or has_bf16()):
        return "fp32"
    with runtime.private_randomness():
        network = fold(build(architecture).eval())
    network = network.to(runtime.device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    images = random_images(
        BATCH_SIZE,
        in_channels=architecture.in_channels,
        resolution=architecture.resolution,
        device=runtime.device,
    )
    runs = {
        precision: inference(
            network,
            images,
            runtime=Runtime(device=str(runtime.device), precision=precision, is_alone=True),
        )
        for precision in ("fp32", "bf16")
    }
    found = take_turns(
        runs,
        runtime=runtime,
        num_repeats=NUM_REPEATS,
        num_warmup=NUM_WARMUP,
        threads=None if runtime.on_cuda else 1,
    )
    return "bf16" if found["bf16"].median < MOST_SHARE * found["fp32"].median else "fp32"


def has_bf16() -> bool:
    """Whether this processor has instructions for bf16 that torch's convolutions use."""
    return bool(torch.ops.mkldnn._is_mkldnn_bf16_supported())
