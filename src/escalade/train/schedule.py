"""Learning-rate schedules: pure functions of a step's progress in [0, 1] to a factor in [0, 1]."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial

Schedule = Callable[[float], float]

END_RATIO = 0.05  # BigNAS stops decaying at 5 % of the initial rate


def constant(progress: float) -> float:
    return 1.0


def linear(progress: float) -> float:
    return 1.0 - progress


def cosine(progress: float) -> float:
    """Half a cosine from 1 to 0 (ScaleNet, section 4.1)."""
    return 0.5 * (1.0 + math.cos(math.pi * progress))


def exponential(
    progress: float, *, end_ratio: float = END_RATIO, constant_after: float = 1.0
) -> float:
    """Exponential decay from 1 to `end_ratio` (Fast and Accurate Model Scaling, section 6.1).

    Args:
        progress: in [0, 1].
        end_ratio: where the decay ends.
        constant_after: the progress at which it ends; then the factor stays (the constant ending
            of BigNAS, section 3.1).
    """
    return math.exp(math.log(end_ratio) * min(1.0, progress / constant_after))


SCHEDULES: dict[str, Schedule] = {
    "constant": constant,
    "linear": linear,
    "cosine": cosine,
    "exponential": exponential,
}


def rate_factor(
    progress: float,
    *,
    schedule: str,
    warmup: float,
    end_ratio: float = END_RATIO,
    constant_after: float = 1.0,
    is_beneath: bool = False,
) -> float:
    """What to multiply the learning rate with: a linear warm-up and the schedule.

    Args:
        progress: in [0, 1]; the loop gives the middle of the step, (step + 0.5) / num_steps.
        schedule: a name in `SCHEDULES`.
        warmup: the share of training that warms up, in [0, 1).
        end_ratio: where the exponential schedule ends.
        constant_after: the share of the schedule after which it has ended and stays.
        is_beneath: the schedule runs from the first step and the warm-up multiplies it, so that
            after it the exponential rate is beta^(t / T) exactly (section 6.1, footnote 2); else
            the schedule begins where the warm-up ends.
    """
    decay = SCHEDULES[schedule]
    if schedule == "exponential":
        decay = partial(exponential, end_ratio=end_ratio, constant_after=constant_after)
    if is_beneath:
        return decay(progress) * (min(1.0, progress / warmup) if warmup > 0 else 1.0)
    if progress < warmup:
        return progress / warmup
    return decay((progress - warmup) / (1.0 - warmup))
