from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest
import torch
from rank_training import KINDS, RECIPE, make_training
from tiny_training import Training, assert_equal

from escalade.train.runtime import Runtime
from rank_processes import run_ranks

SCRIPT = Path(__file__).with_name("rank_training.py")


@pytest.fixture(scope="module")
def ranks(tmp_path_factory: pytest.TempPathFactory) -> Callable[[int], Path]:
    """What so many ranks have trained, everything twice and equal to the bit."""

    @cache
    def trained(num: int) -> Path:
        folder = tmp_path_factory.mktemp("ranks")
        run_ranks(SCRIPT, folder, world_size=num)
        return folder

    return trained


@pytest.mark.slow
@pytest.mark.parametrize(("num", "kind"), [(num, kind) for num in KINDS for kind in KINDS[num]])
def test_ranks_equal_one_with_as_many_groups(
    ranks: Callable[[int], Path], tmp_path: Path, num: int, kind: str
) -> None:
    folder = ranks(num)
    one = make_training(kind, groups=num)
    start = one.state()
    one.run()
    several = [torch.load(folder / f"{kind}.{rank}", weights_only=True) for rank in range(num)]
    for other in several[1:]:
        assert_equal(several[0], other)
    for name, value in one.state().items():
        torch.testing.assert_close(value, several[0][name], rtol=1e-4, atol=1e-6)
        assert not torch.equal(value, start[name]) or "blocks" in name  # it trained
    # Bits depend on the number of ranks, so no training goes on with another one.
    copied = shutil.copy(folder / f"{kind}.pt", tmp_path / "copy.pt")
    with pytest.raises(ValueError, match=f"trained with ranks = {num}, now it is 1"):
        make_training(kind, groups=num).run(checkpoint=copied)


def test_one_group_is_another_training() -> None:
    """Batch-norm groups matter, so the test above can fail."""
    one, two = Training(recipe=RECIPE), Training(recipe=replace(RECIPE, batch_norm_groups=1))
    one.run()
    two.run()
    name = "conv_stem.weight"
    assert (one.state()[name] - two.state()[name]).abs().max() > 1e-3


def test_free_memory_is_less_than_the_machine_has() -> None:
    total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    assert 0 < Runtime(device="cpu").free_memory() < total


def test_unknown_free_memory_says_what_to_give(monkeypatch: pytest.MonkeyPatch) -> None:
    def unreadable(_: object, **__: object) -> str:
        raise OSError

    monkeypatch.setattr("escalade.train.runtime.Path.read_text", unreadable)
    with pytest.raises(ValueError, match="give the batch size"):
        Runtime(device="cpu").free_memory()


def test_kernels_are_tuned_inside_and_repeatable_again_after() -> None:
    cudnn = torch.backends.cudnn
    before = cudnn.benchmark, cudnn.deterministic
    with Runtime(device="cpu").tuned_kernels():
        assert (cudnn.benchmark, cudnn.deterministic) == (True, False)
    assert (cudnn.benchmark, cudnn.deterministic) == before
