from __future__ import annotations

import os

import pytest
import torch

from escalade.train.runtime import Runtime


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
