"""Studies that compare supernets by their networks: which supernets each of them trains."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from common.arms import Arm
from common.images import leading
from common.plan import RATE
from scarlet_study.networks import flipped, spread
from scarlet_study.plan import Plan, Work
from scarlet_study.setting import (
    FAIR,
    LET,
    PLAIN,
    RANDOM,
    RELU,
    SCORED_AT_RATES,
    SINGLE,
    Training,
)

NETWORKS, FLIPPED, PROBED = "networks", "flipped", "probed"


def rate(plan: Plan, seed: int) -> list[Arm[Training]]:
    """Learning rates of the strictly fair and of the single-path step, on short supernets."""
    return [
        Arm(name=f"{_STEPS[step]}, {training.learning_rate:g}", training=training)
        for step in (FAIR, SINGLE)
        for training in plan.tried(step)
    ]


def identity(plan: Plan, seed: int) -> list[Arm[Training]]:
    """How identities run: linear, not at all, or with a ReLU (Fig. 1)."""
    first = plan.reference(seed)
    return [
        Arm(name=name, training=replace(first, identity=kind))
        for name, kind in (("LET", LET), ("identity", PLAIN), ("LET with ReLU", RELU))
    ]


def folds(plan: Plan, seed: int) -> list[Arm[Training]]:
    """The paper's space, and the one in which every identity folds."""
    first = plan.reference(seed)
    return [
        Arm(name="some fold (the paper's)", training=first),
        Arm(name="all fold", training=replace(first, folds=True)),
    ]


def fairness(plan: Plan, seed: int) -> list[Arm[Training]]:
    """Strictly fair steps against random paths, at equal passes."""
    first = plan.reference(seed)
    single = replace(
        first,
        step=SINGLE,
        epochs=first.epochs * plan.passes(SINGLE),
        learning_rate=plan.rate(SINGLE),
    )
    return [
        Arm(name="strictly fair", training=first),
        Arm(name="random, as many an update", training=replace(first, step=RANDOM)),
        Arm(name="random, one an update", training=single),
    ]


_STEPS = {FAIR: "fair", SINGLE: "single path"}
ARMS: dict[str, Callable[[Plan, int], list[Arm[Training]]]] = {
    RATE: rate,
    "identity": identity,
    "folds": folds,
    "fairness": fairness,
}


def trainings(plan: Plan, studies: Sequence[str], seeds: range) -> list[Training]:
    """The supernets of several studies, those of the first seed first."""
    found = []
    for seed in seeds:
        if set(studies) & {"constraint", "controller"}:
            found.append(plan.reference(seed))
        for name, arms in ARMS.items():
            if name in studies and name != RATE:
                found += [arm.training for arm in arms(plan, seed)]
    return found


def run(work: Work, name: str, seed: int) -> None:
    """Train what a study compares, and score its random and its flipped networks."""
    if name == RATE and seed > 0:
        return
    wanted = [arm.training for arm in ARMS[name](work.plan, seed)]
    work.train(wanted)
    setting = work.plan.setting
    random = [(training, spread(setting, training)) for training in wanted]
    if name == RATE:
        shown = [(training, paths[SCORED_AT_RATES]) for training, paths in random]
        work.score(work.searching, shown, RATE)
        return
    judging = work.judging(setting.judge_images)
    work.score(judging, random, NETWORKS)
    probed = [(training, paths[: setting.probed]) for training, paths in random]
    images = leading(work.data.train, setting.probe_images)  # as the looks during a training
    digest = f"{work.data.train_digest} {setting.probe_images}"
    work.score(work.bench(images, digest), probed, PROBED)
    forced = [
        (training, [path for paths in flipped(setting, training).values() for path in paths])
        for training in wanted
    ]
    work.score(judging, forced, FLIPPED)
