"""How a run's processes keep to the memory that the run may take."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Holding:
    """What a run may hold, in bytes and in processes; no result depends on it.

    Attributes:
        peak: all processes together at most, their shared pages counted once.
        workers: processes that score and train beside the run's own.
        here: private bytes of the run's own process, above which it gives free memory back.
        scorer: the same of each worker that scores.
        trainer: the same of each worker that trains members.
        caches: resized batches, of all workers.
    """

    peak: int
    workers: int
    here: int
    scorer: int
    trainer: int
    caches: int
