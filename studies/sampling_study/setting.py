"""What one run of the study is."""

from __future__ import annotations

from dataclasses import dataclass

from common import lab
from common.command import Lengths, flag
from common.lab import Budget

# The paper's two, which also draw the scored paths; and hierarchical sampling that is even over
# resolutions and depths (core.balance), ours.
DRAWING = ("uniform", "hierarchical")
SAMPLERS = (*DRAWING, "balanced")


@dataclass(frozen=True, kw_only=True)
class Setting(Lengths):
    """One run; all of these change the results, so a folder holds one setting only."""

    base: float = flag(0.6e6, "f_0 in macs; stage j has 2^j of it")
    num_scaled: int = flag(2, "M, the searched stages beyond the base's")
    iterations: int = flag(4, "T of the search")
    tolerance: float = flag(0.02, "of every budget, both sides")
    window: float = flag(1.5, "how far from the budgets the sampled paths may be, a factor")
    learning_rate: float = flag(0.6, "of every training")
    supernet_epochs: float = flag(20.0, "of the supernets")
    alone_epochs: float = flag(3.0, "of the stand-alone paths of part (b)")
    epochs: float = flag(4.0, "of the families of part (c)")
    paths: int = flag(1000, "scored in part (a), half of them drawn by each sampler")
    alone: int = flag(24, "of them, trained from scratch in part (b)")
    search_images: int = flag(2000, "how many of the 10,000 search images score a path")
    recalibration_images: int = flag(512, "training images that set its batch norm statistics")
    bases: int = flag(10, "of the search (MCEA)")
    population: int = flag(24, "of the search")
    generations: int = flag(6, "of the search")
    strategies: int = flag(24, "of the search")

    def budgets(self, num_scaled: int) -> tuple[Budget, ...]:
        """f_0 to f_M."""
        return tuple(self.budget(stage) for stage in range(num_scaled + 1))

    def budget(self, stage: int) -> Budget:
        return Budget(self.base * 2**stage, "macs", self.tolerance)

    def sampler(self, name: str, num_scaled: int) -> lab.Uniform | lab.Hierarchical:
        """Uniform, hierarchical with equal weights, or balanced; the same window for all."""
        space = lab.load_space("small", factors=[2.0**stage for stage in range(num_scaled + 1)])
        targets = tuple(budget.target for budget in self.budgets(num_scaled))
        over = "both" if name == "balanced" else "none"
        window = lab.Window(targets=targets, factor=self.window, balance=over)
        kind = lab.Uniform if name == "uniform" else lab.Hierarchical
        return kind(space, window=window)
