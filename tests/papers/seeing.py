"""What the checks of the papers' rows look at: the answer of a command, and the folders it made."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import torch
import yaml
from safetensors.torch import load_file

from escalade.api.beginning.begin import open_run


@dataclass(frozen=True)
class Seen:
    """A command that has ended.

    Attributes:
        place: where it ran.
        said: all that it wrote.
    """

    place: Path
    said: str

    def json(self, file: str) -> Any:
        return json.loads((self.place / file).read_text())

    def config(self, run: str) -> Any:
        return yaml.safe_load((self.place / run / "config.yaml").read_text())

    def page(self, run: str) -> str:
        """The report, its lines joined."""
        return " ".join((self.place / run / "report.html").read_text().split())

    def cells(self) -> dict[str, list[str]]:
        """The rows of a table of `compare` or `scale`, by their names."""
        lines = (re.split(r"\s{2,}", line.strip()) for line in self.said.splitlines())
        return {name: cells for name, *cells in lines}

    def rates(self, run: str) -> list[float]:
        """Learning rates of the supernet, step by step as they were noted."""
        lines = (self.place / run / "metrics.jsonl").read_text().splitlines()
        rows = [json.loads(line) for line in lines]
        return [row["learning_rate"] for row in rows if row["stage"] == "train"]

    def supernet(self, run: str) -> tuple[dict[str, torch.Tensor], dict[str, torch.Tensor]]:
        """The supernet's weights as they began and as they are."""
        began = open_run(self.place / run).new_supernet().state_dict()
        return began, load_file(self.place / run / "supernet" / "supernet.safetensors")

    def last_channels(self, run: str) -> float:
        """How far the last quarter of output channels moved, relative to the first: the median."""
        began, now = self.supernet(run)
        found = []
        for name, weight in now.items():
            if weight.ndim == 4 and min(weight.shape[:2]) >= 8:
                moved = (weight - began[name]).abs().mean(dim=(1, 2, 3))
                quarter = len(moved) // 4
                first, last = moved[:quarter].mean().item(), moved[-quarter:].mean().item()
                found += [last / first] if first > 0 else []
        return median(found)
