"""How a run keeps to its memory: as few workers and as small caches as a limit takes."""

from __future__ import annotations

from escalade.core.numbers.shown import memory
from escalade.core.values.invalid import Invalid
from escalade.evaluate.evaluator import CACHE_BYTES
from escalade.planning.memory_needs import MemoryNeeds
from escalade.planning.resolved_run import Run
from escalade.train.allocator import Holding

CACHES = (CACHE_BYTES, CACHE_BYTES // 4, CACHE_BYTES // 16)
MOST = 1024  # workers that are ever counted


def hold(run: Run, *, limit: float | None) -> None:
    """Keep a run's processes to their memory: as many as it wants, or as few as a limit allows.

    Args:
        run: on CPU; on CUDA the GPU's memory counts, and nothing is done.
        limit: bytes in all; None is half of what is free, which a run that cannot do with less
            may exceed, and says so.

    Raises:
        Invalid: if the run needs more than the limit, with what it needs.
    """
    if not run.runtime.on_cuda:
        run.runtime.hold(_fitted(run, limit))


def _fitted(run: Run, limit: float | None) -> Holding:
    needs = MemoryNeeds(run)
    most = limit or _half_of_free(run)
    wanted = 1 if run.runtime.world_size > 1 else run.runtime.num_workers(run.config.workers)
    ways = [(num, caches) for num in range(min(wanted, MOST), 0, -1) for caches in CACHES]
    found = [needs.holding(workers, caches) for workers, caches in ways]
    fitting = next((each for each in found if most is None or each.peak <= most), None)
    if fitting is not None:
        return fitting
    least = min(found, key=lambda each: each.peak)
    if limit is not None:
        raise Invalid(
            f"{memory(limit)} is too little: also with one worker this run takes about "
            f"{memory(least.peak)}, most of it to {needs.largest_stage(least)}",
            path=("memory",),
            remedy=f"give {memory(1.01 * least.peak)}, a smaller last budget, fewer grown members "
            "(--grow), or smaller batches (supernet.recipe.batch_size, retrain.recipe.batch_size)",
        )
    run.console.say(
        f"memory: about {memory(least.peak)}, more than half of what is free; nothing takes less"
    )
    return least


def _half_of_free(run: Run) -> float | None:
    try:
        return run.runtime.free_memory() / 2
    except ValueError:  # not told on this system
        return None
