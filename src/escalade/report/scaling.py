"""The picture of what scaling rules cost: an offline page, or an SVG."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from escalade.artefacts.files import write_text
from escalade.core.network.cost import Cost
from escalade.core.scaling.cost_curves import CostCurve
from escalade.report import svg
from escalade.report.document import document
from escalade.report.figures import Figure
from escalade.report.figures.scaling import KINDS, cost_curves
from escalade.report.sections.markup import figure, section, text

SUFFIXES = (".html", ".svg")
_LEAD = (
    "A scaling rule shares a factor s in macs out among depth (d), width (w) and resolution (r). "
    "Lines are the networks that the rules make of the base, as rounded. All rules cost about the "
    "same macs; they differ in params, and in activations, which memory and memory-bound time "
    "follow."
)


def write(
    path: Path,
    *,
    base: str,
    curves: Sequence[CostCurve],
    chosen: tuple[str, float, Cost] | None = None,
) -> None:
    """Write cost curves of several rules side by side.

    Args:
        path: ends in .html (an offline page with figures to explore) or .svg.
        base: name of the network that is scaled.
        curves: the rules' costs.
        chosen: rule, factor and cost of the network to mark.

    Raises:
        ValueError: for another ending.
        OSError: if the file cannot be written.
    """
    check_suffix(path)
    figures = [cost_curves(curves, kind=kind, chosen=chosen) for kind in KINDS]
    title = f"What scaling {base} costs"
    write_text(
        path, _page(title, figures) if path.suffix == ".html" else svg.draw(figures, title=title)
    )


def check_suffix(path: Path) -> None:
    """Raise a ValueError if no picture can be written to such a file."""
    if path.suffix not in SUFFIXES:
        raise ValueError(f"{path}: a plot's file name ends in {' or '.join(SUFFIXES)}")


def _page(title: str, figures: Sequence[Figure]) -> str:
    places = "".join(figure(each) for each in figures)
    header = (
        '<header class="masthead"><p class="eyebrow">Escalade scaling rules</p>'
        f"<h1>{text(title)}</h1></header>"
    )
    body = section("curves", "Costs", f'<div class="figures three">{places}</div>', lead=_LEAD)
    return document(title=title, header=header, body=body, drawn=figures, navigation={})
