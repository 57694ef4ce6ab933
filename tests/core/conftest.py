from __future__ import annotations

import pytest

from escalade.core.network.architecture import Architecture
from escalade.core.network.block import Block, Head, SqueezeExcite, Stage, Stem
from escalade.spaces.load import load


@pytest.fixture(scope="session")
def scalenet():
    return load("scalenet")


@pytest.fixture(scope="session")
def small():
    return load("small", factors=(1.0, 2.0, 4.0))


@pytest.fixture
def architecture() -> Architecture:
    """Every kind of field, none at its default."""
    se = SqueezeExcite(ratio=0.5, of="input", activation="swish", gate="sigmoid")
    plain = Block(kind="dsconv", width=12, expansion=1.0, activation="relu")
    blocks = (
        Block(kernel=5, stride=2, expansion=3.5, width=20, se=se, activation="relu6"),
        Block(kernel=7, expansion=2.0, width=20),
    )
    return Architecture(
        name="mine",
        resolution=21,
        in_channels=1,
        num_classes=5,
        stem=Stem(width=12, kernel=5, stride=1, activation="relu"),
        stages=(Stage(blocks=(plain,)), Stage(blocks=blocks)),
        head=Head(width=36, activation="swish"),
    )
