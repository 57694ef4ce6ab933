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

import torch
from safetensors.torch import load_file
from torch import Tensor, nn

# --- this network ---
from escalade.data.decoding.decoding import Levels, to_square
from escalade.data.decoding.opening import open_image, quiet
from escalade.nets.mobile import build

NAME = ""
CLASSES: tuple[str, ...] = ()
SEVERAL = False  # whether an image may have several classes
CHANNELS, SIDE, RESOLUTION = 3, 32, 32
MEAN: tuple[float, ...] = ()
STD: tuple[float, ...] = ()
LEVELS: Levels = {}
NETWORK: dict[str, Any] = {}
# --- end ---

THRESHOLD = 0.5  # where an image may have several classes, what is as likely is named


def load() -> nn.Module:
    """The trained network in evaluation mode: (batch, CHANNELS, RESOLUTION, RESOLUTION) floats
    to (batch, classes) logits."""
    network = build(NETWORK)
    network.load_state_dict(load_file(Path(__file__).with_name("model.safetensors")))
    return network.eval()


def prepare(path: str | Path) -> Tensor:
    """An image file as a batch of one, treated as the training images were."""
    with open_image(Path(path)) as image:
        square = to_square(image, side=SIDE, in_channels=CHANNELS, levels=LEVELS)
    resized = torch.tensor(square)[None].float()
    if RESOLUTION != SIDE:
        resized = nn.functional.interpolate(
            resized, size=(RESOLUTION, RESOLUTION), mode="bilinear", antialias=True
        )
    mean, std = (torch.tensor(values).view(1, -1, 1, 1) for values in (MEAN, STD))
    return (resized / 255 - mean) / std


def classify(network: nn.Module, path: str | Path) -> list[tuple[str, float]]:
    """The classes of an image file with their probabilities, the likeliest first.

    They are shares of one (softmax) where an image has one class; where it may have several, each
    class has a probability of its own (sigmoid).
    """
    with torch.no_grad():
        logits = network(prepare(path))[0]
    shares = logits.sigmoid() if SEVERAL else logits.softmax(0)
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
            with quiet():
                found = classify(network, path)
        except Exception as error:  # Pillow raises nearly anything for a damaged file
            sys.stderr.write(f"{path}: cannot be read as an image ({error})\n")
            failed = 1
            continue
        sys.stdout.write(f"{path}\n")
        likely = [each for each in found if each[1] >= THRESHOLD] if SEVERAL else found[:5]
        for name, share in likely or found[:1]:
            sys.stdout.write(f"  {100 * share:5.1f} %  {name}\n")
    return failed


if __name__ == "__main__":
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")
    sys.exit(main(sys.argv[1:]))
