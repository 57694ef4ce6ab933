"""How a stage ends early."""

from __future__ import annotations

from collections.abc import Callable


class Interrupted(Exception):
    """The run was asked to stop, and everything needed to go on is saved."""


class TrainingDiverged(RuntimeError):
    """The loss or the weights are no longer finite."""


# Asked now and then by long work: whether to stop.
Stop = Callable[[], bool]
