"""Grown members beside what scaling rules by hand make of the same base at the same budget."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from escalade.core.network.architecture import Architecture
from escalade.core.scaling.ratios import realised
from escalade.report.artefacts import Run
from escalade.report.number import MINUS, NONE, amount, gap, latency, listed
from escalade.report.roster import budget_kind
from escalade.report.sections.markup import table, text

_HEADER = ("Network", "Depth", "Width", "Input", "macs", "Params", "Activations", "Gap")
_COUNTED = ("macs", "params", "activations")
Row = Mapping[str, Any]


def comparison(run: Run) -> str:
    """A table and its reading; nothing where no member was grown or no rule is named."""
    growth = run.growth or {}
    grown = [member for member in growth.get("members", ()) if member.get("compared")]
    if not grown:
        return ""
    base = (run.search or {}).get("stages", [{}])[0].get("architecture")
    timed = any("latency" in member for member in grown)
    names = (*_HEADER, "Predicted latency") if timed else _HEADER
    header = [
        f'<th scope="col" class="{"num" if i else ""}">{name}</th>' for i, name in enumerate(names)
    ]
    rows, told = [], []
    for member in grown:
        rows.append(_row(str(member["name"]), member, _ratios(member, base), timed=timed))
        for rule in member["compared"]:
            rows.append(_row(f"by {rule['rule']}", rule, rule.get("scaling"), timed=timed))
        told.append(_told(member, budget_kind(run)))
    notes = [f"{m['name']} by {r['rule']}: {r['note']}." for m in grown for r in _failed(m)]
    words = " ".join([*told, *notes, "The networks of the rules were not trained."])
    return (
        "<h3>Beside scaling rules</h3>"
        + table(header, rows, name="Grown members beside scaling rules", kind="compared")
        + f'<p class="note">{text(words)}</p>'
    )


def _row(name: str, row: Row, ratios: Mapping[str, float] | None, *, timed: bool) -> str:
    cells = [
        _ratio(ratios, "depth"),
        _ratio(ratios, "width"),
        _side(row),
        *(amount(row.get(kind)) for kind in _COUNTED),
        gap(row.get("gap")),
    ]
    if timed:
        cells.append(latency(row.get("latency")))
    body = "".join(f'<td class="num">{text(cell)}</td>' for cell in cells)
    return f'<tr><th scope="row">{text(name)}</th>{body}</tr>'


def _ratio(ratios: Mapping[str, float] | None, dimension: str) -> str:
    return NONE if ratios is None else f"{ratios[dimension]:.2f}"


def _side(row: Row) -> str:
    side = row.get("resolution") or (row.get("architecture") or {}).get("resolution")
    return f"{side} px" if side else NONE


def _ratios(member: Row, base: Any) -> Mapping[str, float] | None:
    """The ratios that a grown member's network really stands in to the base."""
    if base is None:
        return None
    grown = Architecture.from_json(member["architecture"])
    return realised(Architecture.from_json(base), grown).to_json()


def _failed(member: Row) -> list[Row]:
    return [rule for rule in member["compared"] if rule.get("note")]


def _told(member: Row, kind: str) -> str:
    """What each rule's network has more or less of than the grown one."""
    kinds = [each for each in (*_COUNTED, "latency") if each != kind and each in member]
    rules = [rule for rule in member["compared"] if not rule.get("note")]
    if not rules:
        return ""
    told = [f"{rule['rule']} {_differences(rule, member, kinds)}" for rule in rules]
    return f"At the budget of {member['name']}, beside the grown network: {listed(told)}."


def _differences(rule: Row, member: Row, kinds: Sequence[str]) -> str:
    return "has " + ", ".join(
        f"{_signed(rule[each] / member[each] - 1)} {each}" for each in kinds if each in rule
    )


def _signed(relative: float) -> str:
    return f"{100 * relative:+.0f} %".replace("-", MINUS)
