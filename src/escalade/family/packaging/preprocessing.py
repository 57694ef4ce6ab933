"""What turns an image file into a network's input, as facts that travel with the weights."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from escalade.core.values.invalid import Invalid
from escalade.core.values.ranges import Count, NotNegative
from escalade.data.decoding.decoding import FULL_LEVELS, Levels


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
        levels: which values of images of more than eight bits become 0 and 255, of whole numbers
            and of others.
    """

    in_channels: Count
    side: Count
    resolution: Count
    mean: tuple[float, ...]
    std: tuple[NotNegative, ...]
    levels: Levels = field(default_factory=lambda: FULL_LEVELS)

    def __post_init__(self) -> None:
        for name, values in (("mean", self.mean), ("std", self.std)):
            if len(values) != self.in_channels:
                raise ValueError(
                    f"{name}: {len(values)} values for {self.in_channels} channels; give one each"
                )

        if self.levels.keys() != FULL_LEVELS.keys():
            raise Invalid(f"expected {' and '.join(FULL_LEVELS)}", path=("levels",))

    def describe(self) -> str:
        """One sentence for cards and metadata."""
        deep = " and ".join(
            f"{low:g} to {high:g} ({kind})" for kind, (low, high) in self.levels.items()
        )
        colour = {1: "grey", 3: "RGB"}.get(self.in_channels, f"{self.in_channels} channels")
        return (
            f"Read as {colour}, resize the shorter side to {self.side} pixels and crop the centre "
            f"(eight bits; more of them from {deep}), scale to 0..1, "
            f"resize to {self.resolution} x {self.resolution} (bilinear, antialias), "
            f"subtract the mean {_numbers(self.mean)}, "
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
