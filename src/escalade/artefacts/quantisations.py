"""int8.json: what members lose and gain as INT8."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from escalade.artefacts.latencies import Quartiles


@dataclass(frozen=True, slots=True, kw_only=True)
class CostlyLayer:
    """A layer, and its share of the squared errors that single layers alone make of the logits."""

    name: str
    share: float


@dataclass(frozen=True, slots=True, kw_only=True)
class QuantisedMember:
    """A member as INT8.

    Attributes:
        calibration: how ranges were chosen: entropy or percentile.
        num_calibration: training images that the ranges are from.
        num_images: search images that accuracies are from.
        fp32, int8: accuracies of both files on them, in 0..1.
        fp32_latency, int8_latency: seconds of a batch by onnxruntime on this device.
        layers: where the loss is above a point, those that cost most.
    """

    calibration: str
    num_calibration: int
    num_images: int
    fp32: float
    int8: float
    fp32_latency: Quartiles
    int8_latency: Quartiles
    layers: tuple[CostlyLayer, ...]

    @property
    def loss(self) -> float:
        """Of accuracy, in 0..1; negative where INT8 is better."""
        return self.fp32 - self.int8


@dataclass(frozen=True, slots=True, kw_only=True)
class Quantisations:
    """Members as INT8. Kernels differ from CPU to CPU, so family.json has nothing of it."""

    FILE: ClassVar[str] = "int8.json"
    STAGE: ClassVar[str] = "export"

    device: str
    batch_size: int
    members: Mapping[str, QuantisedMember]
