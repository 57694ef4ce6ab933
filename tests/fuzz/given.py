"""What is right, of documents, golden tests, presets and spaces: what mutations begin with."""

from __future__ import annotations

import json
from importlib import resources
from pathlib import Path
from typing import Any

import yaml

from documents import DOCUMENTS, commands
from escalade.spaces import known

GOLDEN = Path(__file__).parents[1] / "golden"


def lines() -> list[list[str]]:
    """Words of command lines, without the program's name; a target or two in each at most."""
    written = yaml.safe_load((GOLDEN / "commands.yaml").read_text())
    found = [line.split() for kind, each in written.items() if kind != "wrong" for line in each]
    for document in DOCUMENTS:
        found += [words[1:] for words in commands(document) if words[0] == "escalade"]
    few = [words for words in found if sum(":" in word for word in words) <= 2]
    return [list(words) for words in sorted({tuple(words) for words in few})]


def configurations() -> list[str]:
    """Files of settings: presets and golden runs."""
    runs = sorted((GOLDEN / "runs").glob("*.yaml"))
    return [*_texts("escalade.presets"), *(path.read_text() for path in runs)]


def spaces() -> list[str]:
    """Files of spaces."""
    return [*_texts("escalade.spaces"), (GOLDEN / "inputs/space.yaml").read_text()]


def networks() -> list[str]:
    """Files of architectures, one of every kind."""
    names = ("mobilenet_v3_large", "regnet_y_400mf", "scarlet_a")
    data: list[Any] = [known.load(name).to_json() for name in names]
    return [json.dumps(each, indent=1) for each in data]


def _texts(package: str) -> list[str]:
    files = sorted(resources.files(package).iterdir(), key=lambda file: file.name)
    return [file.read_text() for file in files if file.name.endswith(".yaml")]
