"""The Pareto front of a multi-objective search, and how the search came to it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from escalade.core.network.architecture import Architecture
from escalade.report import figures
from escalade.report.artefacts import Run
from escalade.report.figures import Figure
from escalade.report.member import Member
from escalade.report.number import count, listed
from escalade.report.roster import members
from escalade.report.running import running
from escalade.report.sections.markup import figure, legend, section
from escalade.report.slots import in_words, slots

NAME, TITLE = "front", "The front"
Evaluations = Sequence[Mapping[str, Any]]


def pareto_front(run: Run, evaluations: Evaluations, drawn: list[Figure]) -> str:
    """Panels and curves, which `drawn` takes; nothing where the search had one objective."""
    front = (run.search or {}).get("front")
    if not front:
        return ""
    marked = _marked(run, front)
    panels = figures.front_panels(
        front, evaluations=evaluations, marked=marked, choices=_choices(run, front)
    )
    generations = front["generations"]
    curves = [
        made
        for draw in (figures.hypervolume_curve, figures.identity_curve, figures.counts_curve)
        if (made := draw(generations)) is not None
    ]
    drawn += [*panels, *curves]
    return section(
        NAME,
        TITLE,
        legend(figures.front_keys(front, evaluations=evaluations)),
        _grid(panels),
        _grid(curves),
        lead=_lead(front, marked),
    )


def _grid(made: Sequence[Figure]) -> str:
    kind = {1: "one", 2: "two", 4: "two"}.get(len(made), "three")
    return f'<div class="figures {kind}">{"".join(map(figure, made))}</div>'


def _marked(run: Run, front: Mapping[str, Any]) -> dict[int, Member]:
    """Members by their place among the front's networks."""
    named = {member.name: member for member in members(run)}
    stages = (run.search or {})["stages"]
    return {
        int(place): named[f"S{stage['stage']:g}"]
        for place, stage in zip(front["members"], stages, strict=True)
    }


def _choices(run: Run, front: Mapping[str, Any]) -> list[str]:
    """The input and the layers of each network, a line a stage."""
    told = []
    for i, network in enumerate(front["networks"]):
        shape = Architecture.from_json(network["architecture"], where=f"front.networks[{i}]")
        layers = in_words(slots(shape, running(run, network["genome"])))
        told.append(f"{shape.resolution} px, stem {shape.stem.width}\n{layers}")
    return told


def _lead(front: Mapping[str, Any], marked: Mapping[int, Member]) -> str:
    num_front = int(front.get("num_front", len(front["networks"])))
    names = [
        f"{name.removeprefix('-')} (more is better)" if name.startswith("-") else name
        for name in front["objectives"]
    ]
    told = (
        f"{count(num_front)} networks of which none beats another: none is better in one of "
        f"{listed(names)} without being worse in another."
    )
    if front["constraints"]:
        told += f" All networks had to meet {listed(front['constraints'])}."
    chosen = [member.name for place, member in marked.items() if place < num_front]
    others = [member.name for place, member in marked.items() if place >= num_front]
    if chosen:
        told += f" {listed(chosen)} {_were(chosen)} chosen of them."
    if others:
        told += (
            f" {listed(others)} {_were(others)} taken as the most accurate within a budget, "
            "although a cheaper network is more accurate."
        )
    return told + " Point at a network to see its layers, and where it stands in the others."


def _were(names: Sequence[str]) -> str:
    return "were" if len(names) > 1 else "was"
