"""The bases of a space by hand and by a rule, and the short look that chooses among them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from escalade.artefacts.rival_look import LookedAt, RivalLook
from escalade.core.network import cost
from escalade.core.network.architecture import Architecture
from escalade.core.numbers.budget import Budget, format_amount
from escalade.core.numbers.statistics import difference_standard_error
from escalade.core.scaling.within_side import scale_within
from escalade.core.space.plain_network import PLAIN
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


class _Tries:
    """What rules make of bases at a budget, and what that reaches in short trainings."""

    def __init__(self, run: Run, member: Candidate, everyone: Sequence[Candidate]) -> None:
        self._run, self._member = run, member
        self._work = look_work(run, member, everyone)
        self._made: dict[tuple[str, str], tuple[Architecture | None, str]] = {}
        self.done: dict[tuple[str, str], LookedAt] = {}

    def network(self, base: str, rule: str) -> Architecture | None:
        """Of the member's budget; None where the rule makes none."""
        if (base, rule) not in self._made:
            network = self._run.space.layout.hand_made[base]
            self._made[base, rule] = plain_network(self._run, network, self._member, rule)
        return self._made[base, rule][0]

    def train(self, pairs: Sequence[tuple[str, str]]) -> None:
        """Train those of some pairs of base and rule that make a network."""
        jobs = {
            pair: like_member(self._run, network, look_name(*pair), self._work)
            for pair in pairs
            if (network := self.network(*pair)) is not None
        }
        self._run.workshop.train([*jobs.values()])
        for base, rule in pairs:
            made = read_made(jobs[base, rule].folder) if (base, rule) in jobs else None
            self.done[base, rule] = replace(
                self.untried(base, rule),
                num_steps=made.num_steps if made else 0,
                num_correct=made.search.num_correct if made else None,
                num_images=made.search.num_images if made else None,
            )

    def untried(self, base: str, rule: str) -> LookedAt:
        """A pair before it is trained."""
        network = self.network(base, rule)
        macs = None if network is None else cost.of(network).macs
        return LookedAt(base=base, rule=rule, macs=macs, note=self._made[base, rule][1])


def look_name(base: str, rule: str) -> str:
    """Of the training of a pair."""
    return f"look-{rule}" if base == PLAIN else f"look-{base}-{rule}"


def _looked(run: Run, everyone: Sequence[Candidate]) -> RivalLook:
    """Try bases and then rules at the budget in the middle."""
    member = everyone[len(everyone) // 2]
    tries = _Tries(run, member, everyone)
    firsts = {
        base: rule
        for base in run.bases_by_hand
        if (rule := next((r for r in RULES if tries.network(base, r) is not None), None))
    }
    chosen = next(iter(firsts), PLAIN)
    if len(firsts) > 1:
        tries.train([*firsts.items()])
        chosen = best_base({base: tries.done[base, rule] for base, rule in firsts.items()})
    rest = [(chosen, rule) for rule in RULES if (chosen, rule) not in tries.done]
    networks = {each.key for r in RULES if (each := tries.network(chosen, r)) is not None}
    if len(networks) > 1:
        tries.train(rest)
    tried = [*tries.done.values()]
    tried += [tries.untried(*pair) for pair in rest if pair not in tries.done]
    best = sorted(
        (each for each in tried if each.base == chosen and each.macs is not None),
        key=lambda each: (-(each.num_correct or 0), RULES.index(each.rule)),
    )
    return RivalLook(
        name=chosen,
        base=run.space.layout.hand_made[chosen],
        is_named=run.base_space.layout.plain is not None,
        member=member.name,
        budget=member.budget,
        rules=tuple(tried),
        ranked=tuple(each.rule for each in best),
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
        return [
            *lines,
            f"none: no rule brings the base {look.name} to {budget}: {look.rules[0].note}",
        ]
    tried = [
        f"{each.base} by {each.rule} {each.num_correct / each.num_images:.1%}"
        for each in look.rules
        if each.num_correct is not None and each.num_images
    ]
    after = f" ({', '.join(tried)} after a short look)" if tried else ""
    return [*lines, f"the base {look.name} ({shape}) by {look.ranked[0]}{after}"]
