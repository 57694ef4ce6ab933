"""The HTML that sections share. Every text passes `text`; nothing else makes markup of it."""

from __future__ import annotations

import html
from collections.abc import Sequence

from escalade.report.figures import Figure, Key
from escalade.report.member import Member

_SHAPES = {
    "circle": '<circle cx="8" cy="8" r="5.5"/>',
    "square": '<rect x="3" y="3" width="10" height="10"/>',
    "diamond": '<path d="M8 1.5 14.5 8 8 14.5 1.5 8Z"/>',
    "triangle-up": '<path d="M8 2 14.5 13.5H1.5Z"/>',
    "star": '<path d="m8 1 2 4.9 5.2.4-4 3.4 1.3 5.1L8 12l-4.5 2.8 1.3-5.1-4-3.4 5.2-.4Z"/>',
    "hexagon": '<path d="M4.6 2h6.8L15 8l-3.6 6H4.6L1 8Z"/>',
    "cross": '<path d="M5.5 1.5h5v4h4v5h-4v4h-5v-4h-4v-5h4Z"/>',
}
_SWATCHES = {
    "dot": '<circle cx="11" cy="7" r="4.5" fill="{c}"/>',
    "faint": '<circle cx="11" cy="7" r="3" fill="{c}" fill-opacity=".4"/>',
    "ring": '<circle cx="11" cy="7" r="4.5" fill="none" stroke="{c}" stroke-width="2"/>',
    "mark": (
        '<path d="M11 0v14" stroke="{c}" stroke-width="1.5"/>'
        '<circle cx="11" cy="7" r="4.5" fill="{c}"/>'
    ),
    "line": '<path d="M0 7h22" stroke="{c}" stroke-width="2.5"/>',
    "dash": '<path d="M0 7h22" stroke="{c}" stroke-width="2" stroke-dasharray="6 3"/>',
    "dashdot": '<path d="M0 7h22" stroke="{c}" stroke-width="2" stroke-dasharray="6 3 2 3"/>',
    "dotted": '<path d="M0 7h22" stroke="{c}" stroke-width="2" stroke-dasharray="2 3"/>',
    "area": '<rect x="3" y="1" width="16" height="12" rx="2" fill="{c}" fill-opacity=".75"/>',
}


def text(value: object) -> str:
    """Escaped for element content and for quoted attributes."""
    return html.escape(str(value), quote=True)


def section(name: str, title: str, *parts: str, lead: str = "") -> str:
    """One section of the page; `lead` is plain text."""
    intro = f'<p class="lead">{text(lead)}</p>' if lead else ""
    body = "".join(parts)
    return (
        f'<section id="{name}" aria-labelledby="{name}-title">'
        f'<h2 id="{name}-title">{text(title)}</h2>{intro}{body}</section>'
    )


def missing(artefact: str, command: str) -> str:
    """What is not there yet, and the command that makes it."""
    return (
        f'<p class="missing">Not in this run yet: {text(artefact)}. '
        f"<code>{text(command)}</code> makes it.</p>"
    )


def figure(value: Figure) -> str:
    """The place of a figure: title, key, plot and text alternative. The page's script draws it."""
    name = value.name
    return (
        f'<figure><h3 id="{name}-name">{text(value.title)}</h3>{legend(value.keys)}'
        f'<div class="plot" id="plot-{name}" role="img" aria-labelledby="{name}-name" '
        f'aria-describedby="{name}-reading"></div>'
        f'<figcaption id="{name}-reading">{text(value.reading)}</figcaption></figure>'
    )


def legend(keys: Sequence[Key]) -> str:
    """The key of a figure, or of several that share one."""
    shown = "".join(_key(key) for key in keys)
    return f'<ul class="keys" aria-hidden="true">{shown}</ul>' if shown else ""


def table(header: Sequence[str], rows: Sequence[str], *, name: str, kind: str = "") -> str:
    """A table in its own scrolling box; `header` and `rows` are markup."""
    return (
        f'<div class="scroll" role="region" tabindex="0" aria-label="{text(name)}">'
        f'<table class="{kind}"><thead><tr>{"".join(header)}</tr></thead>'
        f"<tbody>{''.join(rows)}</tbody></table></div>"
    )


def code(content: str, *, language: str = "") -> str:
    """A block of code; the page's script adds a copy button."""
    what = f' data-language="{text(language)}"' if language else ""
    return f'<div class="code"{what}><pre tabindex="0"><code>{text(content)}</code></pre></div>'


def marker(member: Member) -> str:
    """The member's mark in its colour, as in the figures."""
    return (
        f'<svg class="mark" viewBox="0 0 16 16" aria-hidden="true" fill="{member.colour}">'
        f"{_SHAPES[member.symbol]}</svg>"
    )


def named(member: Member) -> str:
    """The member's mark and name."""
    return f'{marker(member)}<span class="name">{text(member.name)}</span>'


def _key(key: Key) -> str:
    swatch = _SWATCHES[key.swatch].format(c=key.colour)
    return f'<li><svg viewBox="0 0 22 14" aria-hidden="true">{swatch}</svg>{text(key.label)}</li>'
