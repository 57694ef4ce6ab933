"""One HTML file with figures that makes no request to any network, from templates."""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import shlex
from collections.abc import Sequence
from functools import cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from plotly.offline import get_plotlyjs

from escalade.core.numbers import shown
from escalade.report.figures.figure import Figure

_FILTERS = (
    shown.accuracy,
    shown.amount,
    shown.correlation,
    shown.count,
    shown.duration,
    shown.gap,
    shown.interval,
    shown.listed,
    shown.percent,
)


def render(template: str, **values: Any) -> str:
    """A template of this package with values; every text that it shows is escaped."""
    return _environment().get_template(template).render(**values)


def document(template: str, *, drawn: Sequence[Figure], **values: Any) -> str:
    """The HTML of a page that extends `document.html.j2`.

    Args:
        drawn: the figures, which the page's script draws at their places.
    """
    style, script = (_source(name) for name in ("style.css", "page.js"))
    plotly, packed = _plotly() if drawn else ("", "")
    data = json.dumps({figure.name: figure.to_plotly() for figure in drawn}, separators=(",", ":"))
    return render(
        template,
        style=style,
        script=script,
        packed=packed,
        figure_data=_harmless(data),
        hashes=" ".join(_hash(source) for source in (script, plotly)),
        **values,
    )


@cache
def _environment() -> Environment:
    made = Environment(
        loader=PackageLoader("escalade.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    made.filters |= {each.__name__: each for each in _FILTERS}
    made.filters |= {"quote": shlex.quote, "literal": repr}  # of shells, and of Python
    return made


def _source(name: str) -> str:
    environment = _environment()
    assert environment.loader is not None
    return environment.loader.get_source(environment, name)[0]


def _hash(script: str) -> str:
    """What the page's policy calls one of its own scripts."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}'"


def _harmless(data: str) -> str:
    """JSON that cannot end its script element."""
    return data.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


@cache
def _plotly() -> tuple[str, str]:
    """plotly.js, and the same at a third of its size, which the browser unpacks."""
    source = get_plotlyjs()
    return source, base64.b64encode(gzip.compress(source.encode(), mtime=0)).decode()
