"""What one run of the study is, and what one supernet of it is."""

from __future__ import annotations

from dataclasses import dataclass

from common.command import Lengths, flag
from common.lab import Recipe

SPACE = "scarlet_small"
# Ways to train: one permutation of the choices per layer, as many random paths before each update,
# or one random path an update.
FAIR, RANDOM, SINGLE = "fair", "random", "single_path"
LET, PLAIN, RELU = "let", "plain", "let_relu"
# Identities that are put into the flipped networks (the paper flips 8 of 19 for Fig. 4).
FLIPS = (0, 2, 4)
FEWEST_RANKED = 3


@dataclass(frozen=True, kw_only=True)
class Training:
    """A supernet: whatever makes two of them differ, within one setting.

    Attributes:
        seed: of weights, batches and paths.
        epochs: passes over the training images; each step is one batch, whatever its paths.
        learning_rate: at the peak.
        step: `fair`, `random` or `single_path`.
        identity: how identities run: `let`, `plain` or `let_relu`.
        folds: no residual directly after an identity, so that every one of them folds.
    """

    seed: int
    epochs: float
    learning_rate: float
    step: str = FAIR
    identity: str = LET
    folds: bool = False


@dataclass(frozen=True, kw_only=True)
class Setting(Lengths):
    """One run; all of these change the results, so a folder holds one setting only."""

    epochs: float = flag(10.0, "of every supernet; as many times more where a step has one path")
    rate_epochs: float = flag(2.0, "of those that learning rates are tried on, likewise")
    fair_rate: float | None = flag(None, "of the supernets; without, the best of those tried")
    single_rate: float | None = flag(None, "likewise, of those trained by single paths")
    alone_epochs: float = flag(10.0, "of networks trained alone")
    alone_rate: float = flag(0.6, "likewise")
    networks: int = flag(100, "random networks that every supernet is scored by")
    flipped: int = flag(20, "random networks that get 0, 2 and 4 identities by force")
    probes: int = flag(10, "how often a supernet is looked at while it trains")
    probed: int = flag(50, "how many of the random networks are looked at then")
    probe_images: int = flag(1000, "training images that those looks are taken on")
    judge_images: int = flag(10_000, "how many of the 20,000 score a supernet's networks")
    search_images: int = flag(4000, "how many of the 10,000 score rates, and paths in searches")
    recalibration_images: int = flag(1024, "training images that set batch norm statistics")
    ranked: int = flag(25, "networks that are trained alone for the rank correlation")
    folded: int = flag(6, "networks that are trained alone in both variants of the space")
    population: int = flag(40, "of the searches")
    generations: int = flag(25, "of the searches")
    searches: int = flag(3, "of each kind, on each supernet")

    def __post_init__(self) -> None:
        if not FEWEST_RANKED <= self.ranked <= self.networks:
            raise ValueError(
                f"ranked: {self.ranked} of the {self.networks} networks cannot be ranked; use "
                f"{FEWEST_RANKED} to {self.networks}"
            )

    def supernet_recipe(self, training: Training) -> Recipe:
        """The recipe of the other studies' networks: cosine, weight decay 1e-4."""
        return self.recipe(training.epochs, training.learning_rate)

    def alone_recipe(self) -> Recipe:
        """The same for networks trained alone."""
        return self.recipe(self.alone_epochs, self.alone_rate)


SHORT = Setting(
    epochs=2.0,
    rate_epochs=0.5,
    alone_epochs=3.0,
    networks=50,
    flipped=10,
    probes=4,
    probed=25,
    judge_images=4000,
    search_images=2000,
    folded=4,
    population=24,
    generations=12,
    searches=2,
)
