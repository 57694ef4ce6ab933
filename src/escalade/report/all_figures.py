"""All figures of a run, by the sections that show them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from escalade.artefacts.fronts import Front
from escalade.core.network.architecture import Architecture
from escalade.core.scaling.ratios import DIMENSIONS
from escalade.report.contents import Contents
from escalade.report.family_row import FamilyRow
from escalade.report.figures.accuracy import accuracy_against_macs
from escalade.report.figures.convergence import convergence, deviation
from escalade.report.figures.distribution import error_distribution
from escalade.report.figures.figure import Figure
from escalade.report.figures.front_panels import front_panels
from escalade.report.figures.generations import generation_curves
from escalade.report.figures.growth_curves import growth_curve
from escalade.report.figures.latency_check import latency_check
from escalade.report.figures.paths import Bins, path_histogram
from escalade.report.figures.training import member_losses, supernet_loss
from escalade.report.figures.ways import children_figures
from escalade.report.roster import budget_kind, trained_alone
from escalade.report.slots import in_words, slots


def all_figures(
    run: Contents,
    family: Sequence[FamilyRow],
    *,
    evaluations: Sequence[Mapping[str, float]],
    histograms: Mapping[str, Bins],
    running: Sequence[Architecture],
) -> dict[str, list[Figure]]:
    """Figures by section; of what the run does not have there are none. Arguments as of `write`."""
    search, kind = run.search, budget_kind(run)
    iterations = search.iterations if search else ()
    errors = search.distribution if search else None
    found: dict[str, list[Figure | None]] = {
        "accuracy": [accuracy_against_macs(evaluations, family=family, alone=trained_alone(run))],
        "growth": [growth_curve(run.growth, dimension=d, family=family) for d in DIMENSIONS]
        if run.growth
        else [],
        "search": [
            convergence(iterations),
            deviation(iterations),
            error_distribution(
                errors.errors,
                errors.shares,
                num_models=len(search.models or ()),
                num_tied=search.num_tied or 1,
            )
            if search and errors
            else None,
        ],
        "paths": [
            path_histogram(histograms, family=family, budget_kind=kind),
            latency_check(run.plan.latency if run.plan else None),
        ],
        "training": [supernet_loss(run.metrics), member_losses(run.metrics, family=family)],
    }
    if search and search.front:
        choices = _choices(search.front, running)
        panels = front_panels(
            search.front, evaluations=evaluations, marked=marked(run, family), choices=choices
        )
        found["front"] = list(panels)
        found["generations"] = list(generation_curves(search.front.generations))
        found["children"] = list(children_figures(run.children.generations if run.children else ()))
    return {name: [each for each in made if each] for name, made in found.items()}


def marked(run: Contents, family: Sequence[FamilyRow]) -> dict[int, FamilyRow]:
    """Members by their place among the front's networks."""
    if not run.search or not run.search.front:
        return {}
    named = {member.name: member for member in family}
    pairs = zip(run.search.front.members, run.search.stages, strict=True)
    return {place: named[stage.name] for place, stage in pairs}


def _choices(front: Front, running: Sequence[Architecture]) -> list[str]:
    """The input and the layers of each network, a line a stage."""
    told = []
    for i, network in enumerate(front.networks):
        shape = network.architecture
        assert shape is not None
        layers = in_words(slots(shape, running[i] if running else None))
        told.append(f"{shape.resolution} px, stem {shape.stem.width}\n{layers}")
    return told
