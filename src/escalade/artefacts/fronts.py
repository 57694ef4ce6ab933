"""The key `front` of search.json: a Pareto front, and how it came about."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from escalade.core.network.architecture import Architecture
from escalade.core.values.codec import ABSENT
from escalade.core.values.invalid import Invalid, Step
from escalade.core.values.ranges import CountFrom0, Share


@dataclass(frozen=True, slots=True, kw_only=True)
class FrontNetwork:
    """A network on some generation's front or on the final one, or a member.

    Attributes:
        genome: under the base strategy.
        score: accuracy, in 0..1.
        values: its objectives in their own units (an error, macs, params), in their order.
        architecture: of the networks of the final front and of members.
    """

    genome: tuple[CountFrom0, ...]
    score: Share
    values: tuple[float, ...]
    architecture: Architecture | None = field(default=None, metadata=ABSENT)


@dataclass(frozen=True, slots=True, kw_only=True)
class FrontGeneration:
    """The survivors of one generation.

    Attributes:
        hypervolume: of its front, as a share of the front's box.
        identity_ratio: share of the survivors' genes that are identities; None if none were named.
        evaluated: networks scored so far.
        rejected: networks rejected since the last generation, by constraint.
        front: places in `seen`.
    """

    generation: int
    hypervolume: float
    identity_ratio: float | None
    evaluated: CountFrom0
    rejected: Mapping[str, CountFrom0]
    front: tuple[CountFrom0, ...]


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
        box: that hypervolumes are shares of.
        networks: the final front, rising in the first objective; after the first `num_front`,
            members that are not on it.
        num_front: how many networks are the front.
        members: of each searched stage the place in `networks`.
        seen: all networks that were on some front or are members, in order of appearance.
    """

    objectives: tuple[str, ...]
    weights: tuple[float, ...]
    constraints: tuple[str, ...]
    box: FrontBox
    networks: tuple[FrontNetwork, ...]
    num_front: CountFrom0
    members: tuple[CountFrom0, ...]
    generations: tuple[FrontGeneration, ...]
    seen: tuple[FrontNetwork, ...]

    def __post_init__(self) -> None:
        most = len(self.networks)
        _check_places(self.members, most, "members")
        if self.num_front > most:
            raise Invalid(f"{self.num_front} of {most} networks", path=("num_front",))
        for i, generation in enumerate(self.generations):
            _check_places(generation.front, len(self.seen), "generations", i, "front")
        if len({frozenset(each.rejected) for each in self.generations}) > 1:
            raise Invalid("generations have different constraints", path=("generations",))
        ends = (self.box.best, self.box.worst, *(each.values for each in self.networks))
        num = len(self.objectives)
        if any(len(values) != num for values in (*ends, *(each.values for each in self.seen))):
            raise Invalid(f"networks have {num} values, one an objective", path=("objectives",))


def _check_places(places: tuple[int, ...], num: int, *path: Step) -> None:
    if places and max(places) >= num:
        raise Invalid(f"there is no place {max(places)} among {num} networks", path=path)
