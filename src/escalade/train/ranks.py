"""The ranks that torchrun starts, before anything of torch is loaded."""

from __future__ import annotations

import os


def leave_ranks() -> bool:
    """Go on as if there were no other ranks; whether this is the one that goes on."""
    rank = os.environ.pop("RANK", "0")
    os.environ.pop("WORLD_SIZE", None)
    return rank == "0"
