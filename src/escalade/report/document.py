"""One HTML file with figures that makes no request to any network."""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files

from plotly.offline import get_plotlyjs

from escalade.report.figures import Figure
from escalade.report.sections.markup import text


def document(
    *, title: str, header: str, body: str, drawn: Sequence[Figure], navigation: Mapping[str, str]
) -> str:
    """The HTML of a page.

    Args:
        title: plain text.
        header: markup above the navigation.
        body: markup of the sections; has a place for each figure (`markup.figure`).
        drawn: the figures, which the page's script draws at their places.
        navigation: names of sections and how they are called; none, no navigation.
    """
    assets = files("escalade.report")
    style = assets.joinpath("style.css").read_text(encoding="utf-8")
    script = assets.joinpath("page.js").read_text(encoding="utf-8")
    plotly, packed = _plotly() if drawn else ("", "")
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{_policy(script, plotly)}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="color-scheme" content="light dark">'
        f"<title>{text(title)}</title>"
        f'<link rel="icon" href="data:,"><style>{style}</style></head><body>'
        f"<main>{header}{_links(navigation)}"
        "<noscript><p class='missing'>The figures need JavaScript; their readings, the tables and "
        f"the drawings do not.</p></noscript>{body}</main>"
        f'<script type="application/json" id="figures">{_json(drawn)}</script>'
        f'<script type="text/plain" id="plotly">{packed}</script>'
        f"<script>{script}</script></body></html>\n"
    )


def _links(navigation: Mapping[str, str]) -> str:
    if not navigation:
        return ""
    links = "".join(f'<li><a href="#{name}">{shown}</a></li>' for name, shown in navigation.items())
    return f'<nav aria-label="Sections"><ul>{links}</ul></nav>'


def _policy(*scripts: str) -> str:
    """No request to anywhere, and no script but the page's own two."""
    digests = (hashlib.sha256(script.encode()).digest() for script in scripts)
    hashes = " ".join(f"'sha256-{base64.b64encode(digest).decode()}'" for digest in digests)
    return (
        f"default-src 'none'; script-src {hashes}; style-src 'unsafe-inline'; "
        "img-src data: blob:; base-uri 'none'; form-action 'none'"
    )


def _json(drawn: Sequence[Figure]) -> str:
    """Figures as JSON that cannot end its script element."""
    data = json.dumps({f.name: f.to_plotly() for f in drawn}, separators=(",", ":"))
    return data.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


@cache
def _plotly() -> tuple[str, str]:
    """plotly.js, and the same at a third of its size, which the browser unpacks."""
    source = get_plotlyjs()
    return source, base64.b64encode(gzip.compress(source.encode(), mtime=0)).decode()
