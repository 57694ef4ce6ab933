"""What a multi-objective search found: the front, how it came about, and the members chosen."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from escalade.core.network.architecture import Architecture
from escalade.search.constraints import Constraint
from escalade.search.objectives import Box, Objective
from escalade.search.result import SearchResult


@dataclass(frozen=True, slots=True, kw_only=True)
class Scored:
    """A network on some generation's front or on the final one, or a member.

    `values` are its objectives in their own units (an error, macs, params), in their order.
    """

    genome: tuple[int, ...]
    score: float
    values: tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Generation:
    """The survivors of one generation.

    Attributes:
        generation: from 1.
        hypervolume: of its front, as a share of the result's box.
        identity_ratio: share of the survivors' genes that are identities; None if none were named.
        evaluated: networks scored so far.
        rejected: networks rejected since the last generation, by constraint.
        front: indices into `networks` of the result.
    """

    generation: int
    hypervolume: float
    identity_ratio: float | None
    evaluated: int
    rejected: dict[str, int]
    front: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class FrontResult(SearchResult):
    """The final Pareto front; `stages` are the members, rising in the budget's kind.

    The front is of all networks scored that meet the constraints: survivors are too few to keep
    all of a front of three objectives. Members are chosen of it or, where there are budgets, are
    the most accurate of all networks scored within each; such a one may be dominated, by a
    network outside.

    Attributes:
        objectives: what was minimised, with weights.
        constraints: in the order of checking.
        box: best and worst of each objective; hypervolumes are shares of it.
        networks: all that were on some front or are members, in order of appearance.
        generations: in order.
        final: indices into `networks` of the front, rising in the first objective, and then of
            members that are not on it.
        num_front: how many of these are the front.
        architectures: of these, in their order.
        members: for each stage the position in `final`.
    """

    objectives: tuple[Objective, ...]
    constraints: tuple[Constraint, ...]
    box: Box
    networks: tuple[Scored, ...]
    generations: tuple[Generation, ...]
    final: tuple[int, ...]
    num_front: int
    architectures: tuple[Architecture, ...]
    members: tuple[int, ...]

    @property
    def front(self) -> tuple[Scored, ...]:
        """The final front's networks, in its order."""
        return tuple(self.networks[row] for row in self.final[: self.num_front])

    def to_json(self) -> dict[str, Any]:
        """The content of search.json: the usual keys, and `front`."""
        names = [objective.name for objective in self.objectives]
        final = [
            asdict(self.networks[row]) | {"architecture": architecture.to_json()}
            for row, architecture in zip(self.final, self.architectures, strict=True)
        ]
        return SearchResult.to_json(self) | {
            "front": {
                "objectives": names,
                "weights": [objective.weight for objective in self.objectives],
                "constraints": [constraint.text for constraint in self.constraints],
                "box": {"best": list(self.box.best), "worst": list(self.box.worst)},
                "networks": final,
                "num_front": self.num_front,
                "members": list(self.members),
                "generations": [asdict(generation) for generation in self.generations],
                "seen": [asdict(network) for network in self.networks],
            }
        }
