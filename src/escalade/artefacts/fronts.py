"""The key `front` of search.json: a Pareto front, and how it came about."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from escalade.core.network.architecture import Architecture
from escalade.core.values.codec import ABSENT


@dataclass(frozen=True, slots=True, kw_only=True)
class FrontNetwork:
    """A network on some generation's front or on the final one, or a member.

    Attributes:
        genome: under the base strategy.
        score: accuracy, in 0..1.
        values: its objectives in their own units (an error, macs, params), in their order.
        architecture: of the networks of the final front and of members.
    """

    genome: tuple[int, ...]
    score: float
    values: tuple[float, ...]
    architecture: Architecture | None = field(default=None, metadata=ABSENT)


@dataclass(frozen=True, slots=True, kw_only=True)
class FrontGeneration:
    """The survivors of one generation.

    Attributes:
        generation: from 1.
        hypervolume: of its front, as a share of the front's box.
        identity_ratio: share of the survivors' genes that are identities; None if none were named.
        evaluated: networks scored so far.
        rejected: networks rejected since the last generation, by constraint.
        front: places in `seen`.
    """

    generation: int
    hypervolume: float
    identity_ratio: float | None
    evaluated: int
    rejected: Mapping[str, int]
    front: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class FrontBox:
    """Best and worst of each objective, minimised: what hypervolumes are shares of."""

    best: tuple[float, ...]
    worst: tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Front:
    """The final front, and every network that was on a front before.

    Attributes:
        objectives: what was minimised, or with a minus maximised.
        weights: of the crowding distances, one an objective.
        constraints: hard limits.
        box: that hypervolumes are shares of.
        networks: the final front, rising in the first objective; after the first `num_front`,
            members that are not on it.
        num_front: how many networks are the front.
        members: of each searched stage the place in `networks`.
        generations: in order.
        seen: all networks that were on some front or are members, in order of appearance.
    """

    objectives: tuple[str, ...]
    weights: tuple[float, ...]
    constraints: tuple[str, ...]
    box: FrontBox
    networks: tuple[FrontNetwork, ...]
    num_front: int
    members: tuple[int, ...]
    generations: tuple[FrontGeneration, ...]
    seen: tuple[FrontNetwork, ...]
