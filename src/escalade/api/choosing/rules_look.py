"""The bases of a space by hand and by a rule, and the short look that chooses among them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from escalade.artefacts.rival_look import LookedAt, RivalLook
from escalade.core.network import cost
from escalade.core.network.architecture import Architecture
from escalade.core.numbers.budget import Budget
from escalade.core.numbers.shown import amount, percent
from escalade.core.numbers.statistics import difference_standard_error
from escalade.core.scaling.hybrid import scale_within
from escalade.core.space.plain_network import PLAIN
from escalade.family.member_candidates import Candidate
from escalade.family.trainings.alone import RetrainJob
from escalade.family.trainings.equal_time import (
    RULES,
    contest_images,
    member_work,
    trained,
    trained_like_member,
    work_of_image,
)
from escalade.family.trainings.kept import read_made
from escalade.planning.kept_limits import missed_limits
from escalade.planning.resolved_run import Run
from escalade.report.contest_words import base_in_words
from escalade.search.growing.found import widths_and_depths


def rival_look(run: Run, everyone: Sequence[Candidate]) -> RivalLook:
    """The look at bases and rules, which is done once a run.

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
    """Try bases at the smallest budget, and then the rules of one at the budget in the middle.

    Without a search, whose contest needs the network in the middle, no rule is tried: looks have
    never told one from another, and the first is the best guess.
    """
    bases = _bases_tried(run, everyone)
    chosen = best_base(bases) if bases else PLAIN
    member, base = everyone[len(everyone) // 2], run.space.layout.hand_made[chosen]
    made = {rule: plain_network(run, base, member, rule) for rule in RULES}
    networks = {rule: network for rule, (network, _) in made.items() if network is not None}
    is_choice = run.searches and len({network.key for network in networks.values()}) > 1
    if is_choice:
        _train(run, networks, everyone)
    rules = tuple(
        _result(run, rule if is_choice else None, network, LookedAt(rule=rule, note=why))
        for rule, (network, why) in made.items()
    )
    best = sorted(
        (each for each in rules if each.macs is not None),
        key=lambda each: each.num_correct or 0,
        reverse=True,
    )
    return RivalLook(
        name=chosen,
        base=base,
        is_named=run.base_space.layout.plain is not None,
        bases=tuple(bases.values()),
        member=member.name,
        budget=member.budget,
        rules=rules,
        ranked=tuple(each.rule for each in best),
    )


def _bases_tried(run: Run, everyone: Sequence[Candidate]) -> dict[str, LookedAt]:
    """Bases at the smallest budget, where there are several, by a rule that reaches all budgets."""
    if len(run.bases_by_hand) == 1:
        return {}
    made: dict[str, tuple[str, Architecture]] = {}
    for name in run.bases_by_hand:
        base = run.space.layout.hand_made[name]
        for rule in RULES:
            networks = [plain_network(run, base, each, rule)[0] for each in everyone]
            if networks[0] is not None and None not in networks:
                made[name] = rule, networks[0]
                break
    _train(run, {_of_base(name): network for name, (_, network) in made.items()}, everyone)
    return {
        name: _result(run, _of_base(name), network, LookedAt(base=name, rule=rule))
        for name, (rule, network) in made.items()
    }


def _of_base(name: str) -> str:
    """A base among what is tried, where a rule has its own name."""
    return f"base-{name}"


def look_name(tried: str) -> str:
    """Of the training of what is tried."""
    return f"look-{tried}"


def _train(run: Run, networks: Mapping[str, Architecture], everyone: Sequence[Candidate]) -> None:
    """Short trainings of equal work."""
    work = look_work(run, everyone)
    run.workshop.train(
        [like_member(run, each, look_name(name), work) for name, each in networks.items()]
    )


def _result(run: Run, name: str | None, network: Architecture | None, tried: LookedAt) -> LookedAt:
    """What a network reached in the training of some name; nothing was trained without one."""
    if network is None:
        return tried
    tried = replace(tried, macs=cost.of(network).macs)
    if name is None:
        return tried
    found = read_made(run.folder.training / look_name(name))
    return replace(
        tried,
        num_steps=found.num_steps,
        num_correct=found.search.num_correct,
        num_images=found.search.num_images,
    )


def best_base(tried: Mapping[str, LookedAt]) -> str:
    """The first base, or a later one that is ahead of it by more than a standard error."""
    shares = {
        base: (each.num_correct or 0) / (each.num_images or 1) for base, each in tried.items()
    }
    chosen, *others = tried
    for base in others:
        num_images = tried[base].num_images or 1
        if shares[base] > shares[chosen] + difference_standard_error(
            shares[chosen], num_images=num_images
        ):
            chosen = base
    return chosen


def plain_network(
    run: Run, base: Architecture, member: Candidate, rule: str
) -> tuple[Architecture | None, str]:
    """What a rule makes of the base at a member's budget; or None, and why.

    In the place of a searched member it keeps the search's limits, too.
    """
    budget, name = budget_of(run, member), f"{member.name}-{rule}"
    network, why = scaled_plain(run, base, budget, rule=rule, stage=member.stage, name=name)
    if network is None or member.origin != "searched":
        return network, why
    missed = missed_limits(run, network)
    return (None, f"it misses {' and '.join(missed)}") if missed else (network, "")


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


def look_work(run: Run, everyone: Sequence[Candidate]) -> float:
    """What each training takes of a look, or of a contest, whatever its budget."""
    smallest, num_train = everyone[0], len(run.data.train)
    batch_size = run.config.retrain.recipe.for_images(num_train).batch_size
    of_image = work_of_image(trained(run.config, smallest))
    images = round(work_of(run, smallest, everyone) / of_image)
    return contest_images(images, batch_size=batch_size) * of_image


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
        budget = amount(look.budget, run.config.budget_kind)
        return [
            *lines,
            f"none: no rule brings {base_in_words(look.name)} to {budget}: {look.rules[0].note}",
        ]
    tried = [(each.base, each) for each in look.bases] + [(each.rule, each) for each in look.rules]
    reached = [
        f"{name} {percent(each.num_correct / each.num_images)}"
        for name, each in tried
        if each.num_correct is not None and each.num_images
    ]
    after = f" ({', '.join(reached)} after short looks)" if reached else ""
    return [*lines, f"{base_in_words(look.name)} ({shape}) by {look.ranked[0]}{after}"]
