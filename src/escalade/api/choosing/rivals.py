"""The rival of every member, before it is trained: what one has without a search.

That is the plain base of the space by one rule; or, in a run from a pretrained network, that
network, fine-tuned, at the largest resolution within the member's budget.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from escalade.api.choosing.rules_look import (
    budget_of,
    like_member,
    plain_network,
    rival_look,
    work_of,
)
from escalade.family.member_candidates import Candidate
from escalade.family.trainings.equal_time import RivalTraining
from escalade.planning.kept_limits import missed_limits
from escalade.planning.resolved_run import Run
from escalade.planning.seed_training import network_of, seed_job, side_within

RESOLUTION = "r"  # the rule of a network that only its resolution changes


def rivals_of(
    run: Run, everyone: Sequence[Candidate], wanted: Sequence[Candidate]
) -> dict[str, RivalTraining]:
    """The rivals of the wanted members, by member; none of those that no rule makes one for.

    Which rule scales a plain base a short look tells, once, before any member is trained.

    Args:
        wanted: those that need a rival.

    Raises:
        Interrupted: while the look trained; the same call goes on.
    """
    if run.config.rival != "beside" or not wanted:
        return {}
    if run.seed is not None:
        rivals = ((each.name, _of_seed(run, each, everyone)) for each in wanted)
        return {name: rival for name, rival in rivals if rival is not None}
    look = rival_look(run, everyone)
    made = {}
    for each in wanted:
        for rule in look.ranked:
            network, why = plain_network(run, look.base, each, rule)
            if network is not None:
                job = like_member(run, network, f"{each.name}-rival", work_of(run, each, everyone))
                made[each.name] = RivalTraining(base="plain", rule=rule, job=job)
                break
            run.console.say(f"rival: none for {each.name} by {rule}: {why}")
    return made


def _of_seed(run: Run, member: Candidate, everyone: Sequence[Candidate]) -> RivalTraining | None:
    """The fine-tuned network at the largest resolution within a member's budget.

    In the place of a searched member it keeps the search's limits, too. None where its strides
    allow no resolution so small.
    """
    network, budget = network_of(run), budget_of(run, member)
    limited = member.origin == "searched"
    side = side_within(run, network, budget, limited=limited)
    if side is None:
        least = replace(network, resolution=network.total_stride)
        missed = missed_limits(run, least) if limited else []
        run.console.say(
            f"rival: none for {member.name}: at every resolution that its strides allow "
            f"{network.name} has more than {' or misses '.join([str(budget), *missed])}"
        )
        return None
    network, name = replace(network, resolution=side), f"{member.name}-rival"
    job = like_member(
        run, network, name, work_of(run, member, everyone), start=seed_job(run).folder
    )
    return RivalTraining(base="seed", rule=RESOLUTION, job=job)
