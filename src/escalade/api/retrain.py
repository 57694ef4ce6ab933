"""The retrain stage: every member's final weights, and its one look at the test images."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path

from escalade.api.members import Candidate, candidates, pack, recipe_facts
from escalade.api.provenance import how_found, ratios
from escalade.api.report import collect_metrics
from escalade.api.session import Session, member_recipe, weights_of
from escalade.api.sizes import missed_limits
from escalade.api.together import TOGETHER, together_recipe, train_members
from escalade.api.trainings import read_made, slice_into, sliced, train_all
from escalade.artefacts.grown import Grown
from escalade.artefacts.run_folder import RunFolder
from escalade.core.network import cost
from escalade.core.network.architecture import Architecture
from escalade.evaluate.score import accuracy
from escalade.family import card, package, standalone
from escalade.family.family import Accuracy, Family, FamilyMember, Weights
from escalade.family.identities import Identities
from escalade.family.retrain import RetrainJob, better_start

WEIGHTS: dict[str, Weights] = {
    "slice": "sliced",
    "together": "together",
    "retrain": "retrained",
    "finetune": "finetuned",
}


def retrain(session: Session, *, member: str | None = None) -> None:
    """Make, package and test every member (or one), then write family.json."""
    everyone = candidates(session)
    names = [candidate.name for candidate in everyone]
    if member is not None and member not in names:
        raise ValueError(f"member: {member!r} is not in this run; members are {', '.join(names)}")
    wanted = [c for c in everyone if member in (None, c.name)]
    done = _family(session)
    missing = [c for c in wanted if done is None or not _is_packaged(done, c.name)]
    made = _make(session, everyone, missing)
    if session.runtime.is_main:
        for candidate in missing:
            _finish(session, candidate, *made[candidate.name])
        collect_metrics(session.folder)
    session.runtime.barrier()


def _is_packaged(family: Family, name: str) -> bool:
    if name not in family.names:
        return False
    return all((family[name].path / file).exists() for file in (package.WEIGHTS, package.CONFIG))


def _make(
    session: Session, everyone: list[Candidate], missing: list[Candidate]
) -> dict[str, tuple[Path, list[str], Weights]]:
    """Folder of the weights, notes and kind of weights for every missing member."""
    config, weights = session.config.retrain, weights_of(session.config, session.space)
    searched = [c for c in missing if c.origin == "searched"]
    grown = [c for c in missing if c.origin == "grown"]
    largest = [c for c in everyone if c.origin == "searched"][-1]
    needs_largest = bool(grown) and config.grown != "scratch"
    # In a choice space a slice may keep identities, which no grown member has.
    alone = needs_largest and largest.runs is not None and weights != "retrain"
    first = list(searched)
    if needs_largest and not alone and largest not in first:
        first.append(largest)
    cut, supernet = "slice", session.load_supernet
    if weights == TOGETHER:
        together = [c for c in everyone if c.origin == "searched"]
        cut, supernet = TOGETHER, cache(lambda: train_members(session, together))
    for candidate in first:
        if weights != "retrain" or candidate.runs is not None:
            folder = _at(session, candidate, cut)
            slice_into(session, folder, candidate.running, supernet=supernet)
    jobs = []
    if weights == "retrain":
        jobs += [_job(session, c, "scratch") for c in first]
    if weights == "finetune":
        jobs += [_job(session, c, "finetune", start=_at(session, c, "slice")) for c in first]
    if config.grown != "warm":
        jobs += [_job(session, c, "scratch") for c in grown]
    if alone:
        jobs.append(_job(session, largest, "scratch"))
    train_all(session, jobs)
    kind = "scratch" if weights == "retrain" else weights
    if needs_largest:
        start = _at(session, largest, "scratch" if alone else kind)
        train_all(session, [_job(session, c, "warm", start=start) for c in grown])
    made: dict[str, tuple[Path, list[str], Weights]] = {
        c.name: (_at(session, c, kind), [], WEIGHTS[weights]) for c in searched
    }
    for candidate in grown:
        made[candidate.name] = _chosen(session, candidate)
    return made


def _chosen(session: Session, candidate: Candidate) -> tuple[Path, list[str], Weights]:
    """Which start a grown member keeps."""
    how = session.config.retrain.grown
    if how != "both":
        weights: Weights = "finetuned" if how == "warm" else "retrained"
        return _at(session, candidate, how), [], weights
    folders = {kind: _at(session, candidate, kind) for kind in ("scratch", "warm")}
    scratch, warm = (read_made(folders[kind]) for kind in ("scratch", "warm"))
    choice = better_start(scratch=scratch, warm=warm)
    session.console.say(f"retrain: {candidate.name}: {choice.note}")
    if choice.is_warm:
        return folders["warm"], [choice.note], "finetuned"
    return folders["scratch"], [choice.note], "retrained"


def _at(session: Session, candidate: Candidate, kind: str) -> Path:
    return session.folder.training / f"{candidate.name}-{kind}"


def _job(
    session: Session, candidate: Candidate, kind: str, *, start: Path | None = None
) -> RetrainJob:
    config = session.config
    tuned = start if kind == "finetune" else None
    return RetrainJob(
        name=f"{candidate.name}-{kind}",
        architecture=candidate.architecture if tuned is None else sliced(tuned),
        recipe=member_recipe(config, session.data, from_weights=start is not None),
        seed=config.seed,
        folder=_at(session, candidate, kind),
        start=start,
    )


def _finish(
    session: Session, candidate: Candidate, weights: Path, notes: list[str], kind: Weights
) -> None:
    """Package a member, then test it: the one time its test images are looked at."""
    data, config = session.data, session.config
    made = read_made(weights)
    folder = session.folder.family / candidate.name
    packed = pack(made.architecture, data)
    package.write(folder, package=packed, state=made.state)
    standalone.write(folder, package=packed)
    with session.ledger.measure("test", runtime=session.runtime, name=candidate.name) as tally:
        test = accuracy(
            package.load_network(folder).to(session.runtime.device),
            data.test,
            resolution=made.architecture.resolution,
            mean=data.mean,
            std=data.std,
            runtime=session.runtime,
        )
        tally.images, tally.evaluations = test.num_images, 1
    counts = cost.of(made.architecture)
    member = FamilyMember(
        name=candidate.name,
        stage=candidate.stage,
        origin=candidate.origin,
        weights=kind,
        budget=candidate.budget,
        macs=counts.macs,
        params=counts.params,
        activations=counts.activations,
        resolution=made.architecture.resolution,
        accuracy=Accuracy(search=made.search.accuracy, test=test.accuracy),
        folder=candidate.name,
        latency=_latency(session, made.architecture),
        identities=_identities(session, candidate, "slice" if kind != TOGETHER else kind),
    )
    if member.identities is not None and kind != "retrained":
        notes = [*notes, member.identities.note, *_missed(session, member)]
    recipe = recipe_facts(member_recipe(config, data, from_weights=kind == "finetuned"))
    if kind == TOGETHER:
        shared = {"distillation": config.retrain.distillation}
        recipe = recipe_facts(together_recipe(session)) | shared
    chose_size = candidate.origin == "searched" and not config.budgets
    facts = card.Facts(
        data=data.name,
        num_train=len(data.train),
        budget_kind=config.budget_kind,
        tolerance=None if chose_size else config.tolerance,
        search=made.search,
        test=test,
        interval=candidate.interval,
        recipe=recipe if kind != "sliced" else None,
        notes=tuple(notes),
        found=how_found(session, candidate.origin),
        **ratios(session, candidate),
    )
    card.write(folder, member=member, package=packed, facts=facts)
    _save(session, member)
    session.console.say(
        f"test: {candidate.name}: {test.accuracy:.2%} ± {test.standard_error:.2%} "
        f"on {test.num_images:,} images"
    )


def _missed(session: Session, member: FamilyMember) -> list[str]:
    """What the identities that stay in a slice cost it, told at once and on its card."""
    missed = missed_limits(session.config, member)
    if not missed:
        return []
    note = (
        f"With the identities that stay it misses {' and '.join(missed)}; a run with "
        "retrain.searched: retrain trains the network without them, which does not."
    )
    session.console.say(f"retrain: {member.name}: {note}")
    return [note]


def _identities(session: Session, candidate: Candidate, cut: str) -> Identities | None:
    """What became of the identities of a searched member's slice, in a choice space."""
    if candidate.runs is None:
        return None
    made = read_made(_at(session, candidate, cut))
    if made.folding is None:
        return None
    return Identities(
        folded=made.folding.folded,
        kept=made.folding.kept,
        accuracy=made.search.accuracy,
        slice=cost.of(made.architecture),
        standalone=cost.of(candidate.architecture),
    )


def _latency(session: Session, architecture: Architecture) -> float | None:
    """Predicted seconds, where the run has a latency table."""
    table = session.space.latency
    return None if table is None else table.of(architecture)


def _family(session: Session) -> Family | None:
    path = session.folder.family / "family.json"
    return Family.load(session.folder.family) if path.exists() else None


def _save(session: Session, member: FamilyMember) -> None:
    """Add the member to family.json, in order of budget."""
    config = session.config
    family = _family(session)
    if family is None:
        growth = RunFolder(session.folder.path).read(Grown)
        family = Family(
            members=(),
            budget_kind=config.budget_kind,
            growth=growth.fit,
            space=session.space.name,
            data=session.data.name,
        )
    family = family.with_member(member)
    ordered = tuple(sorted(family.members, key=lambda each: each.budget))
    replace(family, members=ordered).save(session.folder.family)
