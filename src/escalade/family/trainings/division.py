"""Which trainings all ranks do together, and which are divided among them."""

from __future__ import annotations

from collections.abc import Sequence

# What ranks reach of their speeds added up where they wait for each other in every step.
TOGETHER = 0.7


def num_together(work: Sequence[float], *, num_ranks: int) -> int:
    """How many of the costliest trainings all ranks do together, so that all end soonest.

    Data-parallel ranks wait for each other; ranks that each train networks of their own wait for
    the one that ends last.

    Args:
        work: of each training, in any unit.
        num_ranks: two or more.
    """
    ordered = sorted(work, reverse=True)

    def seconds(num: int) -> float:
        rest = ordered[num:]
        loads = (sum(rest[at] for at in own) for own in divided(rest, num_ranks=num_ranks))
        return sum(ordered[:num]) / (TOGETHER * num_ranks) + max(loads, default=0.0)

    return min(range(len(ordered) + 1), key=seconds)


def divided(work: Sequence[float], *, num_ranks: int) -> list[list[int]]:
    """The trainings of each rank, by their places: each goes where least is to be done."""
    loads, places = [0.0] * num_ranks, [list[int]() for _ in range(num_ranks)]
    for place, each in enumerate(work):
        rank = loads.index(min(loads))
        loads[rank] += each
        places[rank].append(place)
    return places
