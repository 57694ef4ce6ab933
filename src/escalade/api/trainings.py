"""Trainings in folders of their own: done once, kept where they were made, counted in the ledger.

A folder has a checkpoint while its training runs, then the packaged weights and, written last,
`result.json`, which says that it is whole.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from escalade.api.members import pack
from escalade.api.search import evaluation_settings
from escalade.api.session import Session
from escalade.artefacts.files import read_json, write_json
from escalade.core.network.architecture import Architecture
from escalade.core.values.codec import decode, encode
from escalade.data import ImageData
from escalade.evaluate.ledger import Entry
from escalade.evaluate.score import Score
from escalade.family import package
from escalade.family.identities import Folding
from escalade.family.making import Made, slice_member
from escalade.family.parallel import Job, retrain_all
from escalade.family.retrain import CHECKPOINT
from escalade.supernet.shared_weights import SharedWeights

RESULT = "result.json"


def train_all(
    session: Session,
    jobs: Sequence[Job],
    *,
    stage: str = "retrain",
    on_done: Callable[[Job], None] | None = None,
) -> None:
    """Train what is not trained yet, side by side.

    Args:
        session: the run.
        jobs: folders and names must differ.
        stage: of the ledger and of messages.
        on_done: called on rank 0 whenever a training is whole.

    Raises:
        Interrupted: the session's `should_stop` said so; the same call goes on.
    """
    waiting = [job for job in jobs if not is_done(job.folder)]
    if not waiting:
        return
    session.console.say(f"{stage}: {', '.join(job.name for job in waiting)}")
    runtime = session.runtime
    finished = retrain_all(
        waiting,
        data=session.data,
        runtime=runtime,
        settings=evaluation_settings(session.config, num_train=len(session.data.train)),
        num_workers=session.config.workers,
        progress=session.console.training,
        should_stop=session.should_stop,
    )
    for job, made in finished:
        if not runtime.is_main:
            continue
        keep(job.folder, made, session.data)
        (job.folder / CHECKPOINT).unlink(missing_ok=True)
        session.ledger.put(
            Entry(
                stage=stage,
                name=job.name,
                device_seconds=made.seconds,
                wall_seconds=made.seconds,
                images=made.num_images,
                evaluations=1,
                device=runtime.device_name,
            )
        )
        session.console.say(
            f"{stage}: {job.name}: {made.search.accuracy:.2%} on the search split, "
            f"{made.seconds:.0f} s"
        )
        if on_done is not None:
            on_done(job)
    runtime.barrier()


def slice_into(
    session: Session,
    folder: Path,
    running: Architecture,
    *,
    supernet: Callable[[], SharedWeights],
) -> None:
    """Cut what a path runs out of a supernet, unless that is done.

    Identities are folded where they fold, so that the architecture in `folder` may be another.

    Args:
        session: the run.
        folder: where the slice is kept.
        running: what the path runs.
        supernet: makes or loads the supernet; called only where there is something to cut.

    Raises:
        ValueError: if the supernet is coupled, or cannot be had.
    """
    if is_done(folder):
        return
    data = session.data
    made = slice_member(
        supernet(),
        running,
        data=data,
        runtime=session.runtime,
        settings=evaluation_settings(session.config, num_train=len(data.train)),
    )
    if session.runtime.is_main:
        keep(folder, made, data)
    session.runtime.barrier()


def sliced(folder: Path) -> Architecture:
    """What a training that goes on from a slice is of: the slice's own network."""
    return package.read(folder).architecture


def is_done(folder: Path) -> bool:
    """Whether a training's weights are whole."""
    return (folder / RESULT).exists()


def keep(folder: Path, made: Made, data: ImageData) -> None:
    """Package weights where they were made."""
    package.write(folder, package=pack(made.architecture, data), state=made.state)
    result: dict[str, Any] = {
        "num_correct": made.search.num_correct,
        "num_images": made.search.num_images,
        "num_steps": made.num_steps,
        "num_training_images": made.num_images,
    }
    if made.folding is not None:
        result["identities"] = encode(made.folding)
    write_json(folder / RESULT, result)


def read_made(folder: Path) -> Made:
    """What `keep` wrote.

    Raises:
        ValueError: if a file is missing or damaged.
    """
    result = read_json(folder / RESULT, what="result", remedy="give the same command again")
    return Made(
        architecture=package.read(folder).architecture,
        weights=(folder / package.WEIGHTS).read_bytes(),
        search=Score(num_correct=result["num_correct"], num_images=result["num_images"]),
        num_steps=result["num_steps"],
        num_images=result["num_training_images"],
        folding=decode(Folding, result["identities"]) if "identities" in result else None,
    )
