"""The benchmark of peak memory: what ONNX Runtime's allocator tells is what it says it is."""

from __future__ import annotations

import importlib
from pathlib import Path

import pytest

from escalade.core.network.architecture import Architecture
from escalade.core.network.block import Block, Head, Stage, Stem

# A chain: nothing waits for anything, and every activation takes the place of its input.
CHAIN = Architecture(
    name="chain",
    resolution=32,
    in_channels=3,
    num_classes=5,
    stem=Stem(width=16, activation="relu"),
    stages=(
        Stage(blocks=(Block(kind="dsconv", expansion=1.0, width=8, activation="relu"),)),
        Stage(blocks=(Block(stride=2, expansion=4.0, width=24, activation="relu"),)),
    ),
    head=Head(width=32, activation="relu"),
)


@pytest.fixture(scope="module")
def planner():
    """The script, as a module."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(Path(__file__).parents[2] / "benchmarks")
        return importlib.import_module("planner")


def test_the_planner_holds_of_a_chain_what_we_count(planner):
    found = {each.level: each for each in planner.compared("chain", CHAIN)}
    # The largest layer is the depthwise one of stride 2: 32 channels of 16 x 16 to 8 x 8.
    assert found["extended"].ours == 4 * 32 * (16 * 16 + 8 * 8)
    assert found["extended"].held.planned == found["extended"].ours
    for each in found.values():
        assert each.held.planned <= each.held.with_workspace
        assert each.ratios()["planned"] == each.held.planned / each.ours
