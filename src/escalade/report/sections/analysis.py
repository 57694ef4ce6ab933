"""Slices beside the same networks trained on and alone (BigNAS, Tables 2 and 3)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from escalade.report.artefacts import Run
from escalade.report.number import NONE, amount
from escalade.report.sections.markup import section, table, text
from escalade.report.trials import Column, Row, columns, rows, shown

NAME, TITLE = "analysis", "Slices beside training alone"


def analysis(run: Run) -> str:
    """The table and what its columns mean; nothing where no analysis was made."""
    found = run.analysis
    if not found or not found["results"]:
        return ""
    across = columns(found)
    header = ['<th scope="col">Network</th>', '<th scope="col" class="num">macs</th>']
    header += [_header(column) for column in across]
    body = [_row(row, across) for row in rows(found)]
    chosen_on = run.settings.get("search", {}).get("images", "search")
    return section(
        NAME,
        TITLE,
        table(header, body, name=TITLE, kind="analysis"),
        f'<p class="note">{text(_note(found, across, chosen_on))}</p>',
        lead="Accuracy on the search images; below it the difference to the slice, in points.",
    )


def _header(column: Column) -> str:
    sub = f'<span class="sub">{text(column.images)} images</span>' if column.images else ""
    return (
        f'<th scope="col" class="num">{text(column.title[0].upper() + column.title[1:])}{sub}</th>'
    )


def _row(row: Row, across: list[Column]) -> str:
    cells = "".join(_cell(*shown(row.results.get(column))) for column in across)
    return (
        f'<tr><th scope="row">{text(row.name)}</th>'
        f'<td class="num">{text(amount(row.macs))}</td>{cells}</tr>'
    )


def _cell(accuracy: str, difference: str) -> str:
    if not accuracy:
        return f'<td class="num">{NONE}</td>'
    return f'<td class="num">{text(accuracy)}<span class="sub">{text(difference)}</span></td>'


def _note(found: Mapping[str, Any], across: list[Column], chosen_on: str) -> str:
    arms = {column.arm for column in across}
    words = ["±: one standard error, of the images alone; other seeds differ too."]
    if chosen_on == "search":
        words.append("The members were chosen by their slices' scores on these very images.")
    if "together" in arms:
        words.append(
            "Slice: of the supernet that the search had. Trained together: what the members of "
            "this run are, slices of it after they alone had trained on in it."
        )
    if "finetune" in arms:
        words.append(
            "Fine-tuned: trained on from the slice at a constant learning rate, given relative to "
            "the supernet's peak."
        )
    if "distil_a" in arms:
        words.append(
            f"Distilled (A): trained on nothing but the predictions of {found['teacher']}, itself "
            "trained from scratch."
        )
    if "distil_b" in arms:
        words.append(
            f"Distilled (B): trained with {found['teacher']} in one fresh supernet, on nothing but "
            "its predictions, then sliced."
        )
    words += [f"{e['member']} has no {e['arm']}: {e['why']}." for e in found["left_out"]]
    return " ".join(words)
