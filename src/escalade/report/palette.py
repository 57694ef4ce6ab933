"""One colour and one marker per member, the same in every figure, table and drawing.

The colours keep a contrast of at least 3 to 1 on the page's light and dark grounds, and neighbours
stay apart for protanopes and deuteranopes (checked in the tests).
"""

from __future__ import annotations

COLOURS = (
    "#0072b2",
    "#d55e00",
    "#009e73",
    "#855d56",
    "#0099e6",
    "#d30000",
    "#7489b2",
    "#2263e6",
)
SYMBOLS = ("circle", "square", "diamond", "triangle-up", "star", "hexagon", "cross")
NEUTRAL = "#7a838d"


def colour(index: int) -> str:
    """The colour of the member at this place in the family."""
    return COLOURS[index % len(COLOURS)]


def symbol(index: int) -> str:
    """Its marker; colours and markers repeat at different lengths, so pairs stay unique longer."""
    return SYMBOLS[index % len(SYMBOLS)]


def faded(value: str, alpha: float) -> str:
    """A colour with an opacity, as plotly writes it."""
    red, green, blue = (int(value[i : i + 2], 16) for i in (1, 3, 5))
    return f"rgba({red},{green},{blue},{alpha:g})"
