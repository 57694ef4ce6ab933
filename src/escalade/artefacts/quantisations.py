"""int8.json: what members lose and gain as INT8."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from escalade.artefacts.latencies import Quartiles
from escalade.core.values.codec import ABSENT

# Above this loss of accuracy layers that cost it are looked for, and tuning may help.
MOST_LOSS = 0.01


@dataclass(frozen=True, slots=True, kw_only=True)
class CostlyLayer:
    """A layer, and its share of the squared errors that single layers alone make of the logits."""

    name: str
    share: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Tuning:
    """A short training with the rounding of INT8 in place, and what it was worth.

    Attributes:
        num_steps: of the training.
        before: the accuracy of static quantisation alone.
        after: that of the trained weights, quantised alike; None where training diverged.
    """

    num_steps: int
    before: float
    after: float | None

    @property
    def is_kept(self) -> bool:
        """Whether the file has the trained weights."""
        return self.after is not None and self.after > self.before


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
        tuning: where it was above a point at first, and the member was tuned.
    """

    calibration: str
    num_calibration: int
    num_images: int
    fp32: float
    int8: float
    fp32_latency: Quartiles
    int8_latency: Quartiles
    layers: tuple[CostlyLayer, ...]
    tuning: Tuning | None = field(default=None, metadata=ABSENT)

    @property
    def loss(self) -> float:
        """Of accuracy, in 0..1; negative where INT8 is better."""
        return self.fp32 - self.int8

    @property
    def wants_tuning(self) -> bool:
        """Whether more than a point is lost, and nobody has tried to get it back."""
        return self.loss > MOST_LOSS and self.tuning is None


@dataclass(frozen=True, slots=True, kw_only=True)
class Quantisations:
    """Members as INT8. Kernels differ from CPU to CPU, so family.json has nothing of it."""

    FILE: ClassVar[str] = "int8.json"
    STAGE: ClassVar[str] = "export"

    device: str
    batch_size: int
    members: Mapping[str, QuantisedMember]
