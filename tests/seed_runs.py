"""Runs from a small pretrained network, as files have it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import safetensors.torch
import torch

from escalade.api.beginning.begin import resolved
from escalade.artefacts.run_folder import RunFolder
from escalade.config import resolve
from escalade.core.network import cost
from escalade.core.network.architecture import Architecture
from escalade.core.network.block import Block, Head, SqueezeExcite, Stage, Stem
from escalade.nets.build import build
from escalade.planning.resolved_run import Run
from escalade.planning.seeded import keep_network, read_network, seeded
from escalade.train.console import Console
from noise_runs import RUNTIME, noise

NETWORK = Architecture(
    name="little",
    resolution=16,
    in_channels=1,
    num_classes=7,
    stem=Stem(width=16, activation="relu"),
    stages=(
        Stage(blocks=(Block(kind="dsconv", expansion=1.0, width=8, activation="relu"),)),
        Stage(
            blocks=(
                Block(kernel=5, stride=2, expansion=3.0, width=16, se=SqueezeExcite()),
                Block(kernel=3, expansion=2.0, width=16, se=SqueezeExcite()),
            )
        ),
    ),
    head=Head(width=32),
)
MACS = cost.of(NETWORK).macs
# Trainings of a few steps.
SHORT = {
    "supernet": {"recipe": {"steps": 4, "batch_size": 8}},
    "retrain": {"taper": 0, "recipe": {"steps": 6, "batch_size": 8}},
    "evaluation": {"recalibration_images": 32},
    "tolerance": 0.1,
}


def weights(seed: int = 0) -> dict[str, torch.Tensor]:
    """As a training leaves them, all different."""
    torch.manual_seed(seed)
    state = build(NETWORK).state_dict()
    for name, tensor in state.items():
        if name.endswith(("running_var", "weight")) and tensor.dim() == 1:
            tensor.uniform_(0.5, 1.5)
        elif tensor.is_floating_point() and tensor.dim() == 1:
            tensor.normal_(0.0, 0.1)
    return state


def write(folder: Path, *, seed: int = 0) -> tuple[Path, Path]:
    """Weights and architecture as files."""
    folder.mkdir(parents=True, exist_ok=True)
    network, file = folder / "little.json", folder / f"little-{seed}.safetensors"
    network.write_text(json.dumps(NETWORK.to_json()))
    safetensors.torch.save_file(weights(seed), file)
    return file, network


def run_from(folder: Path, *layers: Mapping[str, Any]) -> Run:
    """A run from the network that has begun in a folder, over noise; nothing is trained yet."""
    file, network = write(folder)
    named = {"source": str(file), "architecture": str(network)}
    budgets = [0.5 * MACS, float(MACS)]
    usual = {"data": "noise", "budgets": budgets, "workers": 1, "seed_network": named}
    given = resolve(usual, SHORT, *layers)
    read = read_network(given)
    assert read is not None
    run = resolved(
        seeded(given, read.facts), folder=RunFolder(folder / "run"), runtime=RUNTIME, read=read
    )
    run = replace(run, console=Console(quiet=True))
    run.__dict__["data"] = replace(noise(), mean=read.facts.mean, std=read.facts.std)
    keep_network(run.folder, read)
    return run
