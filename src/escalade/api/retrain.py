"""The retrain stage: every member's final weights, and its one look at the test images."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from escalade.api.choosing.contest import entered, made_by_hand, told_of
from escalade.api.choosing.placing import FamilyPlace, place
from escalade.api.choosing.rivals import rivals_of
from escalade.artefacts import digests
from escalade.artefacts.grown import Grown, GrowthFit
from escalade.artefacts.metrics_lines import collect_metrics
from escalade.core.values.invalid import Invalid
from escalade.family.family import Family, FamilyMember
from escalade.family.member_candidates import candidates
from escalade.family.packaging.finished import FILES
from escalade.family.trainings.members import MemberTrainings
from escalade.planning.resolved_run import Run


def retrain(run: Run, *, member: str | None = None) -> None:
    """Make, package and test every member (or one), then write family.json."""
    found = run.found()
    everyone = candidates(found.searched, run.folder.read(Grown), found.ladder)
    names = [each.name for each in everyone]
    if member is not None and member not in names:
        problem = f"{member!r} is not in this run"
        raise Invalid(problem, path=("member",), remedy=f"members are {', '.join(names)}")
    done = _family(run)
    wanted = [each for each in everyone if member in (None, each.name)]
    missing = [each for each in wanted if done is None or not _is_packaged(done, each.name)]
    if done is not None:
        _tell_damage(run, [done[each.name] for each in missing if each.name in done.names])
    everyone = entered(run, everyone) if missing else everyone
    missing = [each for each in everyone if each.name in {one.name for one in missing}]
    trainings = member_trainings(run, least=everyone[0].budget)
    rivals = rivals_of(run, everyone, missing)
    made = trainings.make(everyone, missing, beside=[rival.job for rival in rivals.values()])
    if run.runtime.is_main:
        for each in missing:
            _save(run, place(run, found, trainings, each, made[each.name], rivals.get(each.name)))
        collect_metrics(run.folder)
    run.runtime.barrier()


def member_trainings(run: Run, *, least: float) -> MemberTrainings:
    """What makes the weights of a run's members, the smallest of a budget of `least`."""
    return MemberTrainings(
        workshop=run.workshop,
        settings=run.config.retrain,
        least=least,
        seed=run.config.seed,
        run=run.folder,
        load_supernet=run.load_supernet,
    )


def _is_packaged(family: Family, name: str) -> bool:
    if name not in family.names:
        return False
    return digests.is_whole(family[name].path, *FILES)


def _tell_damage(run: Run, members: Sequence[FamilyMember]) -> None:
    for member in members:
        for name in digests.changed(member.path, FILES):
            run.console.say(f"retrain: {member.name}/{name} is not what was written; made again")


def _family(run: Run) -> Family | None:
    path = run.folder.family / "family.json"
    return Family.load(run.folder.family) if path.exists() else None


def _growth(run: Run) -> GrowthFit:
    """The rule that the family follows; members by hand follow none that was fitted."""
    if made_by_hand(run) is None:
        return run.folder.read(Grown).fit
    return GrowthFit(form=None, functions={}, leave_last_out=None, notes=(told_of(run),))


def _save(run: Run, placed: FamilyPlace) -> None:
    """Add a member and its rival to family.json, in order of budget."""
    family = _family(run)
    if family is None:
        family = Family(
            members=(),
            budget_kind=run.config.budget_kind,
            growth=_growth(run),
            space=run.space.name,
            data=run.data.name,
            tested=run.data.counts(run.data.test),
        )
    family = family.with_member(placed.member)
    ordered = tuple(sorted(family.members, key=lambda each: each.budget))
    rivals = {rival.member: rival for rival in family.rivals}
    if placed.rival is not None:
        rivals[placed.rival.member] = placed.rival
    beside = tuple(rivals[each.name] for each in ordered if each.name in rivals)
    replace(family, members=ordered, rivals=beside).save(run.folder.family)
