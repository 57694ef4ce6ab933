from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from rank_training import RECIPE, RECIPES, make_training
from tiny_training import Training, assert_equal

from rank_processes import run_ranks

SCRIPT = Path(__file__).with_name("rank_training.py")


@pytest.fixture(scope="module")
def ranks(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What two ranks have trained."""
    folder = tmp_path_factory.mktemp("ranks")
    run_ranks(SCRIPT, folder)
    return folder


@pytest.mark.slow
@pytest.mark.parametrize("kind", RECIPES)
def test_two_ranks_equal_one_with_two_groups(ranks: Path, tmp_path: Path, kind: str) -> None:
    one = make_training(kind)
    start = one.state()
    one.run()
    two = [torch.load(ranks / f"{kind}.{rank}", weights_only=True) for rank in range(2)]
    assert_equal(two[0], two[1])
    for name, value in one.state().items():
        torch.testing.assert_close(value, two[0][name], rtol=1e-4, atol=1e-6)
        assert not torch.equal(value, start[name]) or "blocks" in name  # it trained
    # Bits depend on the number of ranks, so no training goes on with another one.
    copied = shutil.copy(ranks / f"{kind}.pt", tmp_path / "two.pt")
    with pytest.raises(ValueError, match="trained with ranks = 2, now it is 1"):
        make_training(kind).run(checkpoint=copied)


def test_one_group_is_another_training() -> None:
    """Batch-norm groups matter, so the test above can fail."""
    one, two = Training(recipe=RECIPE), Training(recipe=replace(RECIPE, batch_norm_groups=1))
    one.run()
    two.run()
    name = "conv_stem.weight"
    assert (one.state()[name] - two.state()[name]).abs().max() > 1e-3
