"""Errors of the networks a design space gave (Designing Network Design Spaces, section 3.1)."""

from __future__ import annotations

from collections.abc import Sequence

from escalade.core.numbers.shown import count, percent
from escalade.report.figures.figure import Figure, Key, dots, layout, line
from escalade.report.palette import NEUTRAL, colour


def error_distribution(
    errors: Sequence[float], shares: Sequence[float], *, num_models: int, num_tied: int = 1
) -> Figure | None:
    """The empirical distribution of errors, and where the best network stands.

    Args:
        errors: rising, in 0..1; without any there is nothing to draw.
        shares: of the networks, at or below each error.
        num_models: how many networks were trained.
        num_tied: how many of them cannot be told from the best, itself included.
    """
    if not errors:
        return None
    steps = line(
        "distribution",
        [100 * errors[0], *(100 * error for error in errors)],
        [0.0, *shares],
        colour=NEUTRAL,
        line={"shape": "hv"},
        hover="%{y:.0%} of the networks<br>error at most %{x:.2f} %",
    )
    best = dots(
        "S0",
        [100 * errors[0]],
        [shares[0]],
        colour=colour(0),
        size=11,
        hover=[f"S0, the best<br>error {percent(errors[0], digits=2)}"],
        cliponaxis=False,
    )
    median = next(e for e, share in zip(errors, shares, strict=True) if share >= 0.5)
    tied = f"{count(num_tied - 1)} cannot be told from the best" if num_tied > 1 else ""
    return Figure(
        name="distribution",
        title="Errors of the trained networks",
        reading=f"{count(num_models)} random networks, each trained alone with one short recipe. "
        f"Best error {percent(errors[0])}, median {percent(median)}, worst {percent(errors[-1])}; "
        f"{tied or 'all others are clearly worse than the best'}.",
        traces=(steps, best),
        layout=layout(
            x={"title": {"text": "error on the search images (%)"}},
            y={"title": {"text": "share of networks"}, "range": [0, 1.03], "tickformat": ".0%"},
        ),
        keys=(
            Key(label="share of networks with this error or less", swatch="line", colour=NEUTRAL),
            Key(label="S0, the best", swatch="dot", colour=colour(0)),
        ),
    )
