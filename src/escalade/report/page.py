"""The offline page `report.html`: one file, no request to any network."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from escalade.artefacts.files import write_text
from escalade.core.network.architecture import Architecture
from escalade.core.numbers.score_words import SCORE_WORDS
from escalade.core.numbers.shown import amount
from escalade.core.scaling.ratios import realised
from escalade.core.space.traits import Traits
from escalade.report import arms, class_rows, drawing, findings, roster
from escalade.report.all_figures import all_figures, marked
from escalade.report.contents import Contents, read
from escalade.report.document import document
from escalade.report.family_row import FamilyRow
from escalade.report.figures.front_panels import front_keys
from escalade.report.figures.paths import Bins
from escalade.report.start_words import starts_in_words
from escalade.report.what_was_done import what_was_done
from escalade.report.worth import worth_of

FILE = "report.html"
# The page's sections in order: their templates, and what the navigation calls them.
_SECTIONS = {
    "family": "Family",
    "load": "Load",
    "classes": "Classes",
    "networks": "Networks",
    "front": "Front",
    "growth": "Growth",
    "done": "Method",
    "search": "Search",
    "training": "Training",
    "analysis": "Analysis",
    "audit": "Trust",
    "cost": "Cost",
    "config": "Repeat",
}


def write(
    run_folder: Path,
    *,
    evaluations: Sequence[Mapping[str, float]] = (),
    histograms: Mapping[str, Bins] | None = None,
    running: Sequence[Architecture] = (),
    settings: Mapping[str, Any] | None = None,
    traits: Traits | None = None,
) -> Path:
    """Write the report of a run, finished or not, into its folder.

    Args:
        run_folder: the run; whatever it lacks is named with its command.
        evaluations: every scored path, with `macs`, `params`, `activations` and `accuracy` in 0..1.
        histograms: costs of sampled paths by sampler: `edges` (n + 1) and `counts` (n).
        running: what the supernet runs for each network of the front, if not the network itself.
        settings: of the run, resolved; by default as its config.yaml has them.
        traits: of the run's space, to say what was done.

    Returns:
        The path of the page.

    Raises:
        ValueError: if there is no such folder or a file in it is damaged.
        OSError: if the page cannot be written.
    """
    run = read(run_folder, settings=settings)
    family = roster.family_rows(run)
    figures = all_figures(
        run, family, evaluations=evaluations, histograms=histograms or {}, running=running
    )
    values = _values(run, family) | {"figures": figures, "scored": bool(evaluations)}
    values["done"] = what_was_done(run.settings, traits)
    absent = {
        name for name in ("front", "done", "analysis", "audit", "classes") if not values[name]
    }
    page = document(
        "report.html.j2",
        drawn=[figure for made in figures.values() for figure in made],
        sections={name: shown for name, shown in _SECTIONS.items() if name not in absent},
        **values,
    )
    path = run_folder / FILE
    write_text(path, page)
    return path


def _values(run: Contents, family: Sequence[FamilyRow]) -> dict[str, Any]:
    """What the templates show beside figures, as plain values and functions of them."""
    kind, data = roster.budget_kind(run), roster.data_name(run)
    analysed = run.analysis if run.analysis and run.analysis.results else None
    planned = [member.budget for member in family] or run.settings.get("budgets") or ()
    return {
        "title": f"{data}: Escalade model family",
        "data": data,
        "run": run,
        "family": family,
        "kind": kind,
        "measure": SCORE_WORDS[roster.task(run)],
        "budgets": [amount(each, kind) for each in planned],
        "tolerance": roster.tolerance(run),
        "alone": roster.trained_alone(run),
        "free": roster.chosen_on_front(run),
        "sentence": findings.sentence(run, family),
        "worth": worth_of(run, family),
        "cautions": findings.cautions(run, family),
        "starts": starts_in_words(run.starts, Path(run.folder)) if run.starts else "",
        "notes": findings.growth_notes(run),
        "drawings": drawing.drawings(family),
        "classes": class_rows.class_rows(run, family),
        "counts": roster.class_counts(run),
        "reasons": _reasons,
        "bare_identities": _identity(run) == "plain",
        "rectified_identities": _identity(run) == "let_relu",
        "realised": realised,
        "front": run.search.front if run.search else None,
        "marked": marked(run, family),
        "front_keys": front_keys,
        "analysis": analysed,
        "arms": arms.arms(analysed) if analysed else (),
        "audit": run.audit,
        "networks": arms.networks(analysed) if analysed else (),
        "cell": arms.cell,
        "chosen_on": run.settings.get("search", {}).get("images", "search"),
    }


def _identity(run: Contents) -> str:
    """How the supernet ran identities, as the settings have it."""
    return str(run.settings.get("supernet", {}).get("identity"))


def _reasons(kept: Sequence[str]) -> list[tuple[str, int]]:
    """Why identities stay, each reason once, with how many it keeps."""
    return list(Counter(entry.split(": ", 1)[-1] for entry in kept).items())
