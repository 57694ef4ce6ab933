"""The first screen: what this is, the result in a sentence, and what to be warned of."""

from __future__ import annotations

from escalade.report import findings
from escalade.report.artefacts import Run
from escalade.report.number import SPACE, amount, budget, count, duration, listed, percent
from escalade.report.roster import budget_kind, chosen_on_front, members
from escalade.report.sections.markup import text


def data_name(run: Run) -> str:
    """The data set as the run names it."""
    named = (run.family or {}).get("data") or run.settings.get("data")
    if isinstance(named, dict):
        named = named.get("name") or named.get("path")
    return str(named or (run.plan or {}).get("data") or "an unnamed data set")


def masthead(run: Run) -> str:
    """Title, sentence, facts and warnings."""
    facts = "".join(
        f"<div><dt>{text(name)}</dt><dd>{text(value)}</dd></div>" for name, value in _facts(run)
    )
    return (
        '<header class="masthead"><p class="eyebrow">Escalade model family</p>'
        f"<h1>{text(data_name(run))}</h1>"
        f'<p class="result">{text(findings.sentence(run))}</p>'
        f'<dl class="facts">{facts}</dl>{_warnings(run)}</header>'
    )


def _warnings(run: Run) -> str:
    found = findings.warnings(run)
    if not found:
        return ""
    items = "".join(f"<li>{text(warning)}</li>" for warning in found)
    title = "One thing to know" if len(found) == 1 else f"{len(found)} things to know"
    return (
        f'<div class="warnings" role="note"><p><strong>{title}</strong></p><ul>{items}</ul></div>'
    )


def _facts(run: Run) -> list[tuple[str, str]]:
    """Name and value of what is known about the run."""
    family, kind = members(run), budget_kind(run)
    facts = []
    planned = run.settings.get("budgets", [])
    if not family and planned:
        facts.append(("Budgets", f"{listed([budget(b, kind) for b in planned])} {kind}"))
    searched = [m for m in family if m.origin == "searched"]
    if chosen_on_front(run):
        front = (run.search or {})["front"]
        num_front = front.get("num_front", len(front["networks"]))
        facts.append(("Front", f"{count(num_front)} networks, {len(searched)} of them chosen"))
    elif searched:
        shown = listed([budget(m.budget, kind) for m in searched])
        within = percent(findings.tolerance(run), digits=0)
        facts.append(("Budgets searched", f"{shown} {kind}, ±{SPACE}{within}"))
    if grown := [m for m in family if m.origin == "grown"]:
        facts.append(("Budgets grown to", listed([budget(m.budget, kind) for m in grown])))
    shape = next((m.architecture for m in family if m.architecture), None)
    if shape:
        colour = {1: "grey", 3: "colour"}.get(shape.in_channels, f"{shape.in_channels} channels")
        facts.append(("Images", f"{count(shape.num_classes)} classes, {colour}"))
    space = (run.family or run.search or {}).get("space")
    if space:
        facts.append(("Space", str(space)))
    if run.search:
        asked = run.search["evaluations"]
        distinct = f"{count(asked['distinct'])} paths scored"
        facts.append(("Search", f"{run.search['searcher']}, {distinct}"))
    if run.ledger:
        seconds = sum(entry.get("device_seconds") or 0 for entry in run.ledger)
        images = sum(entry.get("images") or 0 for entry in run.ledger)
        facts.append(("Cost", f"{duration(seconds)} of device time, {amount(images)} images"))
    return facts
