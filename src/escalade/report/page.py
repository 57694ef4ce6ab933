"""The offline page `report.html`: one file, no request to any network."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from escalade.artefacts.files import write_text
from escalade.report import figures
from escalade.report.artefacts import Run, read
from escalade.report.document import document
from escalade.report.figures import Figure
from escalade.report.number import signed
from escalade.report.roster import budget_kind, members, trained_alone
from escalade.report.sections.analysis import analysis
from escalade.report.sections.comparison import comparison
from escalade.report.sections.family import family_table
from escalade.report.sections.front import pareto_front
from escalade.report.sections.ledger import cost_ledger
from escalade.report.sections.markup import figure, missing, section, text
from escalade.report.sections.networks import networks
from escalade.report.sections.overview import data_name, masthead
from escalade.report.sections.usage import configuration, loading

FILE = "report.html"
DIMENSIONS = ("depth", "width", "resolution")
Histogram = Mapping[str, Sequence[float]]
_NAVIGATION = {
    "family": "Family",
    "results": "Accuracy",
    "front": "Front",
    "networks": "Networks",
    "growth": "Growth",
    "search": "Search",
    "training": "Training",
    "analysis": "Analysis",
    "cost": "Cost",
    "load": "Load",
    "config": "Repeat",
}


def write(
    run_folder: Path,
    *,
    evaluations: Sequence[Mapping[str, Any]] = (),
    histograms: Mapping[str, Histogram] | None = None,
) -> Path:
    """Write the report of a run, finished or not, into its folder.

    Args:
        run_folder: the run (docs/run_folder.md); whatever it lacks is named with its command.
        evaluations: every scored path, with `macs`, `params`, `activations` and `accuracy` in 0..1.
        histograms: macs of sampled paths by sampler: `edges` (n + 1) and `counts` (n).

    Returns:
        The path of the page.

    Raises:
        ValueError: if there is no such folder or a file in it is damaged.
        OSError: if the page cannot be written.
    """
    page = render(read(run_folder), evaluations=evaluations, histograms=histograms or {})
    path = run_folder / FILE
    write_text(path, page)
    return path


def render(
    run: Run, *, evaluations: Sequence[Mapping[str, Any]], histograms: Mapping[str, Histogram]
) -> str:
    """The page's HTML."""
    drawn: list[Figure] = []
    after = analysis(run)
    accuracy = _accuracy(run, evaluations, drawn)
    front = pareto_front(run, evaluations, drawn)
    body = "".join(
        (
            family_table(run),
            accuracy,
            front,
            networks(run),
            _growth(run, drawn),
            _search(run, histograms, drawn),
            _training(run, drawn),
            after,
            cost_ledger(run),
            loading(run),
            configuration(run),
        )
    )
    return document(
        title=f"{data_name(run)}: Escalade model family",
        header=masthead(run),
        body=body,
        drawn=drawn,
        navigation={
            name: shown
            for name, shown in _NAVIGATION.items()
            if {"analysis": after, "front": front}.get(name, True)
        },
    )


def _accuracy(run: Run, evaluations: Sequence[Mapping[str, Any]], drawn: list[Figure]) -> str:
    made = figures.accuracy_against_macs(
        evaluations, members=members(run), alone=trained_alone(run)
    )
    lacks = "" if evaluations else missing("evaluated paths", f"escalade search {run.folder}")
    shown = _figures([made], drawn, kind="one")
    return section("results", "Accuracy", shown, lacks)


def _growth(run: Run, drawn: list[Figure]) -> str:
    title = "How the family grows"
    if run.growth is None:
        return section("growth", title, missing("growth.json", f"escalade grow {run.folder}"))
    made = [
        figures.growth_curve(run.growth, dimension=dimension, members=members(run))
        for dimension in DIMENSIONS
    ]
    shown = _figures(made, drawn, kind="three")
    lead = _growth_lead(run.growth)
    return section("growth", title, shown, _left_out(run), comparison(run), lead=lead)


def _growth_lead(growth: Mapping[str, Any]) -> str:
    """What the figures show; a rule is drawn where it scales the base network."""
    if "rule" not in growth and not growth["functions"]:
        return "Nothing was fitted, and no members were grown."
    ratios = "Ratios of depth, width and resolution to"
    if "rule" in growth and not growth["functions"]:
        return (
            f"{ratios} the largest searched member, which the rule {growth['rule']} scales to the "
            "grown members' budgets; nothing was fitted."
        )
    lines = "functions fitted to the searched stages; the shaded part is extrapolation"
    if "rule" in growth:
        lines = f"the rule {growth['rule']}, which nothing was fitted for"
    return f"{ratios} the base network over the scaling stages. Lines are {lines}."


def _left_out(run: Run) -> str:
    """How well each function predicts the last searched stage from those before."""
    left = (run.growth or {}).get("leave_last_out")
    if not left:
        return ""
    told = []
    for form, errors in left.items():
        if isinstance(errors, Mapping):
            shown = ", ".join(f"{name} {signed(errors[name])}" for name in errors)
            told.append(f"{form}: {shown}")
    words = f"Predicted minus searched ratio at stage {left['stage']:.3g}, fitted without it. "
    return f'<p class="note">{text(words + "; ".join(told))}.</p>'


def _search(run: Run, histograms: Mapping[str, Histogram], drawn: list[Figure]) -> str:
    iterations = (run.search or {}).get("iterations", [])
    made = [figures.convergence(iterations), figures.deviation(iterations)]
    made.append(figures.error_distribution(run.search or {}))
    paths = figures.path_histogram(
        histograms or _planned(run), members=members(run), budget_kind=budget_kind(run)
    )
    check = figures.latency_check((run.plan or {}).get("latency"))
    lacks = "" if run.search else missing("search.json", f"escalade search {run.folder}")
    if paths is None:
        lacks += missing("histogram of path costs", f"escalade report {run.folder}")
    shown = _figures(made, drawn, kind="two") + _figures([paths, check], drawn, kind="one")
    return section("search", "What the search saw", shown, lacks)


def _planned(run: Run) -> Mapping[str, Histogram]:
    """The histogram that `plan` made, where there is one."""
    found = (run.plan or {}).get("histogram") or {}
    return {"planned": found} if "edges" in found else found


def _training(run: Run, drawn: list[Figure]) -> str:
    made = [
        figures.supernet_loss(run.metrics),
        figures.member_losses(run.metrics, members=members(run)),
    ]
    lacks = ""
    if made[0] is None and not trained_alone(run):
        lacks = missing("metrics of the supernet", f"escalade train {run.folder}")
    if made[1] is None:
        lacks += missing("metrics of the members", f"escalade retrain {run.folder}")
    return section("training", "Training", _figures(made, drawn, kind="two"), lacks)


def _figures(made: Iterable[Figure | None], drawn: list[Figure], *, kind: str) -> str:
    """The places of the figures that there are; remembers them for the page's script."""
    there = [value for value in made if value is not None]
    drawn += there
    return f'<div class="figures {kind}">{"".join(map(figure, there))}</div>' if there else ""
