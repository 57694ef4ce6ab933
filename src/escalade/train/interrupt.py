"""How a stage ends early."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager


class Interrupted(Exception):
    """The run was asked to stop, and everything needed to go on is saved."""


class TrainingDiverged(RuntimeError):
    """The loss or the weights are no longer finite."""


# Asked now and then by long work: whether to stop.
Stop = Callable[[], bool]
_patient: list[None] = []  # one entry a body that asks by itself


@contextmanager
def asking() -> Iterator[None]:
    """The body asks by itself, soon and again and again, whether to stop, and saves first.

    Anywhere else whoever hears a signal ends the work at once.
    """
    _patient.append(None)
    try:
        yield
    finally:
        _patient.pop()


def is_asking() -> bool:
    """Whether the work at hand asks by itself whether to stop."""
    return bool(_patient)
