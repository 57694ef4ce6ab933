"""How long this device takes: some steps of the run's own trainings, done for the clock.

Networks of equal macs differ in time, paths of a supernet bring new shapes that kernels are made
for, and trainings side by side share the memory's bandwidth. So nothing is timed but what the run
will do: the supernet's steps on its sampled paths, and members in as many processes as there will
be.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy.optimize import nnls

from escalade.config import Recipe
from escalade.core.network import cost
from escalade.core.network.architecture import Architecture
from escalade.core.numbers.seeds import generator
from escalade.core.numbers.shown import duration
from escalade.data.cache.cache_room import default_cache
from escalade.data.cache.kept_looks import kept
from escalade.family.trainings.members_rehearsal import rehearse_all
from escalade.family.trainings.side_by_side import num_processes
from escalade.nets.build import build
from escalade.planning.examples import example_members, near_budgets
from escalade.planning.member_sizes import MemberSizes
from escalade.planning.resolved_run import Run
from escalade.planning.seed_training import network_of, teacher_side
from escalade.supernet.shared_weights import SharedWeights
from escalade.train import prepare
from escalade.train.bookkeeping import machine
from escalade.train.runtime import Runtime, num_cores
from escalade.train.step_rehearsal import rehearse
from escalade.train.steps import Teacher, training_of
from escalade.train.steps.path_sequence import PathSequence
from escalade.train.steps.together import TogetherStep

# Seconds of timed steps: of the supernet, and of each member.
SUPERNET_SECONDS, MEMBER_SECONDS = 6.0, 1.0
# On CPU a batch has at most so many macs forward, so that a plan of large networks ends.
MOST_MACS = 1 << 33
NUM_PATHS = 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceTimes:
    """What was measured.

    Attributes:
        path: seconds per image of the supernet's training; 0 without one.
        fixed: seconds per image of a member's training beside the macs' share.
        per_mac: seconds per image and mac of a member's training.
        processes: members trained at a time, as `fixed` and `per_mac` have it.
        alone: the share of that time that a training takes when nothing runs beside it.
        threaded: the share that it takes when it has all threads.
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
    threaded: float = 1.0

    def image(self, macs: float) -> float:
        """Seconds to train on one image with a member of so many macs, side by side."""
        return max(self.fixed + self.per_mac * macs, 1e-7)


def time_run(run: Run, sizes: MemberSizes) -> DeviceTimes:
    """Time a run's trainings, unless the same were timed here lately; no rank waits for another."""
    times, age = kept(DeviceTimes, default_cache(), _key(run), lambda: _timed(run, sizes))
    if age:
        run.console.say(
            f"plan: trainings were timed here {duration(age)} ago; "
            "`escalade cache --clear all` has them timed anew"
        )
    return times


def _key(run: Run) -> tuple[object, ...]:
    """All that the times depend on."""
    return (
        machine(run.runtime),
        num_cores(),
        replace(run.config, hours=None),
        repr(run.space.layout),
        repr(run.space.latency),
        run.data.digests,
        (SUPERNET_SECONDS, MEMBER_SECONDS, MOST_MACS),
    )


def _timed(run: Run, sizes: MemberSizes) -> DeviceTimes:
    run.console.update("plan: timing some steps of what will be trained")
    runtime = Runtime(
        device=str(run.runtime.device),
        precision=run.config.precision,
        threads=run.config.threads,
        is_alone=True,
    )
    path = together = 0.0
    num_jobs = len(sizes.all) * (2 if run.config.rival == "beside" else 1)
    if run.has_supernet:
        path = time_supernet(run, runtime)
    else:
        num_jobs = max(num_jobs, run.method.num_scores(run.task))
    if run.config.retrain.way.together:
        together = time_together(run, sizes, runtime)
    found = time_members(run, example_members(run, sizes), num_jobs=num_jobs)
    return replace(found, path=path, together=together)


def time_supernet(run: Run, runtime: Runtime) -> float:
    """Seconds per image of the supernet's training, over all that its sampler draws."""
    settings, space = run.config.supernet, run.space.training
    training = training_of(settings)
    sampler = training.sampler_for(run.supernet_task)
    drawn = sampler.draw(generator(0, "timing"), NUM_PATHS)
    recipe = _affordable(run, settings.recipe, float(space.costs(drawn).max()))
    supernet = _fresh(run, runtime)
    task = replace(
        run.supernet_task,
        settings=replace(settings, recipe=recipe),
        runtime=runtime,
        teacher=None if run.seed is None else _untrained_teacher(run, runtime),
    )
    durations = rehearse(
        training.step(task, supernet),
        network=supernet,
        batches=training.batches(task),
        recipe=recipe,
        runtime=runtime,
        seconds=SUPERNET_SECONDS,
    )
    if not training.has_one_path:
        return float(np.mean(durations)) / recipe.batch_size
    # A few dozen paths: what is above or below the mean path in macs is taken out.
    paths = PathSequence(space, sampler=sampler, seed=task.seed)
    macs = [cost.of(paths.at(1 + i).architecture).macs for i in range(len(durations))]
    drawn = sampler.draw(generator(task.seed, "timing"), NUM_PATHS)
    fixed, per_mac = _line(macs, durations)
    mean = float(space.costs(drawn).mean())
    return (fixed + per_mac * mean) / recipe.batch_size


def time_together(run: Run, sizes: MemberSizes, runtime: Runtime) -> float:
    """Seconds per image of the members' training together, with a path near each budget."""
    paths = near_budgets(run, sizes)
    macs = sum(cost.of(path.running).macs for path in paths)
    recipe = _affordable(run, run.config.retrain.recipe, macs)
    supernet = _fresh(run, runtime)
    step = TogetherStep(
        supernet,
        paths=list({path.key: path for path in paths}.values()),
        objective=prepare.objective(recipe, run.data, runtime=runtime),
        distillation=run.config.retrain.distillation,
    )
    seed = run.config.seed
    durations = rehearse(
        step,
        network=supernet,
        batches=prepare.training_batches(recipe, run.data, seed=seed, runtime=runtime),
        recipe=recipe,
        runtime=runtime,
        seconds=SUPERNET_SECONDS / 2,
    )
    return float(np.mean(durations)) / recipe.batch_size


def time_members(run: Run, examples: Sequence[Architecture], *, num_jobs: int) -> DeviceTimes:
    """Time the training of networks, the largest last, side by side as `num_jobs` members."""
    macs = [cost.of(each).macs for each in examples]
    workers = run.config.workers
    processes = num_processes(num_jobs, data=run.data, runtime=run.runtime, num_workers=workers)
    found = rehearse_all(
        examples,
        recipe=_affordable(run, run.config.retrain.recipe, macs[-1]),
        data=run.data,
        runtime=run.runtime,
        num_processes=processes,
        seconds=MEMBER_SECONDS,
    )
    fixed, per_mac = _line(macs, found.together)
    return DeviceTimes(
        path=0.0,
        fixed=fixed,
        per_mac=per_mac,
        processes=processes,
        alone=found.alone / found.together[-1],
        threaded=found.threaded / found.together[-1],
        peak_memory=run.runtime.peak_memory(),
    )


def _fresh(run: Run, runtime: Runtime) -> SharedWeights:
    """A supernet of the run, which leaves torch's randomness as it is."""
    with runtime.private_randomness():
        return run.new_supernet()


def _untrained_teacher(run: Run, runtime: Runtime) -> Teacher:
    """What teaches, as it is before it is fine-tuned: it takes as long."""
    with runtime.private_randomness():
        network = build(network_of(run)).to(runtime.device)
    return Teacher(network=network, resolution=teacher_side(run))


def _affordable(run: Run, recipe: Recipe, macs: float) -> Recipe:
    """The recipe with batches that the images fill and, on CPU, that take seconds at most."""
    recipe = recipe.for_images(len(run.data.train))
    if run.runtime.on_cuda:
        return recipe
    size = max(2, min(recipe.batch_size, int(MOST_MACS / macs)))
    return replace(recipe, batch_size=size, batch_norm_groups=None)


def _line(macs: Sequence[float], seconds: Sequence[float]) -> tuple[float, float]:
    """Intercept and slope, neither negative, of the least relative errors."""
    times = np.array(seconds)
    scale = float(np.mean(macs))
    design = np.stack([np.ones(len(times)), np.array(macs) / scale], axis=1) / times[:, None]
    fixed, slope = nnls(design, np.ones(len(times)))[0]
    return float(fixed), float(slope) / scale
