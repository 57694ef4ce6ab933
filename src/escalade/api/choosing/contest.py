"""What was found against plain networks by a rule, before members are trained.

Members are made of what is ahead, and the time of the other is theirs: a rival that trains beside
every member takes half of it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from escalade.api.choosing.rules_look import (
    like_member,
    look_name,
    look_work,
    plain_network,
    rival_look,
)
from escalade.artefacts.contested import Bout, Contested
from escalade.artefacts.entrants import Entrant
from escalade.artefacts.rival_look import RivalLook
from escalade.core.network.architecture import Architecture
from escalade.core.scaling.ratios import scaling_between
from escalade.family.member_candidates import ByHand, Candidate
from escalade.family.trainings.alone import RetrainJob
from escalade.family.trainings.equal_time import work_of_image
from escalade.family.trainings.kept import read_made
from escalade.planning.resolved_run import Run
from escalade.report.contest_words import base_in_words, contest_in_words


def entered(run: Run, everyone: Sequence[Candidate]) -> list[Candidate]:
    """The members that are to be trained: as they were found, or plain where that is ahead.

    Raises:
        Interrupted: while the contest trained; the same call goes on.
    """
    if run.config.rival != "contest":
        return list(everyone)
    look = rival_look(run, everyone)
    if run.runtime.any(run.folder.has(Contested)):
        contest = run.folder.read(Contested)
    else:
        contest = _held(run, everyone, look)
        if run.runtime.is_main:
            run.folder.write(contest)
        run.runtime.barrier()
        run.console.say(f"contest: {contest_in_words(contest)}")
    if contest.kept == "found" or contest.rule is None:
        return list(everyone)
    networks = _networks(run, everyone, look, contest.rule)
    return [
        _by_hand(each, networks[each.name], base=networks[everyone[0].name], contest=contest)
        if each.name in networks
        else each  # grown later, beyond what the rule reaches
        for each in everyone
    ]


def made_by_hand(run: Run) -> ByHand | None:
    """How all members are made, where they are by hand; None before the contest, too."""
    contest = run.folder.find(Contested) if run.config.rival == "contest" else None
    if contest is None or contest.kept == "found" or contest.rule is None:
        return None
    return ByHand(base=contest.base, rule=contest.rule)


def told_of(run: Run) -> str:
    """The contest in a sentence; empty where there is none."""
    contest = run.folder.find(Contested) if run.config.rival == "contest" else None
    return "" if contest is None else contest_in_words(contest)


def _held(run: Run, everyone: Sequence[Candidate], look: RivalLook) -> Contested:
    """The contest at the smallest budget and at the one where rules were tried."""
    num_images = len(run.data.search)
    made = {rule: _networks(run, everyone, look, rule) for rule in look.ranked}
    rule = next((each for each in look.ranked if len(made[each]) == len(everyone)), None)
    if rule is None:
        base = base_in_words(look.name)
        note = f"no rule brings {base} of {run.space.name} to all budgets"
        return Contested(kept="found", rule=None, num_images=num_images, note=note)
    if not run.searches:
        return Contested(kept="plain", base=look.name, rule=rule, num_images=num_images)
    networks = made[rule]
    members = [each for each in everyone if each.name in (everyone[0].name, look.member)]
    jobs = {
        each.name: _jobs(run, each, everyone, networks[each.name], rule=rule, look=look)
        for each in members
    }
    run.workshop.train([job for pair in jobs.values() for job in pair])
    bouts = tuple(_bout(each, jobs[each.name]) for each in members)
    contest = Contested(
        kept="found",
        base=look.name,
        rule=rule,
        num_images=num_images,
        bouts=bouts,
        chance=None if run.data.label_sets else run.data.counts(run.data.search).majority_share,
    )
    is_found = contest.can_tell and contest.difference > 0
    return contest if is_found else replace(contest, kept="plain")


def _jobs(
    run: Run,
    member: Candidate,
    everyone: Sequence[Candidate],
    plain: Architecture,
    *,
    rule: str,
    look: RivalLook,
) -> tuple[RetrainJob, RetrainJob]:
    """The short trainings of what was found and of the network by hand, of equal work.

    Where rules were tried the latter is trained already.
    """
    work, name = look_work(run, everyone), f"{member.name}-contest"
    own = look_name(rule) if member.name == look.member else f"{name}-plain"
    return (
        like_member(run, member.architecture, f"{name}-found", work),
        like_member(run, plain, own, work),
    )


def _bout(member: Candidate, jobs: tuple[RetrainJob, RetrainJob]) -> Bout:
    found, plain = (_entrant(job) for job in jobs)
    return Bout(member=member.name, budget=member.budget, found=found, plain=plain)


def _entrant(job: RetrainJob) -> Entrant:
    made = read_made(job.folder)
    return Entrant(macs=job.macs, num_steps=made.num_steps, num_correct=made.search.num_correct)


def _networks(
    run: Run, everyone: Sequence[Candidate], look: RivalLook, rule: str
) -> Mapping[str, Architecture]:
    """The networks that a rule makes of the base, by the members at whose budgets."""
    made = {each.name: plain_network(run, look.base, each, rule)[0] for each in everyone}
    return {name: network.renamed(name) for name, network in made.items() if network is not None}


def _by_hand(
    member: Candidate, network: Architecture, *, base: Architecture, contest: Contested
) -> Candidate:
    """A network by hand in the place of what was found, which trains for as long as that would."""
    return replace(
        member,
        architecture=network,
        scaling=scaling_between(base, network),
        interval=None,
        path=None,
        by_hand=ByHand(base=contest.base, rule=contest.rule or ""),
        effort=work_of_image(member.architecture) / work_of_image(network),
    )
