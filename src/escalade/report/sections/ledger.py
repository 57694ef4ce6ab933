"""The cost of the run in the form of ScaleNet's Table 5: training, searching, and the rest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from escalade.report.artefacts import Run
from escalade.report.number import NONE, amount, count, duration, percent
from escalade.report.roster import trained_alone
from escalade.report.sections.markup import missing, section, table, text

STAGES = {
    "latency": "Latency table",
    "train": "Supernet training",
    "search": "Searching",
    "grow": "Growth",
    "retrain": "Members' training",
    "test": "Test",
    "export": "Export",
    "analyse": "After-analysis",
}
_HEADER = ("Step", "Device time", "Share", "Wall time", "Evaluations", "Images", "Device")
Entry = Mapping[str, Any]


def cost_ledger(run: Run) -> str:
    """One row a step; the entries of a step with several stand below it."""
    if not run.ledger:
        made = missing("ledger.json, what each step cost", f"escalade run --out {run.folder}")
        return section("cost", "What it cost", made)
    header = [
        f'<th scope="col" class="{"num" if 0 < i < 6 else ""}">{name}</th>'
        for i, name in enumerate(_HEADER)
    ]
    total = _sum(run.ledger, "device_seconds") or 0.0
    rows = []
    for stage in dict.fromkeys([*STAGES, *(str(entry["stage"]) for entry in run.ledger)]):
        entries = [entry for entry in run.ledger if entry["stage"] == stage]
        if entries:
            rows.append(_row(STAGES.get(stage, stage), entries, total))
        if len(entries) > 1:
            rows += [_row(str(e.get("name", "")), [e], total, kind="part") for e in entries]
    joint = [entry for entry in run.ledger if entry["stage"] in ("train", "search")]
    rows.append(_row("Training and searching", joint, total, kind="sum"))
    rows.append(_row("Total", run.ledger, total, kind="sum"))
    lead = "Device time counts every device for as long as it worked."
    if not trained_alone(run):
        lead += " The joint search pays its supernet and its search once for the whole family."
    return section(
        "cost", "What it cost", table(header, rows, name="Cost", kind="ledger"), lead=lead
    )


def _row(name: str, entries: Sequence[Entry], total: float, *, kind: str = "step") -> str:
    seconds = _sum(entries, "device_seconds")
    share = (seconds or 0.0) / total if total else 0.0
    bar = f'<span class="bar"><i style="width:{100 * share:.1f}%"></i></span>'
    devices = dict.fromkeys(str(e["device"]) for e in entries if e.get("device"))
    cells = (
        f'<th scope="row">{text(name)}</th>',
        f'<td class="num">{duration(seconds)}</td>',
        f'<td class="num share">{bar}<span class="percent">{percent(share)}</span></td>',
        f'<td class="num">{duration(_sum(entries, "wall_seconds"))}</td>',
        f'<td class="num">{_counted(_sum(entries, "evaluations"))}</td>',
        f'<td class="num">{amount(_sum(entries, "images") or None)}</td>',
        f"<td>{text(', '.join(devices)) or NONE}</td>",
    )
    return f'<tr class="{kind}">{"".join(cells)}</tr>'


def _sum(entries: Sequence[Entry], key: str) -> float | None:
    known = [float(entry[key]) for entry in entries if entry.get(key) is not None]
    return sum(known) if known else None


def _counted(value: float | None) -> str:
    return count(value) if value else NONE
