"""What one run of the study is, and what one supernet of it is."""

from __future__ import annotations

from dataclasses import dataclass

from common.setting import recipe
from escalade.config.recipe import Recipe

SPACE = "scarlet_small"
# Ways to train: one permutation of the choices per layer, as many random paths before each update,
# or one random path an update.
FAIR, RANDOM, SINGLE = "fair", "random", "single_path"
LET, PLAIN, RELU = "let", "plain", "let_relu"
# Learning rates that are tried for each way, and which of the networks score them. A fair step adds
# up the gradients of all paths in what they share.
RATES = {FAIR: (0.05, 0.1, 0.2, 0.4), SINGLE: (0.1, 0.2, 0.4, 0.8)}
DEFAULT_RATES = {FAIR: 0.1, SINGLE: 0.4}
SCORED_AT_RATES = slice(None, None, 3)
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

    @property
    def name(self) -> str:
        """Of its folder."""
        parts = [self.step, self.identity, f"{self.epochs:g}epochs", f"rate{self.learning_rate:g}"]
        if self.folds:
            parts.append("folds")
        return "-".join([*parts, f"seed{self.seed}"])


@dataclass(frozen=True, kw_only=True)
class Setting:
    """All of these change the results, so a folder holds one setting only.

    Attributes:
        epochs: of every supernet that trains all choices in a step; one that trains one path a
            step has as many times more epochs, so that their passes are equal.
        rate_epochs: of the supernets that the learning rates are tried on, likewise.
        fair_rate, single_rate: learning rates of the supernets; without, the best of those that
            were tried.
        alone_epochs, alone_rate: of networks trained alone.
        networks: random networks that every supernet is scored by.
        flipped: random networks that get 0, 2 and 4 identities by force.
        probes: how often a supernet is looked at while it trains.
        probed: how many of the random networks are looked at then.
        probe_images: training images that those looks are taken on.
        judge_images: how many of the 20,000 judge images score a supernet's networks; one trained
            alone is scored on all of them.
        search_images: how many of the 10,000 search images score a learning rate, and a path in
            the searches.
        recalibration_images: training images that set batch norm statistics.
        ranked: networks that are trained alone for the rank correlation.
        folded: networks that are trained alone in both variants of the space.
        population, generations: of the searches.
        searches: of each kind, on each supernet.
        limit, steps: images of each split and steps of every training, for a smoke test.
    """

    epochs: float = 10.0
    rate_epochs: float = 2.0
    fair_rate: float | None = None
    single_rate: float | None = None
    alone_epochs: float = 10.0
    alone_rate: float = 0.6
    networks: int = 100
    flipped: int = 20
    probes: int = 10
    probed: int = 50
    probe_images: int = 1000
    judge_images: int = 10_000
    search_images: int = 4000
    recalibration_images: int = 1024
    ranked: int = 25
    folded: int = 6
    population: int = 40
    generations: int = 25
    searches: int = 3
    limit: int | None = None
    steps: int | None = None

    def __post_init__(self) -> None:
        if not FEWEST_RANKED <= self.ranked <= self.networks:
            raise ValueError(
                f"ranked: {self.ranked} of the {self.networks} networks cannot be ranked; use "
                f"{FEWEST_RANKED} to {self.networks}"
            )

    def supernet_recipe(self, training: Training) -> Recipe:
        """The recipe of the other studies' networks: cosine, weight decay 1e-4."""
        return recipe(
            epochs=training.epochs,
            steps=self.steps,
            learning_rate=training.learning_rate,
            limit=self.limit,
        )

    def alone_recipe(self) -> Recipe:
        """The same for networks trained alone."""
        return recipe(
            epochs=self.alone_epochs,
            steps=self.steps,
            learning_rate=self.alone_rate,
            limit=self.limit,
        )


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
