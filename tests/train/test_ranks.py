from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from rank_training import RECIPE, make_training
from tiny_training import Training, assert_equal
from torch import Tensor

from rank_processes import run_ranks

SCRIPT = Path(__file__).with_name("rank_training.py")


def _run_ranks(
    out: Path, checkpoint: Path, *, kind: str, world_size: int
) -> list[dict[str, Tensor]]:
    run_ranks(SCRIPT, out, checkpoint, kind, world_size=world_size)
    return [torch.load(f"{out}.{rank}", weights_only=True) for rank in range(world_size)]


@pytest.mark.parametrize("kind", ["single", "sandwich", "fair"])
def test_two_ranks_equal_one_with_two_groups(tmp_path: Path, kind: str) -> None:
    one = make_training(kind)
    start = one.state()
    one.run()
    two = _run_ranks(tmp_path / "two", tmp_path / "two.pt", kind=kind, world_size=2)
    assert_equal(two[0], two[1])
    for name, value in one.state().items():
        torch.testing.assert_close(value, two[0][name], rtol=1e-4, atol=1e-6)
        assert not torch.equal(value, start[name]) or "blocks" in name  # it trained
    # Bits depend on the number of ranks, so no training goes on with another one.
    with pytest.raises(ValueError, match="trained with ranks = 2, now it is 1"):
        make_training(kind).run(checkpoint=tmp_path / "two.pt")


def test_one_group_is_another_training() -> None:
    """Batch-norm groups matter, so the test above can fail."""
    one, two = Training(recipe=RECIPE), Training(recipe=replace(RECIPE, batch_norm_groups=1))
    one.run()
    two.run()
    name = "conv_stem.weight"
    assert (one.state()[name] - two.state()[name]).abs().max() > 1e-3
