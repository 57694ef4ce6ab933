"""Whether a pretrained network can be trained in this machine's memory."""

from __future__ import annotations

import os

from escalade.core.network import cost
from escalade.core.values.invalid import Invalid
from escalade.planning.resolved_run import Run
from escalade.planning.seed_training import seed_job

# Bytes of a parameter in training: weight, gradient, momentum, and the supernet's copy of it; and
# of an activation: what a convolution, its norm and what follows keep for the way back.
PARAMETER, ACTIVATION = 4 * 4, 3 * 4


def check_memory(run: Run) -> None:
    """Whether the fine-tuning of the network fits; nothing where the run starts from none.

    Raises:
        Invalid: if it does not, with what it takes.
    """
    if run.seed is None or run.runtime.on_cuda:
        return
    job, has = seed_job(run), _memory()
    counts, batch = cost.of(job.architecture), job.recipe.batch_size
    takes = counts.params * PARAMETER + counts.activations * batch * ACTIVATION
    if takes > has:
        raise Invalid(
            f"{run.seed.name} takes about {takes / 2**30:.3g} GiB to fine-tune, {batch} images at "
            f"a time at {job.architecture.resolution} pixels, and this machine has "
            f"{has / 2**30:.3g}",
            path=("seed_network",),
            remedy="begin with a smaller network, lower the largest budget, or use a smaller "
            "retrain.recipe.batch_size",
        )


def _memory() -> int:
    """Bytes of this machine; where it does not tell, more than anybody has."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        return 1 << 62
