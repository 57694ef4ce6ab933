"""What one run of the study is, and what one supernet of it is."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from common.setting import recipe
from escalade.config.recipe import Recipe
from escalade.core.numbers.budget import Budget

SANDWICH, SINGLE = "sandwich", "single_path"
SGD, RMSPROP = "sgd", "rmsprop"
SPACE, LADDER_SPACE = "bignas_small", "small"
DEFAULT_RATE = 0.4
NAMES = ("small", "middle", "big")  # the budgets, and thirds of the slices
# Learning rates that are tried for each step, and which of the slices score them.
RATES = (0.1, 0.2, 0.4, 0.8)
SCORED_AT_RATES = slice(None, None, 3)
FEWEST_SLICES = 9
NUM_RANDOM = 2
DROP_RATE, WEIGHT_DECAY = 0.2, 1e-5
# The exponential schedules decay alike: to 5 % in 70 % of the training, then the one stays there
# and the other goes on (Fig. 2b).
CONSTANT_AFTER, END_RATIO = 0.7, 0.05
ENDING, DECAYING, COSINE = "exponential, constant ending", "exponential", "cosine"
SCHEDULES: dict[str, dict[str, str | float]] = {
    ENDING: {
        "schedule": "exponential",
        "constant_after": CONSTANT_AFTER,
        "end_ratio": END_RATIO,
    },
    DECAYING: {"schedule": "exponential", "end_ratio": END_RATIO ** (1 / CONSTANT_AFTER)},
    COSINE: {"schedule": "cosine"},
}


# What study `recipe` found better than the paper's at this scale.
TUNED_RATE = 0.8
TUNED: dict[str, Any] = {
    "schedule": COSINE,
    "learning_rate": TUNED_RATE,
    "zero_residual": False,
    "drop_rate": 0.0,
    "weight_decay": 1e-4,
}
# And with smaller steps besides, which the sum of several paths' gradients needs.
CLIP = 1.0
STEADY: dict[str, Any] = TUNED | {"batch_size": 64, "clip_grad_norm": CLIP}
# The last part of a training that is the members' alone, and its rate relative to the supernet's.
TOGETHER_SHARE, TOGETHER_RATE = 0.2, 0.125
SOFT = 0.5  # share of the largest one's predictions in what the others learn


@dataclass(frozen=True, kw_only=True)
class Training:
    """A supernet: whatever makes two of them differ, within one setting.

    Attributes:
        seed: of weights, batches and paths.
        epochs: passes over the training images; each step is one batch, whatever its paths.
        learning_rate: at the peak.
        space: `bignas_small`, or `small` with the ladder of the study.
        step: `sandwich` or `single_path`.
        num_random: random paths of a sandwich.
        schedule: a name in `SCHEDULES`.
        zero_residual: residual branches begin with gamma 0.
        transitions: blocks that change the shape have a shortcut too.
        distillation, regularise, patches: of the sandwich step.
        distil_after: share of the steps in which all paths learn from the labels.
        drop_rate: dropout before the classifier, on the paths that `regularise` says.
        weight_decay, averaging, optimizer, clip_grad_norm: as in a recipe.
        batch_size: images a step; without, the setting's. A smaller one takes more steps an epoch.
        together: how many of the epochs, the last ones, train the budgets' networks alone, all of
            them in every step.
        soft: in that part, the share of the costliest one's predictions in what the others learn.
        whom: which of them; none trains all paths on, in the same time at the same rate.
    """

    seed: int
    epochs: float
    learning_rate: float
    space: str = SPACE
    step: str = SANDWICH
    num_random: int = NUM_RANDOM
    schedule: str = ENDING
    zero_residual: bool = True
    transitions: bool = True
    distillation: bool = True
    regularise: str = "largest"
    patches: str = "same"
    distil_after: float = 0.0
    drop_rate: float = DROP_RATE
    weight_decay: float = WEIGHT_DECAY
    averaging: float | None = None
    batch_size: int | None = None
    optimizer: str = SGD
    clip_grad_norm: float | None = None
    together: float = 0.0
    soft: float = 0.0
    whom: tuple[str, ...] = NAMES

    @property
    def before(self) -> Training:
        """The training of all paths that comes before the networks train together."""
        before = self.epochs - self.together
        return replace(self, epochs=before, together=0.0, soft=0.0, whom=NAMES)

    @property
    def name(self) -> str:
        """Of its folder: what every supernet has, and what is unusual about this one."""
        parts = [self.space, self.step, f"{self.epochs:g}epochs", f"rate{self.learning_rate:g}"]
        if self.num_random != NUM_RANDOM:
            parts.append(f"random{self.num_random}")
        if self.schedule != ENDING:
            parts.append(self.schedule)
        switches = ("zero_residual", "transitions", "distillation")
        parts += [f"no_{name}" for name in switches if not getattr(self, name)]
        if self.regularise != "largest":
            parts.append(f"regularise_{self.regularise}")
        if self.patches != "same":
            parts.append(f"patches_{self.patches}")
        if self.drop_rate != DROP_RATE:
            parts.append(f"drop{self.drop_rate:g}")
        if self.weight_decay != WEIGHT_DECAY:
            parts.append(f"decay{self.weight_decay:g}")
        if self.averaging:
            parts.append(f"averaging{self.averaging:g}")
        if self.optimizer != SGD:
            parts.append(self.optimizer)
        if self.clip_grad_norm:
            parts.append(f"clip{self.clip_grad_norm:g}")
        if self.batch_size:
            parts.append(f"batch{self.batch_size}")
        if self.together:
            parts.append(f"together{self.together:g}")
        if self.soft:
            parts.append(f"soft{self.soft:g}")
        if self.whom != NAMES:
            parts.append("_".join(self.whom) or "all")
        if self.distil_after:
            parts.append(f"distil_after{self.distil_after:g}")
        return "-".join([*parts, f"seed{self.seed}"])


@dataclass(frozen=True, kw_only=True)
class Setting:
    """All of these change the results, so a folder holds one setting only.

    Attributes:
        epochs: of every supernet, and of every network trained alone: one batch a step, so a
            network alone sees as many images as the largest path does.
        rate_epochs: of the supernets that the learning rates are tried on.
        sandwich_rate, single_rate: learning rates of the supernets; without, the best of those
            that were tried.
        alone_rate: learning rate of networks trained alone.
        slices: networks over the whole range of macs that every supernet is scored by.
        judge_images: how many of the 20,000 judge images score those; a budget's network is scored
            on all of them.
        search_images: how many of the 10,000 search images score a learning rate, and a path in
            the searches.
        recalibration_images: training images that set batch norm statistics.
        skeletons, variations: of the coarse-to-fine selection, for each budget.
        population: of the evolution that is compared with it, at equal evaluations.
        bases, strategies: of the searches in the space `small` (MCEA).
        limit, steps: images of each split and steps of every training, for a smoke test.
    """

    epochs: float = 20.0
    rate_epochs: float = 4.0
    sandwich_rate: float | None = None
    single_rate: float | None = None
    alone_rate: float = 0.6
    slices: int = 30
    judge_images: int = 20_000
    search_images: int = 4000
    recalibration_images: int = 1024
    skeletons: int = 32
    variations: int = 64
    population: int = 24
    bases: int = 10
    strategies: int = 24
    limit: int | None = None
    steps: int | None = None

    def __post_init__(self) -> None:
        if self.slices < FEWEST_SLICES:
            raise ValueError(f"slices: {self.slices} are too few for thirds; use {FEWEST_SLICES}")

    def supernet_recipe(self, training: Training) -> Recipe:
        """BigNAS's regularisation; the rest as in the claim test."""
        share = TOGETHER_RATE if training.together else 1.0
        plain = recipe(
            epochs=training.together or training.epochs,
            steps=self.steps,
            learning_rate=share * training.learning_rate,
            limit=self.limit,
        )
        schedule = SCHEDULES[training.schedule]
        return replace(  # type: ignore[arg-type]
            plain,
            weight_decay=training.weight_decay,
            drop_rate=training.drop_rate,
            averaging=training.averaging,
            optimizer=training.optimizer,
            clip_grad_norm=training.clip_grad_norm,
            batch_size=training.batch_size or plain.batch_size,
            **schedule,
        )

    def alone_recipe(self) -> Recipe:
        """The recipe of the other studies' networks: cosine, weight decay 1e-4, no dropout."""
        return recipe(
            epochs=self.epochs, steps=self.steps, learning_rate=self.alone_rate, limit=self.limit
        )


SHORT = Setting(
    epochs=3.0,
    rate_epochs=0.75,
    judge_images=4000,
    search_images=2000,
    skeletons=12,
    variations=24,
    population=9,
    bases=6,
    strategies=16,
)


def budgets(targets: tuple[float, ...], *, tolerance: float = 0.05) -> tuple[Budget, ...]:
    """Budgets in macs."""
    return tuple(Budget(target, "macs", tolerance) for target in targets)


# Of `NAMES`; the preset's five; and the ladder of the family that needs no retraining.
BUDGETS = budgets((0.4e6, 1.6e6, 5e6))
SELECTED = budgets((0.4e6, 0.8e6, 1.6e6, 3.2e6, 5e6))
LADDER = budgets((0.6e6, 1.2e6, 2.4e6), tolerance=0.02)
