"""The plain base of a space by a rule, and the short look that chooses the rule."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from escalade.artefacts.rival_look import LookedAt, RivalLook
from escalade.core.network import cost
from escalade.core.network.architecture import Architecture
from escalade.core.numbers.budget import Budget, format_amount
from escalade.core.scaling.hybrid import scale_within
from escalade.family.member_candidates import Candidate
from escalade.family.trainings.alone import RetrainJob
from escalade.family.trainings.equal_time import (
    RULES,
    look_images,
    member_work,
    trained_like_member,
    work_of_image,
)
from escalade.family.trainings.kept import read_made
from escalade.planning.resolved_run import Run
from escalade.search.growing.found import widths_and_depths


def rival_look(run: Run, everyone: Sequence[Candidate]) -> RivalLook:
    """The look at the rules, which is done once a run.

    Raises:
        Interrupted: while it trained; the same call goes on.
    """
    if run.runtime.any(run.folder.has(RivalLook)):
        return run.folder.read(RivalLook)
    look = _looked(run, everyone)
    if run.runtime.is_main:
        run.folder.write(look)
    run.runtime.barrier()
    for line in _told(run, look):
        run.console.say(f"rival: {line}")
    return look


def _looked(run: Run, everyone: Sequence[Candidate]) -> RivalLook:
    """Try the rules at the budget in the middle."""
    member, base = everyone[len(everyone) // 2], run.space.plain_base
    made = {rule: plain_network(run, base, member, rule) for rule in RULES}
    networks = {rule: network for rule, (network, _) in made.items() if network is not None}
    work = look_work(run, member, everyone)
    jobs = {rule: like_member(run, each, f"look-{rule}", work) for rule, each in networks.items()}
    if len({network.key for network in networks.values()}) > 1:
        run.workshop.train([*jobs.values()])
    else:
        jobs = {}
    rules = tuple(
        _result(rule, network, why, jobs.get(rule)) for rule, (network, why) in made.items()
    )
    best = sorted(
        (each for each in rules if each.macs is not None),
        key=lambda each: each.num_correct or 0,
        reverse=True,
    )
    return RivalLook(
        base=base,
        is_named=run.base_space.layout.plain is not None,
        member=member.name,
        budget=member.budget,
        rules=rules,
        ranked=tuple(each.rule for each in best),
    )


def _result(rule: str, network: Architecture | None, why: str, job: RetrainJob | None) -> LookedAt:
    macs = None if network is None else cost.of(network).macs
    if job is None:
        return LookedAt(rule=rule, macs=macs, note=why)
    found = read_made(job.folder)
    return LookedAt(
        rule=rule,
        macs=macs,
        num_steps=found.num_steps,
        num_correct=found.search.num_correct,
        num_images=found.search.num_images,
    )


def plain_network(
    run: Run, base: Architecture, member: Candidate, rule: str
) -> tuple[Architecture | None, str]:
    """What a rule makes of the base at a member's budget; or None, and why."""
    budget, name = budget_of(run, member), f"{member.name}-{rule}"
    return scaled_plain(run, base, budget, rule=rule, stage=member.stage, name=name)


def scaled_plain(
    run: Run, base: Architecture, budget: Budget, *, rule: str, stage: float, name: str
) -> tuple[Architecture | None, str]:
    """What a rule makes of a base at a budget, for the images at hand; or None, and why.

    Args:
        run: whose images it is for.
        base: the network to scale.
        budget: the target.
        rule: such as dWr.
        stage: j = log2(f / f_0) of the target.
        name: of the network.
    """
    latency = run.space.latency
    try:
        made = scale_within(
            base,
            rule=rule,
            budget=budget,
            stage=stage,
            side=run.data.side,
            name=name,
            cost_of=None if budget.kind != "latency" or latency is None else latency.of,
        )
    except ValueError as error:
        return None, " ".join(str(error).split())
    return made.architecture, ""


def look_work(run: Run, member: Candidate, everyone: Sequence[Candidate]) -> float:
    """What each training of a short look at a member's budget takes."""
    batch_size = run.config.retrain.recipe.for_images(len(run.data.train)).batch_size
    of_image = work_of_image(member.running)
    images = round(work_of(run, member, everyone) / of_image)
    return look_images(images, batch_size=batch_size) * of_image


def budget_of(run: Run, member: Candidate) -> Budget:
    """A member's budget."""
    return Budget(member.budget, run.config.budget_kind, run.config.tolerance)


def work_of(run: Run, member: Candidate, everyone: Sequence[Candidate]) -> float:
    """What a member's training takes."""
    return member_work(run.config, member, everyone, num_train=len(run.data.train))


def like_member(
    run: Run, network: Architecture, name: str, work: float, *, start: Path | None = None
) -> RetrainJob:
    """The training of a network for so much work, by the recipe of members."""
    return trained_like_member(
        network,
        name=name,
        work=work,
        config=run.config,
        num_train=len(run.data.train),
        folder=run.folder.training / name,
        start=start,
    )


def _told(run: Run, look: RivalLook) -> list[str]:
    """The look for people."""
    shape, lines = widths_and_depths(look.base), []
    if not look.is_named:
        lines.append(
            f"the space {run.space.name} names no plain base; taken is what is plainest in the "
            f"middle of its choices: {shape}"
        )
    if not look.ranked:
        budget = format_amount(look.budget, run.config.budget_kind)
        return [*lines, f"none: no rule brings the plain base to {budget}: {look.rules[0].note}"]
    tried = [
        f"{each.rule} {each.num_correct / each.num_images:.1%}"
        for each in look.rules
        if each.num_correct is not None and each.num_images
    ]
    after = f" ({', '.join(tried)} after a short look)" if tried else ""
    return [*lines, f"the plain base ({shape}) by {look.ranked[0]}{after}"]
