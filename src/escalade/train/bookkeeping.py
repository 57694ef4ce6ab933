"""What every piece of a stage took, over all its resumes, and on what a run works."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch

from escalade.artefacts.ledger import Ledger, LedgerEntry
from escalade.artefacts.machines import Machine, Machines
from escalade.artefacts.run_folder import RunFolder
from escalade.train.runtime import Runtime


@dataclass(slots=True)
class Tally:
    """What a measured body counts, from its start; `keep` writes down what is counted so far."""

    keep: Callable[[], None]
    images: int = 0
    evaluations: int = 0


class Bookkeeper:
    """Writes the ledger whole at every change, on rank 0."""

    def __init__(self, folder: RunFolder, runtime: Runtime) -> None:
        self._folder, self._runtime = folder, runtime

    @property
    def ledger(self) -> Ledger:
        """What is written down.

        Raises:
            Invalid: if the file is damaged.
        """
        return self._folder.find(Ledger) or Ledger()

    def put(
        self,
        stage: str,
        name: str,
        *,
        seconds: float,
        num_devices: int = 1,
        images: int = 0,
        evaluations: int = 0,
    ) -> None:
        """Write down a piece whose total is known, in the place of what stood there.

        Args:
            num_devices: how many it kept busy.
        """
        if self._runtime.is_main:
            entry = self._entry(stage, name, seconds, num_devices, images, evaluations)
            self._folder.write(self.ledger.put(entry))

    @contextmanager
    def measure(self, stage: str, name: str = "") -> Iterator[Tally]:
        """Time the body, and add it with what the tally counted, also if the body fails.

        A long body calls the tally's `keep` now and then: a kill loses what came after.
        """
        start, images, evaluations = time.perf_counter(), 0, 0

        def keep() -> None:
            nonlocal start, images, evaluations
            now, devices = time.perf_counter(), self._runtime.num_devices
            counted = tally.images - images, tally.evaluations - evaluations
            if self._runtime.is_main:
                entry = self._entry(stage, name, now - start, devices, *counted)
                self._folder.write(self.ledger.add(entry))
            start, images, evaluations = now, tally.images, tally.evaluations

        tally = Tally(keep=keep)
        try:
            yield tally
        finally:
            keep()

    def _entry(
        self,
        stage: str,
        name: str,
        seconds: float,
        num_devices: int,
        images: int,
        evaluations: int,
    ) -> LedgerEntry:
        return LedgerEntry(
            stage=stage,
            name=name,
            device_seconds=seconds * num_devices,
            wall_seconds=seconds,
            images=images,
            evaluations=evaluations,
            device=self._runtime.device_name,
        )


def note_machine(folder: RunFolder, runtime: Runtime) -> None:
    """Add this machine to a run's, if it is not among them.

    Raises:
        Invalid: if the file is damaged.
    """
    known = folder.find(Machines) or Machines()
    here = machine(runtime)
    if here not in known.entries:
        folder.write(Machines((*known.entries, here)))


def machine(runtime: Runtime) -> Machine:
    """Where a process works."""
    return Machine(
        torch=torch.__version__,
        device=runtime.device_model,
        capability="CUDA" if runtime.on_cuda else torch.backends.cpu.get_cpu_capability(),
        threads=runtime.threads,
        ranks=runtime.world_size,
    )
