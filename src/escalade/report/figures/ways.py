"""How a front's children were made, and what came of them (SCARLET, Algorithm 1)."""

from __future__ import annotations

from collections.abc import Sequence

from escalade.artefacts.children import Brood, Way
from escalade.core.numbers.shown import count, listed, percent
from escalade.report.figures.figure import Figure, Key, Trace, layout, line
from escalade.report.palette import colour

_DASHES = {
    "crossover": ("solid", "line"),
    "controller": ("dash", "dash"),
    "wheel": ("dot", "dotted"),
}
_MOST_CHOICES = 3


def children_figures(generations: Sequence[Brood]) -> list[Figure]:
    """Which children survived, and what controller and wheel try; none without children."""
    if not generations:
        return []
    made = [_survival(generations)]
    return made + ([_choices(generations)] if _tried(generations[-1]) else [])


def _survival(generations: Sequence[Brood]) -> Figure:
    """The share of each way's children that are among the survivors of their generation."""
    ways = list(dict.fromkeys(way for brood in generations for way in brood.ways))
    traces, keys = [], []
    for i, way in enumerate(ways):
        rows = [(brood.generation, brood.ways[way]) for brood in generations if way in brood.ways]
        dash, swatch = _DASHES[way]
        traces.append(
            line(
                way,
                [generation for generation, _ in rows],
                [each.survived / each.scored if each.scored else 0.0 for _, each in rows],
                colour=colour(i),
                dash=dash,
                hover=[
                    f"{way}, generation {generation}<br>{_became(each)}"
                    for generation, each in rows
                ],
                mode="lines+markers",
                marker={"size": 4},
            )
        )
        keys.append(Key(label=way, swatch=swatch, colour=colour(i)))
    told = [f"{way} {_became(_total(generations, way))}" for way in ways]
    return Figure(
        name="children-survival",
        title="Children that survived",
        reading=f"By how they were made, in all: {'; '.join(told)}.",
        traces=tuple(traces),
        layout=layout(x=_axis(generations), y=_shares("share of those scored")),
        keys=tuple(keys),
    )


def _choices(generations: Sequence[Brood]) -> Figure:
    """Chances of the choices that the last generation tries most."""
    last = _tried(generations[-1])
    most = sorted(range(len(last)), key=lambda choice: -last[choice])[:_MOST_CHOICES]
    traces: list[Trace] = []
    for i, choice in enumerate(most):
        for name, dash in (("controller", "solid"), ("wheel", "dot")):
            rows = [
                (b.generation, shares[choice]) for b in generations if (shares := getattr(b, name))
            ]
            if rows:
                x, y = zip(*rows, strict=True)
                said = [f"choice {choice}, {name}: {percent(value)}" for value in y]
                traces.append(line(name, x, y, colour=colour(i), dash=dash, hover=said))
    keys = [Key(label=f"choice {c}", swatch="area", colour=colour(i)) for i, c in enumerate(most)]
    return Figure(
        name="children-choices",
        title="What controller and wheel try",
        reading=_reading(generations, most),
        traces=tuple(traces),
        layout=layout(x=_axis(generations), y=_shares("chance of a choice")),
        keys=(*keys, *_drawn(generations[-1])),
    )


def _reading(generations: Sequence[Brood], most: Sequence[int]) -> str:
    first, last = generations[0], generations[-1]
    told = []
    if first.decided is not None and last.decided is not None:
        rewards = [each.reward for each in generations if each.reward is not None]
        told.append(
            f"The controller's next edit is {percent(first.decided)} decided in the first "
            f"generation with children, {percent(last.decided)} in the last (all of it: "
            "always the same edit)."
        )
        if rewards:
            ends = [f"{rewards[i]:+.3f}" for i in (0, -1)]
            told.append(f"Mean reward of its children {ends[0]}, then {ends[1]}.")
    shares = [f"{c} ({percent(_tried(last)[c])})" for c in most]
    whose = "it" if last.controller else "the wheel"
    told.append(f"In the last {whose} tries most often choice {listed(shares)}.")
    return " ".join(told)


def _tried(brood: Brood) -> Sequence[float]:
    """What is tried, by the controller where there is one."""
    return brood.controller or brood.wheel


def _drawn(brood: Brood) -> tuple[Key, ...]:
    named = (("controller", "line"), ("wheel", "dotted"))
    shade = colour(7)
    return tuple(
        Key(label=name, swatch=swatch, colour=shade)
        for name, swatch in named
        if getattr(brood, name)
    )


def _became(way: Way) -> str:
    return (
        f"{count(way.proposed)} proposed, {count(way.scored)} scored, "
        f"{count(way.accepted)} within the limits on the score, {count(way.survived)} survived"
    )


def _total(generations: Sequence[Brood], way: str) -> Way:
    rows = [brood.ways[way] for brood in generations if way in brood.ways]
    return Way(
        proposed=sum(row.proposed for row in rows),
        scored=sum(row.scored for row in rows),
        accepted=sum(row.accepted for row in rows),
        survived=sum(row.survived for row in rows),
    )


def _axis(generations: Sequence[Brood]) -> dict[str, object]:
    return {"title": {"text": "generation"}, "tickformat": "d"} | (
        {"dtick": 1} if len(generations) <= 12 else {}
    )


def _shares(title: str) -> dict[str, object]:
    return {"title": {"text": title}, "tickformat": "~%", "rangemode": "tozero"}
