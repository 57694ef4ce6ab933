"""One rank of members' trainings; started by test_member_ranks.py: FOLDER of the run."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import torch
from tiny_members import patches, tiny
from torch import distributed

from escalade.artefacts.run_folder import RunFolder
from escalade.config.recipe import Recipe
from escalade.evaluate.path_meter import EvaluationSettings
from escalade.family.trainings.alone import RetrainJob
from escalade.family.trainings.making import Workplace
from escalade.family.trainings.workshop import Workshop
from escalade.train.bookkeeping import Bookkeeper
from escalade.train.console import Console
from escalade.train.interrupt import Interrupted
from escalade.train.runtime import Runtime

RECIPE = Recipe(steps=6, batch_size=16, learning_rate=0.2, padding=1)


def jobs(folder: Path) -> list[RetrainJob]:
    """Two of about the same length, and one."""
    depths = {"a": (1, 2), "b": (2, 2), "c": (1, 1)}
    return [
        RetrainJob(
            name=name,
            architecture=tiny(depths=depths[name]),
            recipe=RECIPE,
            seed=0,
            folder=folder / name,
        )
        for name in depths
    ]


def place(runtime: Runtime) -> Workplace:
    settings = EvaluationSettings(num_recalibration=64, recalibration_batch=16)
    return Workplace(data=patches(), runtime=runtime, settings=settings)


def workshop(folder: Path, runtime: Runtime) -> Workshop:
    books = Bookkeeper(RunFolder(folder), runtime)
    return Workshop(place=place(runtime), num_workers=1, books=books, console=Console(quiet=True))


def main(name: str) -> None:
    torch.set_num_threads(1)
    folder, runtime = Path(name), Runtime(device="cpu")
    made = workshop(folder, runtime)
    one, other, single = jobs(folder)
    asked = iter(range(100))
    stopping = replace(made.place, should_stop=lambda: next(asked) == 3)
    try:
        replace(made, place=stopping).train([one, other])
    except Interrupted:
        runtime.barrier()
    done: list[str] = []
    made.train([one, other], on_done=lambda job: done.append(job.name))
    made.train([single], on_done=lambda job: done.append(job.name))
    made.train([one, other, single], on_done=lambda job: done.append(job.name))  # done before
    assert sorted(done) == (["a", "b", "c"] if runtime.is_main else [])
    distributed.destroy_process_group()


if __name__ == "__main__":
    main(sys.argv[1])
