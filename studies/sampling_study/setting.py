"""What one run of the study is."""

from __future__ import annotations

from dataclasses import dataclass

from common.setting import recipe
from escalade.config.recipe import Recipe
from escalade.core.numbers.budget import Budget
from escalade.core.sampling.samplers import Hierarchical, Uniform, Window
from escalade.core.space.space import Space
from escalade.search import Evolution
from escalade.spaces.load import load

# The paper's two, which also draw the scored paths; and hierarchical sampling that is even over
# resolutions and depths (core.balance), ours.
DRAWING = ("uniform", "hierarchical")
SAMPLERS = (*DRAWING, "balanced")


@dataclass(frozen=True, kw_only=True)
class Setting:
    """All of these change the results, so a folder holds one setting only.

    Attributes:
        base: f_0 in macs; stage j has 2^j of it.
        num_scaled: M, the searched stages beyond the base's.
        iterations: T of the search.
        tolerance: of every budget, both sides.
        window: how far from the budgets the sampled paths may be (a factor).
        learning_rate: of every training.
        supernet_epochs, alone_epochs, epochs: of the supernets, of the stand-alone paths of
            part (b), and of the families of part (c).
        paths: how many are scored in part (a); half of them drawn by each sampler.
        alone: how many of them are trained from scratch in part (b).
        search_images: how many of the 10,000 search images score a path.
        recalibration_images: training images that set its batch norm statistics.
        bases, population, generations, strategies: of the search (MCEA).
        limit, steps: images of each split and steps of every training, for a smoke test.
    """

    base: float = 0.6e6
    num_scaled: int = 2
    iterations: int = 4
    tolerance: float = 0.02
    window: float = 1.5
    learning_rate: float = 0.6
    supernet_epochs: float = 20.0
    alone_epochs: float = 3.0
    epochs: float = 4.0
    paths: int = 1000
    alone: int = 24
    search_images: int = 2000
    recalibration_images: int = 512
    bases: int = 10
    population: int = 24
    generations: int = 6
    strategies: int = 24
    limit: int | None = None
    steps: int | None = None

    def recipe(self, epochs: float) -> Recipe:
        return recipe(
            epochs=epochs, steps=self.steps, learning_rate=self.learning_rate, limit=self.limit
        )

    def budgets(self, num_scaled: int) -> tuple[Budget, ...]:
        """f_0 to f_M."""
        return tuple(self.budget(stage) for stage in range(num_scaled + 1))

    def budget(self, stage: int) -> Budget:
        return Budget(self.base * 2**stage, "macs", self.tolerance)

    def space(self, num_scaled: int) -> Space:
        factors = [2.0**stage for stage in range(num_scaled + 1)]
        return load("small", factors=factors, in_channels=1, num_classes=10)

    def sampler(self, name: str, num_scaled: int) -> Uniform | Hierarchical:
        """Uniform, hierarchical with equal weights, or balanced; the same window for all."""
        targets = tuple(budget.target for budget in self.budgets(num_scaled))
        over = "both" if name == "balanced" else "none"
        window = Window(targets=targets, factor=self.window, balance=over)
        kind = Uniform if name == "uniform" else Hierarchical
        return kind(self.space(num_scaled), window=window)

    @property
    def evolution(self) -> Evolution:
        return Evolution(population=self.population, generations=self.generations)
