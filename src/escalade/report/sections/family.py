"""The family table."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import quote

from escalade.report import findings
from escalade.report.artefacts import Run
from escalade.report.member import Latency, Member, Share
from escalade.report.number import NONE, SPACE, accuracy, amount, budget, gap, latency
from escalade.report.roster import budget_kind, members
from escalade.report.sections.markup import missing, named, section, table, text

_HEADER = (
    ("Member", ""),
    ("Stage", "num"),
    ("Budget", "num"),
    ("Gap", "num"),
    ("Macs", "num"),
    ("Params", "num"),
    ("Activations", "num"),
    ("Latency", "num"),
    ("Search acc.", "num"),
    ("Test acc.", "num"),
    ("Input", "num"),
    ("Depths", ""),
    ("Widths", ""),
    ("Files", ""),
)


def family_table(run: Run) -> str:
    """One row a member, and what the columns mean."""
    family = members(run)
    if not family:
        return section(
            "family", "The family", missing("search.json", f"escalade search {run.folder}")
        )
    limit = findings.tolerance(run)
    rows = [_row(member, budget_kind(run), limit) for member in family]
    header = [f'<th scope="col" class="{kind}">{name}</th>' for name, kind in _HEADER]
    notes = [_note(family, rule=(run.growth or {}).get("rule"))]
    if run.growth is None:
        notes.append(missing("growth.json, members nobody searched", f"escalade grow {run.folder}"))
    if run.family is None:
        command = f"escalade retrain {run.folder}"
        notes.append(missing("family/family.json, the members' weights", command))
    return section(
        "family", "The family", table(header, rows, name="Family", kind="family"), *notes
    )


def _row(member: Member, kind: str, tolerance: float) -> str:
    outside = member.gap is not None and abs(member.gap) > tolerance + 1e-9
    shape = member.architecture
    origin = f"{member.origin}, {member.weights}" if member.weights else member.origin
    cells = (
        f'<th scope="row"><span class="who">{named(member)}</span>'
        f'<span class="sub">{text(origin)}</span></th>',
        _number(f"{member.stage:.3g}"),
        _number(budget(member.budget, kind)),
        _number(gap(member.gap), kind="outside" if outside else ""),
        _number(amount(member.macs)),
        _number(amount(member.params)),
        _number(amount(member.activations)),
        _latency(member.latency),
        _share(member.search),
        _share(member.test, kind="strong"),
        _number(f"{member.resolution}{SPACE}px" if member.resolution else NONE),
        f"<td>{_joined(shape.depths if shape else ())}</td>",
        f"<td>{_joined(shape.widths if shape else ())}</td>",
        f"<td>{_link(member)}</td>",
    )
    return f"<tr>{''.join(cells)}</tr>"


def _number(shown: str, *, kind: str = "") -> str:
    return f'<td class="num {kind}">{text(shown)}</td>'


def _share(share: Share | None, *, kind: str = "") -> str:
    if share is None:
        return _number(NONE)
    error = share.standard_error
    sub = "" if error is None else f'<span class="sub">±{SPACE}{100 * error:.1f}</span>'
    return f'<td class="num {kind}">{text(accuracy(share.value))}{sub}</td>'


def _latency(found: Latency | None) -> str:
    if found is None:
        return _number(NONE)
    sub = ""
    if found.low is not None and found.high is not None:
        sub = f'<span class="sub">{latency(found.low)} to {latency(found.high)}</span>'
    return f'<td class="num">{text(latency(found.median))}{sub}</td>'


def _joined(values: Sequence[int]) -> str:
    return "-".join(str(value) for value in values) or NONE


def _link(member: Member) -> str:
    if member.folder is None:
        return NONE
    return f'<a href="{text(quote(member.folder))}/">{text(member.folder)}</a>'


def _note(family: Sequence[Member], *, rule: str | None) -> str:
    words = [
        "Gap: signed distance from the budget. Input: side of the square input image. "
        "Depths and widths: blocks and output channels of each stage. "
        "±: one standard error."
    ]
    timed = next((member.latency for member in family if member.latency), None)
    if timed:
        batch = f", batch {timed.batch_size}" if timed.batch_size else ""
        where = f" on {timed.device}" if timed.device else ""
        words.append(f"Latency: median and interval{where}{batch}.")
    if any(member.origin == "grown" for member in family):
        base = next((m.name for m in reversed(family) if m.origin == "searched"), "S0")
        how = (
            f"{base} is scaled by the rule {rule}"
            if rule
            else "they extrapolate the fitted growth rule"
        )
        words.append(f"Grown members were not searched; {how}.")
    return f'<p class="note">{text(" ".join(words))}</p>'
