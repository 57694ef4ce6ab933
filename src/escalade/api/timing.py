"""How long this device takes: some steps of the run's own trainings, done for the clock.

Networks of equal macs differ in time, paths of a supernet bring new shapes that kernels are made
for, and trainings side by side share the memory's bandwidth. So nothing is timed but what the run
will do: the supernet's steps on its sampled paths, and members in as many processes as there will
be.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy.optimize import nnls

from escalade.api.methods import scales
from escalade.api.session import make_supernet, path_sampler, recipe_for
from escalade.api.train import training_batches, training_step
from escalade.config import Config
from escalade.core.network import cost
from escalade.core.network.architecture import Architecture
from escalade.core.numbers.budget import Budget
from escalade.core.numbers.seeds import generator
from escalade.core.sampling.samplers import Hierarchical, Window
from escalade.core.scaling.grown_members import follow
from escalade.core.scaling.ratios import Scaling, apply
from escalade.core.space.path import Path
from escalade.core.space.space import Space
from escalade.core.space.space_summary import candidate_paths
from escalade.data import ImageData
from escalade.family.parallel import num_processes
from escalade.family.rehearsal import rehearse_all
from escalade.train import prepare
from escalade.train.recipe import Recipe
from escalade.train.rehearsal import rehearse
from escalade.train.runtime import Runtime
from escalade.train.steps import PathSequence, SinglePathStep
from escalade.train.together import TogetherStep

# Seconds of timed steps: of the supernet, and of each member.
SUPERNET_SECONDS, MEMBER_SECONDS = 6.0, 1.0
EXAMPLES = 2  # networks of each size
# On CPU a batch has at most so many macs forward, so that a plan of large networks ends.
MOST_MACS = 1 << 33
NUM_PATHS = 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """What was measured.

    Attributes:
        path: seconds per image of the supernet's training; 0 without one.
        fixed: seconds per image of a member's training beside the macs' share.
        per_mac: seconds per image and mac of a member's training.
        processes: members trained at a time, as `fixed` and `per_mac` have it.
        alone: the share of that time that a training takes when nothing runs beside it.
        peak_memory: bytes of this process.
        together: seconds per image of the searched members' training together in the supernet; 0
            where they do not.
    """

    path: float
    fixed: float
    per_mac: float
    processes: int
    alone: float
    peak_memory: int
    together: float = 0.0

    def image(self, macs: float) -> float:
        """Seconds to train on one image with a member of so many macs, side by side."""
        return max(self.fixed + self.per_mac * macs, 1e-7)


def time_run(config: Config, space: Space, data: ImageData, runtime: Runtime) -> Timing:
    """Time the supernet's and the members' training.

    Args:
        config: of the run.
        space: with the data's channels and classes.
        data: whose images are trained on.
        runtime: the run's; other ranks are not waited for.
    """
    path = time_supernet(config, space, data, _alone(config, runtime))
    together = 0.0
    if config.retrain.searched == "together":
        together = time_together(config, space, data, _alone(config, runtime))
    num = len(config.budgets) + config.grow.num
    found = time_members(config, example_members(config, space), data, runtime, num_jobs=num)
    return replace(found, path=path, together=together)


def time_supernet(config: Config, space: Space, data: ImageData, runtime: Runtime) -> float:
    """Seconds per image of the supernet's training, over all that its sampler draws."""
    recipe = _affordable(config.supernet.recipe, data, _largest_macs(config, space), runtime)
    config = replace(config, supernet=replace(config.supernet, recipe=recipe))
    with runtime.private_randomness():
        supernet = make_supernet(config, space, runtime)
    step = training_step(config, data=data, space=space, supernet=supernet, runtime=runtime)
    durations = rehearse(
        step,
        network=supernet,
        batches=training_batches(config, data=data, runtime=runtime),
        recipe=recipe,
        runtime=runtime,
        seconds=SUPERNET_SECONDS,
    )
    if not isinstance(step, SinglePathStep):
        return float(np.mean(durations)) / recipe.batch_size
    # A few dozen paths: what is above or below the mean path in macs is taken out.
    space = space.training
    sampler = path_sampler(config, space)
    paths = PathSequence(space, sampler=sampler, seed=config.seed)
    macs = [cost.of(paths.at(1 + i).architecture).macs for i in range(len(durations))]
    drawn = sampler.draw(generator(config.seed, "timing"), NUM_PATHS)
    fixed, per_mac = _line(macs, durations)
    mean = float(space.costs(drawn).mean())
    return (fixed + per_mac * mean) / recipe.batch_size


def time_together(config: Config, space: Space, data: ImageData, runtime: Runtime) -> float:
    """Seconds per image of the members' training together, with a path near each budget."""
    paths = _near_budgets(config, space)
    recipe = _affordable(
        config.retrain.recipe, data, sum(cost.of(path.running).macs for path in paths), runtime
    )
    with runtime.private_randomness():
        supernet = make_supernet(config, space, runtime)
    step = TogetherStep(
        supernet,
        paths=list({path.key: path for path in paths}.values()),
        objective=prepare.objective(recipe, data, runtime=runtime),
        distillation=config.retrain.distillation,
    )
    durations = rehearse(
        step,
        network=supernet,
        batches=prepare.training_batches(recipe, data, seed=config.seed, runtime=runtime),
        recipe=recipe,
        runtime=runtime,
        seconds=SUPERNET_SECONDS / 2,
    )
    return float(np.mean(durations)) / recipe.batch_size


def _near_budgets(config: Config, space: Space) -> list[Path]:
    """For each budget the nearest of some paths."""
    found = []
    for stage, budget in enumerate(config.ladder.budgets):
        drawn = candidate_paths(
            space,
            generator(0, "timing", stage),
            stage if scales(config, space) else 0,
            num=NUM_PATHS,
        )
        gaps = np.abs(np.log(space.costs(drawn, config.budget_kind) / budget.target))
        found += space.paths(drawn[np.array([gaps.argmin()])])
    return found


def time_members(
    config: Config,
    examples: Sequence[Architecture],
    data: ImageData,
    runtime: Runtime,
    *,
    num_jobs: int,
) -> Timing:
    """Time the training of networks, the largest last, side by side as `num_jobs` members."""
    macs = [cost.of(each).macs for each in examples]
    recipe = _affordable(config.retrain.recipe, data, macs[-1], runtime)
    processes = num_processes(num_jobs, data=data, runtime=runtime, num_workers=config.workers)
    found = rehearse_all(
        examples,
        recipe=recipe,
        data=data,
        runtime=runtime,
        num_processes=processes,
        seconds=MEMBER_SECONDS,
    )
    fixed, per_mac = _line(macs, found.together)
    return Timing(
        path=0.0,
        fixed=fixed,
        per_mac=per_mac,
        processes=processes,
        alone=found.alone / found.together[-1],
        peak_memory=runtime.peak_memory(),
    )


def example_members(config: Config, space: Space) -> list[Architecture]:
    """Networks of the smallest, a middling and the largest member's size, some of each."""
    ladder = config.ladder
    budgets = [*ladder.budgets, *config.grown]
    chosen = dict.fromkeys((budgets[0], budgets[len(budgets) // 2], budgets[-1]))
    bases = _examples(config, space)
    return [_scaled(base, config, budget, space) for budget in chosen for base in bases]


def _examples(config: Config, space: Space) -> list[Architecture]:
    """Some base networks near the first budget."""
    if not space.traits.scales:
        drawn = candidate_paths(space, generator(0, "timing"), 0, num=NUM_PATHS)
        gaps = np.abs(np.log(space.costs(drawn, config.budget_kind) / config.budgets[0]))
        nearest = np.argsort(gaps, kind="stable")[:EXAMPLES]
        return [path.architecture for path in space.paths(drawn[nearest])]
    window = Window(targets=tuple(config.budgets[:1]), kind=config.budget_kind, factor=1.2)
    base = space.for_ladder((1.0,))
    drawn = Hierarchical(base, window=window).draw(generator(0, "timing"), EXAMPLES)
    return [path.architecture for path in base.paths(drawn)]


def _scaled(base: Architecture, config: Config, budget: Budget, space: Space) -> Architecture:
    if budget.target == config.budgets[0]:
        return base
    scaling = follow(
        base,
        curve=lambda j: Scaling(*[2 ** (j / 5)] * 3),
        budget=budget,
        start=math.log2(budget.target / config.budgets[0]),
        cost_of=space.latency.of if space.latency is not None else None,
    )
    return apply(
        base,
        scaling,
        width_divisor=base.rounding.width,
        resolution_divisor=base.rounding.resolution,
    )


def _largest_macs(config: Config, space: Space) -> float:
    space = space.training
    sampler = path_sampler(config, space)
    return float(space.costs(sampler.draw(generator(0, "timing"), NUM_PATHS)).max())


def _affordable(recipe: Recipe, data: ImageData, macs: float, runtime: Runtime) -> Recipe:
    """The recipe with batches that the images fill and, on CPU, that take seconds at most."""
    recipe = recipe_for(recipe, data)
    if runtime.on_cuda:
        return recipe
    size = max(2, min(recipe.batch_size, int(MOST_MACS / macs)))
    return replace(recipe, batch_size=size, batch_norm_groups=None)


def _alone(config: Config, runtime: Runtime) -> Runtime:
    return Runtime(
        device=str(runtime.device),
        precision=config.precision,
        threads=config.threads,
        is_alone=True,
    )


def _line(macs: Sequence[float], seconds: Sequence[float]) -> tuple[float, float]:
    """Intercept and slope, neither negative, of the least relative errors."""
    times = np.array(seconds)
    scale = float(np.mean(macs))
    design = np.stack([np.ones(len(times)), np.array(macs) / scale], axis=1) / times[:, None]
    fixed, slope = nnls(design, np.ones(len(times)))[0]
    return float(fixed), float(slope) / scale
