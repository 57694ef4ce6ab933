"""An image classifier, on its own: this file and model.safetensors beside it are all there is.

    python model.py IMAGE...      names the likely classes of image files

    from model import load, prepare
    logits = load()(prepare("photo.jpg"))

It needs torch, timm, safetensors and pillow; the network is made of timm's blocks.
"""

from __future__ import annotations

import io
import sys
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image, ImageOps
from safetensors.torch import load_file
from torch import Tensor, nn

# --- this network ---
from escalade.nets.mobile import build

NAME = ""
CLASSES: tuple[str, ...] = ()
CHANNELS, SIDE, RESOLUTION = 3, 32, 32
MEAN: tuple[float, ...] = ()
STD: tuple[float, ...] = ()
NETWORK: dict[str, Any] = {}
# --- end ---


def load() -> nn.Module:
    """The trained network in evaluation mode: (batch, CHANNELS, RESOLUTION, RESOLUTION) floats
    to (batch, classes) logits."""
    network = build(NETWORK)
    network.load_state_dict(load_file(Path(__file__).with_name("model.safetensors")))
    return network.eval()


def prepare(path: str | Path) -> Tensor:
    """An image file as a batch of one, treated as the training images were."""
    with Image.open(path) as image:
        image.draft(None, (2 * SIDE, 2 * SIDE))
        image.load()
        ImageOps.exif_transpose(image, in_place=True)
        flat = _opaque(image).convert("L" if CHANNELS == 1 else "RGB")
    short = min(flat.size)
    left, top = (flat.width - short) / 2, (flat.height - short) / 2
    box = (left, top, left + short, top + short)
    square = np.asarray(flat.resize((SIDE, SIDE), Image.Resampling.BILINEAR, box=box))
    batch = torch.from_numpy(square.reshape(1, SIDE, SIDE, CHANNELS).copy()).permute(0, 3, 1, 2)
    resized = batch.float()
    if RESOLUTION != SIDE:
        resized = nn.functional.interpolate(
            resized, size=(RESOLUTION, RESOLUTION), mode="bilinear", antialias=True
        )
    mean, std = (torch.tensor(values).view(1, -1, 1, 1) for values in (MEAN, STD))
    return (resized / 255 - mean) / std


def classify(network: nn.Module, path: str | Path) -> list[tuple[str, float]]:
    """The classes of an image file with their probabilities, the likeliest first."""
    with torch.no_grad():
        shares = network(prepare(path)).softmax(1)[0]
    order = shares.argsort(descending=True)
    return [(CLASSES[i], float(shares[i])) for i in order.tolist()]


def main(paths: list[str]) -> int:
    """Classify the files; 0 if every one could be read."""
    if not paths:
        sys.stderr.write("usage: python model.py IMAGE...\n")
        return 2
    network, failed = load(), 0
    for path in paths:
        try:
            found = classify(network, path)
        except OSError as error:
            sys.stderr.write(f"{path}: cannot be read as an image ({error})\n")
            failed = 1
            continue
        sys.stdout.write(f"{path}\n")
        for name, share in found[:5]:
            sys.stdout.write(f"  {100 * share:5.1f} %  {name}\n")
    return failed


def _opaque(image: Image.Image) -> Image.Image:
    """Transparency on white, and more than eight bits scaled to eight."""
    if image.mode in ("I", "F") or image.mode.startswith("I;"):
        values = np.asarray(image).astype(np.float64)
        low, high = 0.0, 65535.0
        if image.mode == "F":
            high = 1.0 if values.max() <= 1 else 255.0
        if values.min() < low or values.max() > high:
            low, high = values.min(), values.max()
        scaled = np.rint((values - low) * (255 / max(high - low, 1e-12)))
        return Image.fromarray(scaled.astype(np.uint8))
    if image.mode in ("RGBA", "RGBa", "LA", "La", "PA") or "transparency" in image.info:
        image = image.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    return image


if __name__ == "__main__":
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")
    sys.exit(main(sys.argv[1:]))
