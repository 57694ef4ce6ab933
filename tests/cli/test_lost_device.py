"""A GPU that fails in the middle of the work: one message, and the command that goes on."""

from __future__ import annotations

import pytest
import torch

from escalade import api

CUDA = (
    "CUDA error: unspecified launch failure\n"
    "CUDA kernel errors might be asynchronously reported at some other API call.\n"
    "For debugging consider passing CUDA_LAUNCH_BLOCKING=1"
)
LOST = [
    RuntimeError(CUDA),
    torch.AcceleratorError(CUDA),
    RuntimeError("NCCL error in: ProcessGroupNCCL.cpp:3690, unhandled system error"),
    RuntimeError("cuDNN error: CUDNN_STATUS_EXECUTION_FAILED"),
]


def failing(error):
    def fails(*_, **__):
        raise error

    return fails


@pytest.mark.parametrize("error", LOST, ids=lambda error: type(error).__name__)
def test_what_is_done_is_kept_and_how_it_goes_on(escalade, monkeypatch, error):
    monkeypatch.setattr(api, "run", failing(error))
    line = ("run", "--preset", "smoke", "--out", "my run")
    ended = escalade(*line)
    first, second = ended.err.splitlines()
    assert ended.code == 1
    words = str(error).splitlines()[0]
    assert first == (f"escalade: the GPU does not answer any more ({words}); what is done is kept.")
    assert second == "Go on with: escalade run --preset smoke --out 'my run'"


def test_what_keeps_nothing_begins_again(escalade, monkeypatch):
    monkeypatch.setattr(api, "plan", failing(RuntimeError(CUDA)))
    ended = escalade("plan", "--preset", "smoke")
    assert ended.code == 1
    assert ended.err.splitlines()[1] == "Again: escalade plan --preset smoke"


def test_too_little_memory_is_another_matter(escalade, monkeypatch):
    monkeypatch.setattr(api, "plan", failing(RuntimeError("CUDA error: out of memory")))
    ended = escalade("plan", "--preset", "smoke")
    assert "there is not enough memory" in ended.err
    assert "does not answer" not in ended.err
