"""Ranks end with torchrun, however that ended."""

from __future__ import annotations

import os
import select
import time

import pytest

from escalade.train.parents import end_with_agent

HANGS = 600  # seconds after which something hangs, also on a busy machine


@pytest.mark.slow
@pytest.mark.parametrize("by_torchrun", [True, False])
def test_a_rank_ends_with_its_agent(by_torchrun: bool) -> None:
    """One that was started by hand outlives its shell."""
    alive, held = os.pipe()
    if (agent := os.fork()) == 0:
        if os.fork() == 0:
            os.environ.pop("TORCHELASTIC_RUN_ID", None)
            if by_torchrun:
                os.environ["TORCHELASTIC_RUN_ID"] = "x"
            end_with_agent()
            os.write(held, b"x")
            time.sleep(HANGS if by_torchrun else 2)
            os.write(held, b"y")
            os._exit(0)
        time.sleep(HANGS)
    os.close(held)
    assert os.read(alive, 1) == b"x"
    os.kill(agent, 9)
    os.waitpid(agent, 0)
    assert select.select([alive], [], [], HANGS)[0]
    assert os.read(alive, 1) == (b"" if by_torchrun else b"y")
    os.close(alive)
