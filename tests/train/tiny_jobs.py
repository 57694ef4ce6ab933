"""WorkerTask for pools; its own module, because worker processes import it."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from escalade.train.interrupt import Interrupted
from escalade.train.worker import Link


@dataclass(frozen=True)
class Scale:
    """Jobs are numbers, or the name of a way to fail."""

    factor: float

    def setup(self, shared: Mapping[str, Tensor]) -> Tensor:
        return shared["weights"] * self.factor

    def run(self, state: Tensor, job: float | str, link: Link) -> tuple[float, int, int]:
        if job == "fail":
            raise ValueError("stage S1: no such thing\nuse another")
        if job == "die":
            os.kill(os.getpid(), signal.SIGKILL)
        if job == "until stopped":
            link.report(os.getpid())
            while not link.should_stop():
                time.sleep(0.01)
            raise Interrupted("stopped in the job")
        assert not isinstance(job, str)
        link.report(job)
        return float((state * job).sum()), torch.get_num_threads(), os.getpid()
