"""Studies that compare supernets by their slices: what each arm changes in the reference."""

from __future__ import annotations

from collections.abc import Callable
from itertools import accumulate
from operator import or_
from typing import Any

from bignas_study.setting import COSINE, DECAYING, ENDING, NUM_RANDOM, SANDWICH, SINGLE
from bignas_study.supernets import FASTER, SLICES, STEADY, TUNED, Work
from common.comparison import RATE, Arms

STABILITY = "stability"
TRIED = (RATE, STABILITY)  # of short supernets, one seed, scored like learning rates
Changes = dict[str, dict[str, Any]]


def compare(study: str) -> Callable[[Work, int], None]:
    """Trains and scores what a study compares, in its order."""

    def run(work: Work, seed: int) -> None:
        if study == "step":
            work.keep_pace()
        if study not in TRIED or seed == 0:
            trainings = work.arms(ARMS[study](work), seed).values()
            work.score_slices(trainings, RATE if study in TRIED else SLICES)

    return run


def _step(work: Work) -> Arms:
    """Sandwich and distillation against a single path, at equal images and at equal time.

    A sandwich has four passes a step; on a GPU, where a pass costs its launches, that is time.
    """
    epochs = work.setting.epochs
    single = {"step": SINGLE, "learning_rate": work.rate(SINGLE)}
    passes = {"epochs": (NUM_RANDOM + 2) * epochs}
    found: Changes = {"sandwich, distilled": {}, "single, equal images": single}
    if work.pace is not None:
        found["single, equal time"] = single | {"epochs": round(epochs * work.pace, 1)}
    return found | {
        "single, equal passes": single | passes,
        "sandwich, labels only": {"distillation": False},
        "sandwich, tuned recipe": TUNED,
        "single, tuned recipe, equal passes": TUNED | {"step": SINGLE} | passes,
    }


def _recipe(work: Work) -> Arms:
    """From the paper's recipe to the one that is best at this scale, one change at a time."""
    changes: Changes = {
        f"the paper's, rate {work.rate(SANDWICH):g}": {},
        "and cosine": {"schedule": COSINE},
        "and rate 0.8": {"learning_rate": 0.8},
        "and gamma 1": {"zero_residual": False},
        "and no dropout": {"drop_rate": 0.0},
        "and weight decay 1e-4: tuned": TUNED,
    }
    paper = {"learning_rate": 0.8, "zero_residual": False}
    return {
        **dict(zip(changes, accumulate(changes.values(), or_), strict=True)),
        "tuned, weight decay 3e-4": TUNED | {"weight_decay": 3e-4},
        "tuned, batches of 64": TUNED | {"batch_size": 64},
        "tuned, batches of 64, clipped": STEADY,
        "that, weight decay 3e-4": STEADY | {"weight_decay": 3e-4},
        "the paper's, rate 0.8, gamma 1": paper,
        "that, averaged weights": paper | {"averaging": 0.05},
    }


def _distillation(work: Work) -> Arms:
    """Who learns from whom, and from when on, with the paper's recipe and with a faster one."""
    found: Changes = {}
    for base, said, share in (({}, "", 0.3), (FASTER, "cosine, 0.8, gamma 1: ", 0.5)):
        late = base | {"distil_after": share}
        found |= {f"{said}distilled": base, f"{said}labels for {share:.0%}, then distilled": late}
        found[f"{said}labels only"] = base | {"distillation": False}
    return found


def _stability(work: Work) -> Arms:
    """What keeps the sum of the paths' gradients in bounds, on short supernets; one seed."""
    changes: Changes = {
        "tuned": {},
        "clipped at 1": {"clip_grad_norm": 1.0},
        "batches of 32": {"batch_size": 32},
        "batches of 64, clipped at 1": STEADY,
        "batches of 64, clipped at 0.5": STEADY | {"clip_grad_norm": 0.5},
        "batches of 32, clipped at 1": STEADY | {"batch_size": 32},
        "batches of 64, clipped at 1, four random paths": STEADY | {"num_random": 4},
        "RMSProp, rate 0.02": {"optimizer": "rmsprop", "learning_rate": 0.02},
    }
    short = {"epochs": work.setting.rate_epochs}
    return {name: TUNED | change | short for name, change in changes.items()}


def _initialisation(work: Work) -> Arms:
    """Gamma 0 and transition shortcuts, at the full and at 30 % of the rate (Figs. 4, 5)."""
    return {
        f"gamma {0 if gamma else 1}, {'' if shortcuts else 'no '}transitions{said}": {
            "learning_rate": share * work.rate(SANDWICH),
            "zero_residual": gamma,
            "transitions": shortcuts,
        }
        for share, said in ((1.0, ""), (0.3, ", 30 %"))
        for gamma, shortcuts in ((True, True), (False, True), (True, False), (False, False))
    }


def _each(field: str, *values: Any, said: str, base: Any = None) -> Callable[[Work], Arms]:
    """One field of the reference, or of a base, at several values."""
    return lambda work: {said.format(each): (base or {}) | {field: each} for each in values}


ARMS: dict[str, Callable[[Work], Arms]] = {
    RATE: Work.rates,
    "step": _step,
    "recipe": _recipe,
    "distillation": _distillation,
    # So that what lies between the extremes gets more of the passes.
    "paths": _each("num_random", NUM_RANDOM, 4, 6, said="{} random paths", base=TUNED),
    STABILITY: _stability,
    "initialisation": _initialisation,
    # The constant ending, the same decay without it, and a cosine (Fig. 6).
    "schedule": _each("schedule", ENDING, DECAYING, COSINE, said="{}"),
    # Dropout and weight decay on the largest path only, or on all (Fig. 7).
    "regularisation": _each("regularise", "largest", "all", said="regularise {}"),
    # One crop for all paths, or one each (section 3.1).
    "patches": _each("patches", "same", "different", said="{} patches"),
}
