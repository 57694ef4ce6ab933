"""The searched members' training together, in the supernet that they are then cut out of."""

from __future__ import annotations

from collections.abc import Sequence

from escalade.api.members import Candidate
from escalade.api.session import Session, member_recipe
from escalade.evaluate.ledger import Entry
from escalade.family.retrain import CHECKPOINT
from escalade.family.together import TogetherJob, train_together
from escalade.supernet.digest import digest
from escalade.supernet.shared_weights import SharedWeights

TOGETHER = "together"


def train_members(session: Session, searched: Sequence[Candidate]) -> None:
    """Train the searched members on in the supernet, all in every step, unless that is done.

    The recipe is that of members that start from weights.

    Raises:
        ValueError: if the supernet is not trained, or the file is damaged.
        Interrupted: the session's `should_stop` said so; the same call goes on.
    """
    if session.folder.together.exists():
        return
    console, runtime = session.console, session.runtime
    supernet = session.load_supernet()
    members = {each.path.key: each.path for each in searched}
    job = TogetherJob(
        name=TOGETHER,
        members=tuple(members.values()),
        recipe=member_recipe(session.config, session.data, from_weights=True),
        seed=session.config.seed,
        folder=session.folder.training / TOGETHER,
        start=digest(supernet),
    )
    console.say(f"retrain: {', '.join(each.name for each in searched)} together in the supernet")
    result = train_together(
        job,
        supernet,
        data=session.data,
        runtime=runtime,
        progress=lambda progress: console.training(TOGETHER, progress),
        should_stop=session.should_stop,
    )
    if runtime.is_main:
        session.save_supernet(supernet, session.folder.together)
        (job.folder / CHECKPOINT).unlink(missing_ok=True)
        session.ledger.put(
            Entry(
                stage="retrain",
                name=TOGETHER,
                device_seconds=result.seconds * runtime.num_devices,
                wall_seconds=result.seconds,
                images=result.num_images,
                device=runtime.device_name,
            )
        )
    runtime.barrier()


def trained_together(session: Session) -> SharedWeights:
    """The supernet after its members trained together.

    Raises:
        ValueError: if they did not, or the file is damaged.
    """
    return session.load_weights(session.folder.together, stage="retrain")
