"""The searched members' training together, in the supernet that they are then cut out of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from safetensors import SafetensorError, safe_open

from escalade.api.members import Candidate
from escalade.api.session import Session, member_recipe
from escalade.config.recipe import Recipe
from escalade.evaluate.ledger import Entry
from escalade.family.retrain import CHECKPOINT
from escalade.family.together import TogetherJob, train_together
from escalade.supernet.digest import digest
from escalade.supernet.shared_weights import SharedWeights

TOGETHER = "together"


def train_members(session: Session, searched: Sequence[Candidate]) -> SharedWeights:
    """Train the searched members on in the supernet, all in every step, unless that is done.

    Returns:
        The supernet after that; its file remembers from which weights and with whom.

    Raises:
        ValueError: if the supernet is not trained, a file is damaged, or what is there is of other
            members or of another supernet.
        Interrupted: the session's `should_stop` said so; the same call goes on.
    """
    supernet = session.load_supernet()
    members = {each.path.key: each.path for each in searched}
    job = TogetherJob(
        name=TOGETHER,
        members=tuple(members.values()),
        distillation=session.config.retrain.distillation,
        recipe=together_recipe(session),
        seed=session.config.seed,
        folder=session.folder.training / TOGETHER,
        start=digest(supernet),
    )
    # One entry, since the file has several in no fixed order.
    facts = {"made_of": " ".join([job.start, *members])}
    if session.folder.together.exists():
        _check(session, facts)
        supernet = session.load_weights(session.folder.together, stage="retrain")
    else:
        names = ", ".join(each.name for each in searched)
        session.console.say(f"retrain: {names} together in the supernet")
        _train(session, job, supernet, facts)
    if session.runtime.is_main:
        (job.folder / CHECKPOINT).unlink(missing_ok=True)
    session.runtime.barrier()
    return supernet


def together_recipe(session: Session) -> Recipe:
    """That of members which start from weights; a supernet knows no stochastic depth."""
    recipe = member_recipe(session.config, session.data, from_weights=True)
    return replace(recipe, drop_path_rate=0.0)


def _train(
    session: Session, job: TogetherJob, supernet: SharedWeights, facts: dict[str, str]
) -> None:
    runtime = session.runtime
    result = train_together(
        job,
        supernet,
        data=session.data,
        runtime=runtime,
        progress=lambda progress: session.console.training(TOGETHER, progress),
        should_stop=session.should_stop,
    )
    if not runtime.is_main:
        return
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
    session.save_supernet(supernet, session.folder.together, facts=facts)


def _check(session: Session, facts: dict[str, str]) -> None:
    path = session.folder.together
    try:
        with safe_open(path, framework="pt") as file:
            found = file.metadata()
    except SafetensorError as error:
        raise ValueError(
            f"{path}: damaged ({error}); delete it and run `escalade retrain {session.folder.path}`"
        ) from None
    if found != facts:
        raise ValueError(
            f"{path}: other members trained together there, or from another supernet; delete it, "
            f"{session.folder.training} and {session.folder.family}, and run `escalade retrain "
            f"{session.folder.path}`"
        )
