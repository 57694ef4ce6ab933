"""The members of a run before they have weights, and how they are packaged."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from escalade.api import sizes
from escalade.api.session import Session
from escalade.core.network.architecture import Architecture
from escalade.core.scaling.ratios import Scaling, scaling_between
from escalade.core.space.path import Path
from escalade.data import ImageData
from escalade.family.family import Origin
from escalade.family.package import Package
from escalade.family.preprocessing import Preprocessing
from escalade.train.recipe import Recipe


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """A member before it has weights.

    `runs` is what the supernet runs of a searched member, where that is another network;
    `genes` are its genome and its strategy.
    """

    name: str
    stage: float
    origin: Origin
    budget: float
    architecture: Architecture
    scaling: Scaling
    interval: dict[str, tuple[float, float]] | None = None
    runs: Architecture | None = None
    genes: tuple[tuple[int, ...], tuple[int, int, int]] | None = None

    @property
    def running(self) -> Architecture:
        """What its slice is cut as."""
        return self.runs or self.architecture

    @property
    def path(self) -> Path:
        """A searched member as a path of the supernet."""
        assert self.genes is not None
        return Path(*self.genes, self.architecture, self.runs)


def candidates(session: Session) -> list[Candidate]:
    """The members that search and growth name, smallest first."""
    folder = session.folder
    ladder = sizes.found(session.config, folder).ladder
    search = folder.read(folder.search, stage="search")
    growth = folder.read(folder.growth, stage="grow")
    found = []
    base: Architecture | None = None
    for stage in search["stages"]:
        name = f"S{stage['stage']}"
        arch = Architecture.from_json(stage["architecture"], where=str(folder.search)).renamed(name)
        base = base or arch
        found.append(
            Candidate(
                name=name,
                stage=ladder.stage(stage["budget"]),
                origin="searched",
                budget=stage["budget"],
                architecture=arch,
                scaling=scaling_between(base, arch),
                runs=_runs(stage, name, where=str(folder.search)),
                genes=_genes(stage),
            )
        )
    assert base is not None
    for member in growth["members"]:
        arch = Architecture.from_json(member["architecture"], where=str(folder.growth))
        found.append(
            Candidate(
                name=member["name"],
                stage=member["stage"],
                origin="grown",
                budget=member["budget"],
                architecture=arch,
                scaling=scaling_between(base, arch),
                interval=_interval(member["interval"]),
            )
        )
    return found


def _runs(stage: dict[str, Any], name: str, *, where: str) -> Architecture | None:
    """The running network of a searched stage, if search.json has one."""
    stated = stage.get("runs")
    return None if stated is None else Architecture.from_json(stated, where=where).renamed(name)


def _genes(stage: dict[str, Any]) -> tuple[tuple[int, ...], tuple[int, int, int]] | None:
    """Genome and strategy of a searched stage; networks of a design space have none."""
    if "genome" not in stage:
        return None
    first, second, third = stage["strategy"]
    return tuple(stage["genome"]), (first, second, third)


def _interval(stated: dict[str, list[float]] | None) -> dict[str, tuple[float, float]] | None:
    """What growth.json says of the predicted ratios; a rule has no interval."""
    return None if stated is None else {key: (low, high) for key, (low, high) in stated.items()}


def pack(architecture: Architecture, data: ImageData) -> Package:
    """A member's package: architecture, class names, preprocessing."""
    return Package(
        architecture=architecture,
        classes=data.classes,
        preprocessing=Preprocessing(
            in_channels=data.in_channels,
            side=data.side,
            resolution=architecture.resolution,
            mean=data.mean,
            std=data.std,
        ),
    )


def recipe_facts(recipe: Recipe) -> dict[str, object]:
    """A recipe for a card."""
    return {key: value for key, value in asdict(recipe).items() if value is not None}
