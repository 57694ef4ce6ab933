"""How members came about, in words for their cards."""

from __future__ import annotations

from typing import Any

from escalade.api.design import searched_base
from escalade.api.members import Candidate
from escalade.api.methods import scales
from escalade.api.session import Session
from escalade.core.scaling.ratios import scaling_between

SELECTED = {
    "coarse_to_fine": "Selected coarse to fine (BigNAS, section 3.2)",
    "random": "The best of random networks",
    "independent": "Evolved",
    "nsga2": "Evolved on a Pareto front (SCARLET, Algorithm 1)",
}


def ratios(session: Session, candidate: Candidate) -> dict[str, Any]:
    """`scaling` and `reference` of a card: to the base, or to the member that a rule scaled.

    Networks that were searched each for itself are no scaled ones.
    """
    if not session.space.traits.has_supernet or not _is_each_its_own(session):
        return {"scaling": candidate.scaling.to_json()}
    if candidate.origin == "searched":
        return {}
    base = searched_base(session.folder)
    scaling = scaling_between(base, candidate.architecture)
    return {"scaling": scaling.to_json(), "reference": base.name}


def how_found(session: Session, origin: str) -> str:
    """A sentence for a member's card; empty where members are one base, scaled."""
    space, config, folder = session.space, session.config, session.folder
    if not _is_each_its_own(session):
        return ""
    if origin == "grown":
        return (
            f"{searched_base(folder).name}, the largest searched member, scaled by the rule "
            f"{config.grow.rule} (Fast and Accurate Model Scaling): nobody searched this size."
        )
    search = folder.read(folder.search, stage="search")
    if not space.traits.has_supernet:
        return (
            f"The best on the search images of {len(search['models'])} random networks of the "
            f"{space.traits.noun} {space.name} at this budget, each trained alone with a short "
            "recipe."
        )
    images = "training" if config.search.images == "train" else "search"
    if search["searcher"] == "nsga2" and not config.budgets:
        names = ", ".join(search["front"]["objectives"])
        return (
            f"One of {len(search['stages'])} networks chosen equispaced on the Pareto front of "
            f"{names} (SCARLET, Algorithm 1) in the space {space.name}, found on {images} images "
            "with weights cut out of one supernet."
        )
    how = SELECTED[search["searcher"]]
    return (
        f"{how} in the space {space.name} for this budget: the best found on {images} images with "
        "weights cut out of one supernet."
    )


def _is_each_its_own(session: Session) -> bool:
    """Whether no searched network is another one, scaled."""
    config = session.config
    return config.search.method == "independent" or not scales(config, session.space)
