"""Writes down on what a run works: the same bits come of the same kind of machine."""

from __future__ import annotations

import torch

from escalade.artefacts.machines import Machine, Machines
from escalade.artefacts.run_folder import RunFolder
from escalade.train.runtime import Runtime


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
