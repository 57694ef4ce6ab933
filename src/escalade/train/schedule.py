"""Learning-rate schedules: pure functions of a step's progress in [0, 1] to a factor in [0, 1]."""

from __future__ import annotations

import math
from collections.abc import Callable

Schedule = Callable[[float], float]


def constant(progress: float) -> float:
    """No decay."""
    return 1.0


def linear(progress: float) -> float:
    """A straight line from 1 to 0."""
    return 1.0 - progress


def cosine(progress: float) -> float:
    """Half a cosine from 1 to 0 (ScaleNet, section 4.1)."""
    return 0.5 * (1.0 + math.cos(math.pi * progress))


def exponential(progress: float) -> float:
    """Exponential decay from 1 to 5 % (BigNAS stops decaying at 5 % of the initial rate)."""
    return math.exp(math.log(0.05) * progress)


SCHEDULES: dict[str, Schedule] = {
    "constant": constant,
    "linear": linear,
    "cosine": cosine,
    "exponential": exponential,
}


def rate_factor(progress: float, *, schedule: str, warmup: float) -> float:
    """What to multiply the learning rate with: a linear warm-up, then the schedule.

    Args:
        progress: in [0, 1]; the loop gives the middle of the step, (step + 0.5) / num_steps.
        schedule: a name in `SCHEDULES`.
        warmup: the share of training that warms up, in [0, 1).
    """
    if progress < warmup:
        return progress / warmup
    return SCHEDULES[schedule]((progress - warmup) / (1.0 - warmup))
