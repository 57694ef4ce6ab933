"""What turns an image file into a network's input, as facts that travel with the weights."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from escalade.core.values.ranges import Count, NotNegative


@dataclass(frozen=True, slots=True, kw_only=True)
class Preprocessing:
    """From an image of any size to `in_channels` x `resolution` x `resolution` floats.

    Attributes:
        in_channels: 1 (grey) or 3 (RGB).
        side: images are first brought to side x side and eight bits (shorter side resized, centre
            cropped), as the training cache has them.
        resolution: then resized to this, bilinear with antialiasing.
        mean: per channel, in 0..1, subtracted.
        std: per channel, in 0..1, divided by.
    """

    in_channels: Count
    side: Count
    resolution: Count
    mean: tuple[float, ...]
    std: tuple[NotNegative, ...]

    def __post_init__(self) -> None:
        for name, values in (("mean", self.mean), ("std", self.std)):
            if len(values) != self.in_channels:
                raise ValueError(
                    f"{name}: {len(values)} values for {self.in_channels} channels; give one each"
                )

    def describe(self) -> str:
        """One sentence for cards and metadata."""
        colour = {1: "grey", 3: "RGB"}.get(self.in_channels, f"{self.in_channels} channels")
        return (
            f"Read as {colour}, resize the shorter side to {self.side} pixels and crop the centre "
            f"(eight bits), scale to 0..1, resize to {self.resolution} x {self.resolution} "
            f"(bilinear, antialias), subtract the mean {_numbers(self.mean)}, "
            f"divide by {_numbers(self.std)}; NCHW float."
        )

    def timm(self) -> dict[str, Any]:
        """The input fields of timm's `pretrained_cfg`."""
        return {
            "input_size": [self.in_channels, self.resolution, self.resolution],
            "fixed_input_size": False,
            "interpolation": "bilinear",
            "crop_pct": 1.0,
            "crop_mode": "center",
            "mean": list(self.mean),
            "std": list(self.std),
        }


def _numbers(values: tuple[float, ...]) -> str:
    return "(" + ", ".join(f"{value:.6g}" for value in values) + ")"
