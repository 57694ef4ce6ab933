"""The ranks of one run as processes, started as torchrun starts them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from torch.distributed import TCPStore

HANGS = 600  # seconds after which something hangs, also on a busy machine


def run_ranks(script: Path, *arguments: object, world_size: int = 2) -> None:
    """Run a script once a rank, and check that every rank ends well.

    The store where ranks meet is in this process, as in torchrun's agent: its port is bound before
    a rank starts, so that nobody else can take it.
    """
    store = TCPStore("127.0.0.1", 0, is_master=True, wait_for_workers=False)
    common = os.environ | {
        "PYTHONPATH": os.pathsep.join(path for path in sys.path if path),
        "MASTER_ADDR": "127.0.0.1",
        "MASTER_PORT": str(store.port),
        "WORLD_SIZE": str(world_size),
        "TORCHELASTIC_USE_AGENT_STORE": "True",
        "TORCHELASTIC_RESTART_COUNT": "0",
    }
    command = [sys.executable, str(script), *map(str, arguments)]
    ranks = [
        subprocess.Popen(command, env=common | {"RANK": str(rank)}) for rank in range(world_size)
    ]
    try:
        assert [rank.wait(timeout=HANGS) for rank in ranks] == [0] * world_size
    finally:
        for rank in ranks:  # a rank whose fellow failed waits for it
            rank.kill()
            rank.wait()
