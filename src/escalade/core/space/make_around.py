"""A space made around a network, for a ladder of budgets."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from escalade.core.network import kinds
from escalade.core.network.architecture import Architecture
from escalade.core.network.block import Block, Stage
from escalade.core.network.cost import CostOf, counted
from escalade.core.numbers.budget import Budget
from escalade.core.numbers.rounding import make_divisible
from escalade.core.numbers.shown import amount
from escalade.core.scaling.ratios import Scaling
from escalade.core.space.around import Around
from escalade.core.space.narrowing import AroundStage, ties
from escalade.core.space.space_numbers import Numbers, Span, WholeNumbers
from escalade.core.values.invalid import Invalid

# Shares of widths and of hidden widths; kernels; the share of a stage's blocks that always runs.
WIDTHS, HIDDEN, KERNELS, DEPTH = (0.5, 0.75, 1.0), (0.5, 0.75, 1.0), (3, 5, 7), 0.5
DIVISORS = (8, 4, 2, 1)
# Resolutions: so many at most, up to so many times the side at which the whole network has the
# largest budget; a smaller network needs more pixels to have as much.
NUM_SIDES, FINER = 8, 2.0
MOST_SIDE = 1024


def around(network: Architecture, *, budgets: Sequence[Budget], name: str) -> Around:
    """What a network can be made of for some budgets by making it smaller.

    Every stage keeps half of its blocks or more, widths and hidden widths half, three quarters or
    all, and kernels are cropped down to 3. Resolutions are steps of half the product of strides,
    from where the whole network has the smallest budget to where a smaller one has the largest.

    Args:
        network: for the data; its resolution is not used.
        budgets: rising; none for every resolution up to the network's own.

    Raises:
        Invalid: for a network whose stages no space holds, or budgets that it does not reach.
    """
    divisor = _divisor(network)
    made = Around(
        name=name,
        whole=network.renamed(name),
        resolutions=WholeNumbers((network.resolution,)),
        stem=_widths(network.stem.width, divisor, pinned=_is_tied(network, 0)),
        stages=tuple(_stages(network, divisor)),
        head=None if network.head.width is None else _widths(network.head.width, divisor),
        in_channels=network.in_channels,
        num_classes=network.num_classes,
        width_divisor=divisor,
        description=f"what {network.name or 'a network'} becomes when it is made smaller",
    )
    smallest = made.realise(made.smallest, Scaling())[0]
    sides = _sides(network, smallest, budgets)
    made = replace(made, resolutions=WholeNumbers(sides))
    made.check()
    return made


def largest_side(network: Architecture, *, fits: Callable[[Architecture], bool]) -> int | None:
    """The largest resolution at which a network fits; None where there is none.

    What it costs rises with the resolution, in steps. Where it fits at every resolution, as with
    a budget of parameters, it is the network's own.
    """

    def fits_at(side: int) -> bool:
        return fits(replace(network, resolution=side))

    low, high = network.total_stride, MOST_SIDE
    if not fits_at(low):
        return None
    if fits_at(high):
        return network.resolution
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if fits_at(middle) else (low, middle)
    return low


def _sides(
    network: Architecture, smallest: Architecture, budgets: Sequence[Budget]
) -> tuple[int, ...]:
    """Resolutions to choose from, rising."""
    least = network.total_stride
    step = max(1, least // 2)
    low, high = least, max(least, network.resolution)
    if budgets and budgets[0].kind != "latency":
        first, last = budgets[0], budgets[-1]
        cost_of = counted(first.kind)
        reached = _side_below(smallest, last, cost_of=cost_of)
        least_cost = cost_of(replace(smallest, resolution=least))
        if reached is None or least_cost > first.high:
            raise _below(network, first, least=least, least_cost=least_cost, cost_of=cost_of)
        own = _side_below(network, last, cost_of=cost_of) or least
        low = _side_below(network, first, cost_of=cost_of) or least
        high = min(reached, round(FINER * own))
    low = max(least, low // step * step)
    sides = [*range(low, max(low, high) + 1, step)]
    num = min(NUM_SIDES, len(sides))
    picked = {round(i * (len(sides) - 1) / max(1, num - 1)) for i in range(num)}
    return tuple(sides[i] for i in sorted(picked))


def _side_below(network: Architecture, budget: Budget, *, cost_of: CostOf) -> int | None:
    """The largest resolution at which members of a budget may have the network."""
    return largest_side(network, fits=lambda at: cost_of(at) <= budget.high)


def _below(
    network: Architecture, budget: Budget, *, least: int, least_cost: float, cost_of: CostOf
) -> Invalid:
    kind = budget.kind
    whole = amount(cost_of(replace(network, resolution=network.resolution)), kind)
    return Invalid(
        f"{budget} is below all that {network.name or 'it'} can "
        f"be made: its strides need {least} pixels, which take {amount(least_cost, kind)} "
        "or more",
        path=("budgets",),
        remedy=f"\nuse budgets from there to about {whole}, its own cost at "
        f"{network.resolution} pixels, or begin with a smaller network",
    )


def _stages(network: Architecture, divisor: int) -> Iterator[AroundStage]:
    for i, stage in enumerate(network.stages):
        pinned = _is_tied(network, i) or _is_tied(network, i + 1)
        depth, width = len(stage.blocks), stage.blocks[-1].width
        groups = {block.group_width for block in stage.blocks} - {None}
        step = math.lcm(divisor, *(group for group in groups if group))
        yield AroundStage(
            depth=Span(max(_settled(stage), math.ceil(DEPTH * depth)), depth),
            widths=_widths(width, step if width % step == 0 else divisor, pinned=pinned),
            hidden=_hidden(stage),
            kernels=WholeNumbers(KERNELS),
        )


def _settled(stage: Stage) -> int:
    """After how many blocks a stage has its width for good."""
    other = [k for k, block in enumerate(stage.blocks) if block.width != stage.blocks[-1].width]
    return other[-1] + 2 if other else 1


def _is_tied(network: Architecture, index: int) -> bool:
    """Whether there is such a stage, and no other width fits it and what is before it."""
    if index >= len(network.stages):
        return False
    widths = (network.stem.width, *network.widths)
    return ties(network.stages[index], widths[index])


def _widths(width: int, divisor: int, *, pinned: bool = False) -> WholeNumbers:
    if pinned:
        return WholeNumbers((width,))
    found = {make_divisible(share * width, divisor) for share in WIDTHS}
    return WholeNumbers(sorted(each for each in found | {width} if each <= width))


def _hidden(stage: Stage) -> Numbers:
    """Shares of hidden widths; all of them where no block has more hidden than it puts out."""
    expand = [block for block in stage.blocks if kinds.of(block).expands]
    if not any(_has_room(block) for block in expand):
        return Numbers((1.0,))
    return Numbers(HIDDEN)


def _has_room(block: Block) -> bool:
    return kinds.of(block).is_residual or block.expansion > 1


def _divisor(network: Architecture) -> int:
    """In what steps the network's widths go."""
    blocks = (block.width for stage in network.stages for block in stage.blocks)
    widths = [network.stem.width, *blocks, network.head.width or 8]
    return next(each for each in DIVISORS if all(width % each == 0 for width in widths))
