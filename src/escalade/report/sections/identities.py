"""What became of the identities of searched networks in their slices (SCARLET, Lemmas 1 and 2)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from escalade.report.artefacts import Run
from escalade.report.number import NONE, amount, percent
from escalade.report.sections.markup import table, text

_HEADER = (
    ("Network", ""),
    ("Identities", "num"),
    ("Folded", "num"),
    ("Stay", "num"),
    ("Slice", "num"),
    ("Its search acc.", "num"),
    ("Without identities", "num"),
    ("Why they stay", ""),
)
_NOTE = (
    "A slice runs each identity as the supernet did, as a 1x1 convolution, unless it folds into "
    "the next layer exactly; those that stay count in the slice's macs. The search counted, and "
    "members trained from scratch have, the network without them."
)


def identities(run: Run) -> str:
    """A table and its reading; nothing where no member's space has identities."""
    found = {
        str(member["name"]): member["identities"]
        for member in (run.family or {}).get("members", ())
        if member.get("identities")
    }
    if not found:
        return ""
    header = [f'<th scope="col" class="{kind}">{name}</th>' for name, kind in _HEADER]
    rows = [_row(name, member) for name, member in found.items()]
    return (
        "<h3>Identities in slices</h3>"
        + table(header, rows, name="Identities in slices", kind="identities")
        + f'<p class="note">{text(f"{_told(found)} {_NOTE}")}</p>'
    )


def _row(name: str, found: Mapping[str, Any]) -> str:
    folded, kept = int(found["folded"]), list(found["kept"])
    cells = (
        str(folded + len(kept)),
        str(folded),
        str(len(kept)),
        f"{amount(found['slice']['macs'])} macs",
        percent(found["accuracy"]),
        f"{amount(found['standalone']['macs'])} macs",
    )
    numbers = "".join(f'<td class="num">{text(cell)}</td>' for cell in cells)
    return f'<tr><th scope="row">{text(name)}</th>{numbers}<td>{_reasons(kept)}</td></tr>'


def _reasons(kept: Sequence[str]) -> str:
    """Each reason once, with how many it keeps."""
    reasons = Counter(entry.split(": ", 1)[-1] for entry in kept)
    return "<br>".join(text(f"{reason} ({num})") for reason, num in reasons.items()) or NONE


def _told(found: Mapping[str, Mapping[str, Any]]) -> str:
    folded = sum(int(member["folded"]) for member in found.values())
    num = folded + sum(len(member["kept"]) for member in found.values())
    return f"{folded} of {num} identities fold into a neighbour and are gone."
