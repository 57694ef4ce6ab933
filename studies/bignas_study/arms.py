"""Studies that compare supernets by their slices: how each arm differs from the reference."""

from __future__ import annotations

from collections.abc import Callable
from itertools import accumulate
from operator import or_
from typing import Any

from bignas_study.setting import (
    CLIP,
    COSINE,
    DECAYING,
    ENDING,
    NUM_RANDOM,
    RATES,
    RMSPROP,
    SANDWICH,
    SINGLE,
    STEADY,
    TUNED,
    TUNED_RATE,
)
from bignas_study.supernets import SLICES, Work
from common.comparison import RATE, Arms

LOW_RATE = 0.3
MORE_PATHS = (4, 6)
RMSPROP_RATE = 0.02
AVERAGING = 0.05
STABILITY = "stability"
TRIED = (RATE, STABILITY)  # of short supernets, one seed, scored like learning rates

_FASTER: dict[str, Any] = {
    "schedule": COSINE,
    "learning_rate": TUNED_RATE,
    "zero_residual": False,
}


def compare(study: str) -> Callable[[Work, int], None]:
    """Trains and scores what a study compares, in its order."""

    def run(work: Work, seed: int) -> None:
        if study == "step":
            work.keep_pace()
        if study in TRIED and seed > 0:
            return
        trainings = list(work.arms(ARMS[study](work), seed).values())
        work.score_slices(trainings, RATE if study in TRIED else SLICES)

    return run


def _rate(work: Work) -> Arms:
    """Learning rates of both steps, on short supernets; one seed."""
    epochs = work.setting.rate_epochs
    return {
        f"{name}, {rate:g}": {"step": step, "learning_rate": rate, "epochs": epochs}
        for step, name in ((SANDWICH, "sandwich"), (SINGLE, "single path"))
        for rate in RATES
    }


def _step(work: Work) -> Arms:
    """Sandwich and distillation against a single path, at equal images and at equal time.

    A sandwich has four passes a step; on a GPU, where a pass costs its launches, that is time.
    """
    epochs = work.setting.epochs
    single: dict[str, Any] = {"step": SINGLE, "learning_rate": work.rate(SINGLE)}
    passes = {"epochs": (NUM_RANDOM + 2) * epochs}
    longer = {"epochs": round(epochs * work.pace, 1)} if work.pace else {}
    return {
        "sandwich, distilled": {},
        "single, equal images": single,
        **({"single, equal time": single | longer} if longer else {}),
        "single, equal passes": single | passes,
        "sandwich, labels only": {"distillation": False},
        "sandwich, tuned recipe": TUNED,
        "single, tuned recipe, equal passes": TUNED | {"step": SINGLE} | passes,
    }


def _recipe(work: Work) -> Arms:
    """From the paper's recipe to the one that is best at this scale, one change at a time."""
    changes: dict[str, dict[str, Any]] = {
        f"the paper's, rate {work.rate(SANDWICH):g}": {},
        "and cosine": {"schedule": COSINE},
        "and rate 0.8": {"learning_rate": TUNED_RATE},
        "and gamma 1": {"zero_residual": False},
        "and no dropout": {"drop_rate": 0.0},
        "and weight decay 1e-4: tuned": TUNED,
    }
    paper = {"learning_rate": TUNED_RATE, "zero_residual": False}
    return {
        **dict(zip(changes, accumulate(changes.values(), or_), strict=True)),
        "tuned, weight decay 3e-4": TUNED | {"weight_decay": 3e-4},
        "tuned, batches of 64": TUNED | {"batch_size": 64},
        "tuned, batches of 64, clipped": STEADY,
        "that, weight decay 3e-4": STEADY | {"weight_decay": 3e-4},
        "the paper's, rate 0.8, gamma 1": paper,
        "that, averaged weights": paper | {"averaging": AVERAGING},
    }


def _distillation(work: Work) -> Arms:
    """Who learns from whom, and from when on, with the paper's recipe and with a faster one."""
    return {
        f"{said}{name}": base | change
        for base, said, share in (({}, "", 0.3), (_FASTER, "cosine, 0.8, gamma 1: ", 0.5))
        for name, change in (
            ("distilled", {}),
            (f"labels for {share:.0%}, then distilled", {"distil_after": share}),
            ("labels only", {"distillation": False}),
        )
    }


def _stability(work: Work) -> Arms:
    """What keeps the sum of the paths' gradients in bounds, on short supernets; one seed."""
    changes: dict[str, dict[str, Any]] = {
        "tuned": {},
        "clipped at 1": {"clip_grad_norm": CLIP},
        "batches of 32": {"batch_size": 32},
        "batches of 64, clipped at 1": STEADY,
        "batches of 64, clipped at 0.5": STEADY | {"clip_grad_norm": CLIP / 2},
        "batches of 32, clipped at 1": STEADY | {"batch_size": 32},
        "batches of 64, clipped at 1, four random paths": STEADY | {"num_random": 4},
        "RMSProp, rate 0.02": {"optimizer": RMSPROP, "learning_rate": RMSPROP_RATE},
    }
    epochs = {"epochs": work.setting.rate_epochs}
    return {name: TUNED | change | epochs for name, change in changes.items()}


def _initialisation(work: Work) -> Arms:
    """Gamma 0 and transition shortcuts, at the full and at 30 % of the rate (Figs. 4, 5)."""
    return {
        f"gamma {0 if gamma else 1}, {'' if shortcuts else 'no '}transitions{said}": {
            "learning_rate": share * work.rate(SANDWICH),
            "zero_residual": gamma,
            "transitions": shortcuts,
        }
        for share, said in ((1.0, ""), (LOW_RATE, ", 30 %"))
        for gamma, shortcuts in ((True, True), (False, True), (True, False), (False, False))
    }


def _schedule(work: Work) -> Arms:
    """The constant ending, the same decay without it, and a cosine (Fig. 6)."""
    return {name: {"schedule": name} for name in (ENDING, DECAYING, COSINE)}


def _paths(work: Work) -> Arms:
    """More random paths a step, so that what lies between the extremes gets more of the passes."""
    nums = (NUM_RANDOM, *MORE_PATHS)
    return {f"{num} random paths": TUNED | {"num_random": num} for num in nums}


def _regularisation(work: Work) -> Arms:
    """Dropout and weight decay on the largest path only, or on all (Fig. 7)."""
    return {f"regularise {name}": {"regularise": name} for name in ("largest", "all")}


def _patches(work: Work) -> Arms:
    """One crop for all paths, or one each (section 3.1)."""
    return {f"{name} patches": {"patches": name} for name in ("same", "different")}


ARMS: dict[str, Callable[[Work], Arms]] = {
    RATE: _rate,
    "step": _step,
    "recipe": _recipe,
    "distillation": _distillation,
    "paths": _paths,
    STABILITY: _stability,
    "initialisation": _initialisation,
    "schedule": _schedule,
    "regularisation": _regularisation,
    "patches": _patches,
}
