"""What one run of the study is, and what one supernet of it is."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from common.command import Lengths, flag
from common.lab import Recipe

SANDWICH, SINGLE = "sandwich", "single_path"
SPACE, LADDER_SPACE = "bignas_small", "small"
NAMES = ("small", "middle", "big")  # the budgets, and thirds of the slices
FEWEST_SLICES = 9
NUM_RANDOM = 2
TOGETHER_RATE = 0.125  # of what trains some networks together, relative to the supernet's
# The exponential schedules decay alike: to 5 % in 70 % of the training, then the one stays there
# and the other goes on (Fig. 2b).
CONSTANT_AFTER, END_RATIO = 0.7, 0.05
ENDING, DECAYING, COSINE = "exponential, constant ending", "exponential", "cosine"
SCHEDULES: dict[str, dict[str, Any]] = {
    ENDING: {"schedule": "exponential", "constant_after": CONSTANT_AFTER, "end_ratio": END_RATIO},
    DECAYING: {"schedule": "exponential", "end_ratio": END_RATIO ** (1 / CONSTANT_AFTER)},
    COSINE: {"schedule": "cosine"},
}


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
    drop_rate: float = 0.2
    weight_decay: float = 1e-5
    averaging: float | None = None
    batch_size: int | None = None
    optimizer: str = "sgd"
    clip_grad_norm: float | None = None
    together: float = 0.0
    soft: float = 0.0
    whom: tuple[str, ...] = NAMES

    @property
    def before(self) -> Training:
        """The training of all paths that comes before the networks train together."""
        before = self.epochs - self.together
        return replace(self, epochs=before, together=0.0, soft=0.0, whom=NAMES)


@dataclass(frozen=True, kw_only=True)
class Setting(Lengths):
    """One run; all of these change the results, so a folder holds one setting only."""

    epochs: float = flag(20.0, "of every supernet, and of every network trained alone")
    rate_epochs: float = flag(4.0, "of the supernets that the learning rates are tried on")
    sandwich_rate: float | None = flag(None, "of the supernets; without, the best of those tried")
    single_rate: float | None = flag(None, "likewise, of those trained by single paths")
    alone_rate: float = flag(0.6, "of networks trained alone")
    slices: int = flag(30, "networks over the range of macs that every supernet is scored by")
    judge_images: int = flag(20_000, "how many of the 20,000 judge images score those")
    search_images: int = flag(4000, "how many of the 10,000 score rates, and paths in searches")
    recalibration_images: int = flag(1024, "training images that set batch norm statistics")
    skeletons: int = flag(32, "of the coarse-to-fine selection, for each budget")
    variations: int = flag(64, "likewise")
    population: int = flag(24, "of the evolution beside it, and of MCEA")
    bases: int = flag(10, "of the searches in the space small (MCEA)")
    strategies: int = flag(24, "likewise")

    def __post_init__(self) -> None:
        if self.slices < FEWEST_SLICES:
            raise ValueError(f"slices: {self.slices} are too few for thirds; use {FEWEST_SLICES}")

    def supernet_recipe(self, training: Training) -> Recipe:
        """BigNAS's regularisation; the rest as in the claim test."""
        rate = training.learning_rate * (TOGETHER_RATE if training.together else 1.0)
        epochs = training.together or training.epochs
        plain = self.recipe(epochs, rate)
        names = ("weight_decay", "drop_rate", "averaging", "optimizer", "clip_grad_norm")
        given: dict[str, Any] = {name: getattr(training, name) for name in names}
        given["batch_size"] = training.batch_size or plain.batch_size
        return replace(plain, **given, **SCHEDULES[training.schedule])

    def alone_recipe(self) -> Recipe:
        """The recipe of the other studies' networks: cosine, weight decay 1e-4, no dropout."""
        return self.recipe(self.epochs, self.alone_rate)


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
