"""Predicted against measured latency of the networks that the latency table is checked on."""

from __future__ import annotations

from escalade.core.latency.latency_table import TableFacts
from escalade.core.numbers.shown import amount, count, percent
from escalade.report.figures.figure import Figure, Key, dots, layout, line
from escalade.report.palette import NEUTRAL, colour


def latency_check(table: TableFacts | None) -> Figure | None:
    """A dot for each network, and the line on which predictions are right.

    Args:
        table: what the plan tells of the latency table; None where budgets are no latencies.
    """
    if table is None or not table.check.measured:
        return None
    check = table.check
    measured = [1e3 * value for value in check.measured]
    predicted = [1e3 * value for value in check.predicted]
    ends = [min(measured + predicted) * 0.95, max(measured + predicted) * 1.05]
    order = (
        "" if check.rank_correlation is None else f", rank correlation {check.rank_correlation:.3f}"
    )
    return Figure(
        name="latency-check",
        title="Predicted latency",
        reading=f"One batch on {table.settings}: {amount(table.overhead, 'latency')} and "
        f"{table.factor:.2f} times the sum of a network's parts, of which "
        f"{count(table.num_parts)} were measured. Checked on {check.num} whole networks: "
        f"error {percent(check.median)} in the median, {percent(check.worst)} at worst{order}.",
        traces=(
            line("exact", ends, ends, colour=NEUTRAL, width=1.5, dash="dot"),
            dots(
                "networks",
                measured,
                predicted,
                colour=colour(0),
                size=8,
                hover="measured %{x:.3g} ms<br>predicted %{y:.3g} ms",
            ),
        ),
        layout=layout(
            x={"title": {"text": "measured (ms)"}, "range": ends},
            y={"title": {"text": "predicted (ms)"}, "range": ends},
        ),
        keys=(
            Key(label="a network the table was not fitted to", swatch="dot", colour=colour(0)),
            Key(label="prediction is exact", swatch="dotted", colour=NEUTRAL),
        ),
    )
