"""Studies that compare supernets by their slices: which supernets each of them trains."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from bignas_study.plan import SLICES, STABILITY, TRIED, Plan, Work, keep_pace, score_slices
from bignas_study.setting import (
    COSINE,
    DECAYING,
    ENDING,
    NUM_RANDOM,
    RMSPROP,
    SANDWICH,
    SINGLE,
    TUNED,
    TUNED_RATE,
    Training,
)
from common.arms import Arm
from common.plan import RATE

LOW_RATE = 0.3
MORE_PATHS = (4, 6)
CLIP = 1.0
RMSPROP_RATE = 0.02
AVERAGING = 0.05
_CHANGES: tuple[tuple[str, dict[str, Any]], ...] = (
    ("and cosine", {"schedule": COSINE}),
    ("and rate 0.8", {"learning_rate": TUNED_RATE}),
    ("and gamma 1", {"zero_residual": False}),
    ("and no dropout", {"drop_rate": 0.0}),
    ("and weight decay 1e-4: tuned", TUNED),
)


def rate(plan: Plan, seed: int) -> list[Arm[Training]]:
    """Learning rates of both steps, on short supernets; one seed."""
    return [
        Arm(name=f"{_STEPS[step]}, {training.learning_rate:g}", training=training)
        for step in (SANDWICH, SINGLE)
        for training in plan.tried(step)
    ]


def step(plan: Plan, seed: int) -> list[Arm[Training]]:
    """Sandwich and distillation against a single path, at equal images and at equal time."""
    first = plan.reference(seed)
    single = replace(first, step=SINGLE, learning_rate=plan.rate(SINGLE))
    arms = [
        Arm(name="sandwich, distilled", training=first),
        Arm(name="single, equal images", training=single),
    ]
    if plan.pace is not None:
        longer = replace(single, epochs=round(first.epochs * plan.pace, 1))
        arms.append(Arm(name="single, equal time", training=longer))
    # A sandwich has four passes a step; on a GPU, where a pass costs its launches, that is time.
    passes = replace(single, epochs=(NUM_RANDOM + 2) * first.epochs)
    arms.append(Arm(name="single, equal passes", training=passes))
    tuned = plan.tuned(seed)
    return [
        *arms,
        Arm(name="sandwich, labels only", training=replace(first, distillation=False)),
        Arm(name="sandwich, tuned recipe", training=tuned),
        Arm(
            name="single, tuned recipe, equal passes",
            training=replace(tuned, step=SINGLE, epochs=passes.epochs),
        ),
    ]


def recipe(plan: Plan, seed: int) -> list[Arm[Training]]:
    """From the paper's recipe to the one that is best at this scale, one change at a time."""
    now = plan.reference(seed)
    arms = [Arm(name=f"the paper's, rate {now.learning_rate:g}", training=now)]
    for name, changed in _CHANGES:
        now = replace(now, **changed)
        arms.append(Arm(name=name, training=now))
    paper = replace(plan.reference(seed), learning_rate=TUNED_RATE, zero_residual=False)
    return [
        *arms,
        Arm(name="tuned, weight decay 3e-4", training=replace(now, weight_decay=3e-4)),
        Arm(name="tuned, batches of 64", training=replace(now, batch_size=64)),
        Arm(
            name="tuned, batches of 64, clipped",
            training=replace(now, batch_size=64, clip_grad_norm=CLIP),
        ),
        Arm(
            name="that, weight decay 3e-4",
            training=replace(now, batch_size=64, clip_grad_norm=CLIP, weight_decay=3e-4),
        ),
        Arm(name="the paper's, rate 0.8, gamma 1", training=paper),
        Arm(name="that, averaged weights", training=replace(paper, averaging=AVERAGING)),
    ]


def distillation(plan: Plan, seed: int) -> list[Arm[Training]]:
    """Who learns from whom, and from when on, with the paper's recipe and with a faster one."""
    first = plan.reference(seed)
    faster = replace(first, schedule=COSINE, learning_rate=TUNED_RATE, zero_residual=False)
    arms = []
    for base, said, share in ((first, "", 0.3), (faster, "cosine, 0.8, gamma 1: ", 0.5)):
        late = replace(base, distil_after=share)
        arms += [
            Arm(name=f"{said}distilled", training=base),
            Arm(name=f"{said}labels for {share:.0%}, then distilled", training=late),
            Arm(name=f"{said}labels only", training=replace(base, distillation=False)),
        ]
    return arms


def paths(plan: Plan, seed: int) -> list[Arm[Training]]:
    """More random paths a step, so that what lies between the extremes gets more of the passes."""
    tuned = plan.tuned(seed)
    return [
        Arm(name=f"{num} random paths", training=replace(tuned, num_random=num))
        for num in (NUM_RANDOM, *MORE_PATHS)
    ]


def stability(plan: Plan, seed: int) -> list[Arm[Training]]:
    """What keeps the sum of the paths' gradients in bounds, on short supernets; one seed."""
    first = replace(plan.tuned(0), epochs=plan.setting.rate_epochs)
    changes: tuple[tuple[str, dict[str, Any]], ...] = (
        ("tuned", {}),
        ("clipped at 1", {"clip_grad_norm": CLIP}),
        ("batches of 32", {"batch_size": 32}),
        ("batches of 64, clipped at 1", {"batch_size": 64, "clip_grad_norm": CLIP}),
        ("batches of 64, clipped at 0.5", {"batch_size": 64, "clip_grad_norm": CLIP / 2}),
        ("batches of 32, clipped at 1", {"batch_size": 32, "clip_grad_norm": CLIP}),
        (
            "batches of 64, clipped at 1, four random paths",
            {"batch_size": 64, "clip_grad_norm": CLIP, "num_random": 4},
        ),
        ("RMSProp, rate 0.02", {"optimizer": RMSPROP, "learning_rate": RMSPROP_RATE}),
    )
    return [Arm(name=name, training=replace(first, **changed)) for name, changed in changes]


def initialisation(plan: Plan, seed: int) -> list[Arm[Training]]:
    """Gamma 0 and transition shortcuts, at the full and at 30 % of the rate (Figs. 4, 5)."""
    first = plan.reference(seed)
    made = []
    for share, rate_name in ((1.0, ""), (LOW_RATE, ", 30 %")):
        base = replace(first, learning_rate=share * first.learning_rate)
        for gamma, shortcuts in ((True, True), (False, True), (True, False), (False, False)):
            name = f"gamma {0 if gamma else 1}, {'' if shortcuts else 'no '}transitions{rate_name}"
            training = replace(base, zero_residual=gamma, transitions=shortcuts)
            made.append(Arm(name=name, training=training))
    return made


def schedule(plan: Plan, seed: int) -> list[Arm[Training]]:
    """The constant ending, the same decay without it, and a cosine (Fig. 6)."""
    first = plan.reference(seed)
    return [
        Arm(name=name, training=replace(first, schedule=name))
        for name in (ENDING, DECAYING, COSINE)
    ]


def regularisation(plan: Plan, seed: int) -> list[Arm[Training]]:
    """Dropout and weight decay on the largest path only, or on all (Fig. 7)."""
    first = plan.reference(seed)
    return [
        Arm(name=f"regularise {name}", training=replace(first, regularise=name))
        for name in ("largest", "all")
    ]


def patches(plan: Plan, seed: int) -> list[Arm[Training]]:
    """One crop for all paths, or one each (section 3.1)."""
    first = plan.reference(seed)
    return [
        Arm(name=f"{name} patches", training=replace(first, patches=name))
        for name in ("same", "different")
    ]


_STEPS = {SANDWICH: "sandwich", SINGLE: "single path"}
ARMS: dict[str, Callable[[Plan, int], list[Arm[Training]]]] = {
    RATE: rate,
    "step": step,
    "recipe": recipe,
    "distillation": distillation,
    "paths": paths,
    STABILITY: stability,
    "initialisation": initialisation,
    "schedule": schedule,
    "regularisation": regularisation,
    "patches": patches,
}


def run(work: Work, name: str, seed: int) -> None:
    """Train and score what a study compares, in its order."""
    if name == "step":
        keep_pace(work)
    if name in TRIED and seed > 0:
        return
    trainings = [arm.training for arm in ARMS[name](work.plan, seed)]
    score_slices(work, trainings, RATE if name in TRIED else SLICES)
