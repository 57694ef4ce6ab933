"""The picture of what scaling rules cost: an offline page, or an SVG."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from escalade.artefacts.files import write_text
from escalade.core.network.cost import Cost
from escalade.core.scaling.exponents import CostCurve
from escalade.report import svg
from escalade.report.document import document
from escalade.report.figures.rule_costs import KINDS, cost_curves

SUFFIXES = (".html", ".svg")


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
    panels = [cost_curves(curves, kind=kind, chosen=chosen) for kind in KINDS]
    title = f"What scaling {base} costs"
    drawn = (
        svg.draw(panels, title=title)
        if path.suffix == ".svg"
        else document("rules.html.j2", title=title, drawn=panels, panels=panels)
    )
    write_text(path, drawn)


def check_suffix(path: Path) -> None:
    """Raise a ValueError if no picture can be written to such a file."""
    if path.suffix not in SUFFIXES:
        raise ValueError(f"{path}: a plot's file name ends in {' or '.join(SUFFIXES)}")
